import { printable } from '../domain/text/terminal-text.ts';
import type { Result } from './result.ts';
import { localTime, type Screen, type Style } from './style.ts';

type Value = string | number | null;

/** Names of the fields that a cell can show without conversion. */
type FieldOf<Row> = { [Field in keyof Row]: Row[Field] extends Value ? Field : never }[keyof Row];

/**
 * A table column: header, and a field of the row or a function for the cell. Cell text is escaped; null is shown as a
 * dash. `styled` cells may contain colour codes and must be escaped already. `drop`: sequence in which columns are
 * dropped on a narrow terminal (1 first); columns without it always remain, and `WIDE_ONLY` ones need `--wide`. `least`:
 * width to which long cells are truncated before a column is dropped.
 */
export type Column<Row> = readonly [
  header: string,
  cell: FieldOf<Row> | ((row: Row) => Value) | { styled: (row: Row, style: Style) => string },
  drop?: number | undefined,
  least?: number,
];

/** Marks a column that a terminal shows only with `--wide`: ids and sentences that most readers do not need. */
export const WIDE_ONLY = 0;

/** Creates a cell function for local times. @param field a time in milliseconds since the epoch, or in ISO 8601 */
export function timeIn<Field extends string>(
  field: Field,
): (row: Readonly<Record<Field, Value>>) => string | null {
  return ({ [field]: at }) => (at === null ? null : localTime(at));
}

interface ListOptions<Row> {
  /** The fields of the JSON document that are specific to the command. */
  document: Record<string, unknown>;
  /** Returns the reference of a row, for `--quiet`. */
  reference?: (row: Row) => string;
  /** Text for an empty list. */
  empty?: string;
  /** Number of all rows if the list is limited. Adds `total` and `hasMore` to the JSON document. */
  total?: number;
  /** Returns lines to print after the rows. */
  footer?: (style: Style) => string;
}

/** Creates the result of a list. @param shown table columns, or a function that renders a row in lines */
export function listResult<Row>(
  shown: readonly Column<Row>[] | ((row: Row, style: Style) => string),
  rows: readonly Row[],
  { document, reference, empty, total, footer }: ListOptions<Row>,
): Result {
  const hasMore = total !== undefined && total > rows.length;
  return {
    exitCode: 0,
    document: { ...document, ...(total !== undefined && { total, hasMore }) },
    ...(reference && { references: rows.map(reference) }),
    text: async (style) => {
      const body = rows.length === 0 && empty !== undefined ? empty : await textOfRows(shown, rows, style);
      const more = hasMore
        ? style.dim(`Showing the newest ${rows.length} of ${total}. Show more with --limit.\n`)
        : '';
      return `${body}${more}${footer?.(style) ?? ''}`;
    },
  };
}

async function textOfRows<Row>(
  shown: readonly Column<Row>[] | ((row: Row, style: Style) => string),
  rows: readonly Row[],
  style: Style,
): Promise<string> {
  if (typeof shown !== 'function') return renderTable(shown, rows, style);
  return rows.map((row) => shown(row, style)).join('');
}

const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, '']),
);

/** Number of spaces between two columns. */
const GAP = 2;

/**
 * Renders a table without borders, like `gh` and `kubectl`. On a terminal, it fits the width; elsewhere, cells are
 * complete and separated by tabs. Loads the table library.
 */
export async function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): Promise<string> {
  const head = columns.map(([header]) => header.toUpperCase());
  const whole = [head, ...rows.map((row) => columns.map(([, cell]) => textOf(row, cell, style)))];
  if (!style.screen) return whole.map((cells) => `${cells.join('\t')}\n`).join('');
  const { names } = style.screen;
  await names.learn(whole.flat().join('\n'));
  const lines = whole.map((cells) => cells.map((cell) => names.shorten(cell)));
  const [{ default: Table }, { default: widthOf }] = await Promise.all([
    import('cli-table3'),
    import('string-width'),
  ]);
  const measured = columns.map(([, , drop, least], index) => ({
    width: Math.max(...lines.map((cells) => widthOf(cells[index] ?? ''))),
    drop,
    least,
  }));
  const widths = fitColumns(measured, style.screen);
  const shown = (cells: readonly string[]) => cells.filter((_, index) => widths[index] !== 0);
  const table = new Table({
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: widths.filter((width) => width !== 0),
  });
  table.push(...lines.map(shown));
  return `${table.toString().replaceAll(/[ \t]+$/gm, '')}\n`;
}

function textOf<Row>(row: Row, cell: Column<Row>[1], style: Style): string {
  if (typeof cell === 'object') return cell.styled(row, style);
  const value = typeof cell === 'function' ? cell(row) : row[cell];
  return value === null ? '–' : printable(String(value));
}

interface MeasuredColumn {
  /** Width of the widest cell. */
  width: number;
  /** Position in the sequence in which columns are dropped, from 1; undefined if the column always remains. */
  drop?: number | undefined;
  /**
   * Width to which the cells of this column are truncated before any column is dropped. If undefined, cells are
   * truncated only if dropping columns is not enough.
   */
  least?: number | undefined;
}

/**
 * Computes column widths that fit a terminal; 0 drops a column. Truncates columns to their least width, then drops the
 * least important columns, then truncates the widest cells.
 */
function fitColumns(measured: readonly MeasuredColumn[], { columns: room, isWide }: Screen): number[] {
  const widths = measured.map(({ width }) => width);
  const leastOf = (index: number) => measured[index]?.least ?? Number.POSITIVE_INFINITY;
  const droppable = [...measured.entries()]
    .flatMap(([index, { drop }]) => (drop === undefined || isWide ? [] : { index, drop }))
    .toSorted((left, right) => left.drop - right.drop);
  for (const { index, drop } of droppable) {
    const fits = totalOf(widths.map((width, at) => Math.min(width, leastOf(at)))) <= room;
    if (fits && drop !== WIDE_ONLY) break;
    widths[index] = 0;
  }
  for (let most = Math.max(...widths); most > 1 && totalOf(widths) > room; most -= 1)
    for (const [index, width] of widths.entries())
      widths[index] = Math.min(width, Math.max(most, leastOf(index)));
  let widest = Math.max(...widths);
  const cut = () => widths.map((width) => Math.min(width, widest));
  while (widest > 1 && totalOf(cut()) > room) widest -= 1;
  return cut();
}

/** Returns the width of a line, including gaps. */
function totalOf(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width + GAP, -GAP);
}
