import { createHash } from 'node:crypto';
import { decodeText, type Files } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { fromRoot } from '../machine/system.ts';
import { VARIABLE_NAME } from './steps/values.ts';

/** One row of a data file: the values of one card. */
export interface DataRow {
  /** The line in which it begins, from 1. */
  line: number;
  /** By column; an empty cell is left out. */
  values: Readonly<Record<string, string>>;
}

export interface ReadData {
  /** Absolute. */
  path: string;
  /** SHA-256 of the file, in hex. */
  fingerprint: string;
  columns: string[];
  rows: DataRow[];
}

const LIMIT_BYTES = 16 * 1024 * 1024;
const HINT = 'It is CSV in UTF-8: the first line names the variables, each other line is a card.';

/** Replaces the library's messages about text that is no CSV, which contain the text. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened that nothing closes',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a field; a quote in a field is written ""',
  INVALID_OPENING_QUOTE: 'a quote stands in the middle of a field; fields with quotes are quoted as a whole',
};

interface Row {
  line: number;
  fields: string[];
}

/**
 * Reads a CSV file (RFC 4180, UTF-8, commas): the first line names the variables, each other one is a card. What is in
 * it may be about persons: messages name lines and columns only.
 * @throws Failure `invalid-input`
 */
export async function readData(file: string, files: Files): Promise<ReadData> {
  const bytes = files.readBytes(file, LIMIT_BYTES);
  const text = decodeText(bytes, { file, what: 'data file', hint: HINT });
  const [head, ...rows] = await parseRows(text, file);
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

async function parseRows(text: string, file: string): Promise<Row[]> {
  const { CsvError, parse } = await import('./csv.ts');
  const rows: Row[] = [];
  let begin = 1;
  let end = 0;
  try {
    const bytes = Buffer.from(text);
    parse(bytes, {
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n'],
      on_record: (fields, info) => {
        // Counted here: what the library counts as lines differs by line break. Empty lines lie before the row.
        const whole = bytes.toString('utf8', end, info.bytes);
        const blank = /^(?:\r?\n)*/.exec(whole)?.[0] ?? '';
        rows.push({ line: begin + breaksIn(blank), fields });
        begin += breaksIn(whole);
        end = info.bytes;
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unusable(file, `line ${begin} or after: ${FAULTS[error.code] ?? 'it is not CSV'}`);
  }
  return rows;
}

function breaksIn(text: string): number {
  return text.split('\n').length - 1;
}

function readColumns({ fields, line }: Row, file: string): string[] {
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

function readRow({ line, fields }: Row, columns: readonly string[], file: string): DataRow {
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
