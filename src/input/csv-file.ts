export interface CsvRow {
  /** The first line of the row, from 1. */
  line: number;
  fields: string[];
}

/** Replaces the library's messages about text that is no CSV, which contain the text. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened that nothing closes',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a field; a quote in a field is written ""',
  INVALID_OPENING_QUOTE: 'a quote stands in the middle of a field; fields with quotes are quoted as a whole',
};

/** Parses CSV (RFC 4180). Empty lines are left out. @returns the rows before the first fault, which names its line */
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
        // The library counts lines differently for each kind of line break. Empty lines are before the row.
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
