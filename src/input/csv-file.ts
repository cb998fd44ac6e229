export interface CsvRow {
  /** First line of the row, from 1. */
  line: number;
  fields: string[];
}

/** Our messages for CSV syntax errors. The library's messages contain the text, which may be personal data. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened that nothing closes',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a field; a quote in a field is written ""',
  INVALID_OPENING_QUOTE: 'a quote stands in the middle of a field; fields with quotes are quoted as a whole',
};

/**
 * Parses CSV (RFC 4180) without empty lines.
 * @returns the rows before the first syntax error; `fault`: description and line of the error, or null
 */
export async function parseCsv(text: string): Promise<{ rows: CsvRow[]; fault: string | null }> {
  const { CsvError, parse } = await import('./csv.ts');
  const rows: CsvRow[] = [];
  let begin = 1;
  let end = 0;
  try {
    const bytes = Buffer.from(text);
    parse(bytes, {
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n'],
      on_record: (fields, info) => {
        // Counts lines here, because the library counts them differently for each kind of line break. `whole` may begin
        // with empty lines.
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
    return { rows, fault: `line ${begin} or after: ${FAULTS[error.code] ?? 'it is not CSV'}` };
  }
  return { rows, fault: null };
}

function breaksIn(text: string): number {
  return text.split('\n').length - 1;
}
