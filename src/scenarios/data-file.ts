import { createHash } from 'node:crypto';
import { decodeText, type Files } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { type CsvRow, parseCsv } from '../input/csv-file.ts';
import { fromRoot } from '../machine/system.ts';
import { VARIABLE_NAME } from './steps/values.ts';

/** A row of a data file, with the values for one card. */
interface DataRow {
  /** First line of the row, from 1. */
  line: number;
  /** Non-empty values by column name. */
  values: Readonly<Record<string, string>>;
}

export interface ReadData {
  /** Absolute path. */
  path: string;
  /** SHA-256 of the file, in hex. */
  fingerprint: string;
  columns: string[];
  rows: DataRow[];
}

const LIMIT_BYTES = 16 * 1024 * 1024;
const HINT = 'It is CSV in UTF-8: the first line names the variables, each other line is a card.';

/**
 * Parses a CSV file (RFC 4180, UTF-8, comma-separated). The header names the variables; each row is a card. Values may
 * be personal data, so messages contain only lines and columns.
 * @throws Failure `invalid-input`
 */
export async function readData(file: string, files: Files): Promise<ReadData> {
  const bytes = files.readBytes(file, LIMIT_BYTES);
  const text = decodeText(bytes, { file, what: 'data file', hint: HINT });
  const { rows: parsed, fault } = await parseCsv(text);
  if (fault !== null) throw unusable(file, fault);
  const [head, ...rows] = parsed;
  if (!head) throw unusable(file, 'it is empty');
  const columns = readColumns(head, file);
  if (rows.length === 0) throw unusable(file, 'it has column names, but no rows');
  return {
    path: fromRoot(file),
    fingerprint: createHash('sha256').update(bytes).digest('hex'),
    columns,
    rows: rows.map((row) => readRow(row, columns, file)),
  };
}

function readColumns({ fields, line }: CsvRow, file: string): string[] {
  const columns = fields.map((name) => name.trim());
  const [only = ''] = columns;
  const other = columns.length === 1 ? /[;\t]/.exec(only) : null;
  if (other) {
    const name = other[0] === ';' ? 'semicolons' : 'tabs';
    throw unusable(file, `its columns are separated by ${name}: save it with commas`);
  }
  const wrong = columns.findIndex((name) => !VARIABLE_NAME.test(name));
  if (wrong >= 0)
    throw unusable(
      file,
      `line ${line}: ${columns[wrong] ? `“${columns[wrong]}” is not the name of a variable` : `column ${wrong + 1} has no name`}`,
    );
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw unusable(file, `line ${line}: there are two columns “${twice}”`);
  return columns;
}

function readRow({ line, fields }: CsvRow, columns: readonly string[], file: string): DataRow {
  if (fields.length !== columns.length) {
    const more = fields.length > columns.length ? 'more' : 'less';
    throw unusable(
      file,
      `line ${line} has ${fields.length} fields, ${more} than the ${columns.length} columns${more === 'more' ? ' (a field with a comma is put in quotes)' : ''}`,
    );
  }
  const given = columns.flatMap((name, index) => {
    const value = fields[index] ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  return { line, values: Object.fromEntries(given) };
}

function unusable(file: string, why: string): Failure {
  return failure('invalid-input', `The data file ${printable(file)} can't be used: ${printable(why)}.`, HINT);
}
