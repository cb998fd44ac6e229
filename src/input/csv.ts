// The CSV library is loaded by the commands that read a data file, through this name.
export { CsvError, parse } from 'csv-parse/sync';
