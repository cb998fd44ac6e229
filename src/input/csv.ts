// Re-exported, so that the library is loaded only by commands that read a data file.
export { CsvError, parse } from 'csv-parse/sync';
