import { printable } from '../domain/text/terminal-text.ts';
import type { Result } from './result.ts';
import { localTime, type Screen, type Style } from './style.ts';

type Value = string | number | null;

/** Fields of a row that a cell can show as they are. */
type FieldOf<Row> = { [Field in keyof Row]: Row[Field] extends Value ? Field : never }[keyof Row];

/**
 * A column of a table: its header, and the field of the JSON document or the function for its cells. Cells may be text from
 * outside; null is a dash. `styled` cells may have colours, and must be safe to show already. `drop` is the order in which
 * columns leave a narrow terminal: 1 leaves first, columns without it stay.
 */
export type Column<Row> = readonly [
  header: string,
  cell: FieldOf<Row> | ((row: Row) => Value) | { styled: (row: Row, style: Style) => string },
  drop?: number,
];

/** Makes cells with local times. @param field a time in milliseconds since the epoch, or in ISO 8601 */
export function timeIn<Field extends string>(
  field: Field,
): (row: Readonly<Record<Field, Value>>) => string | null {
  return ({ [field]: at }) => (at === null ? null : localTime(at));
}

interface ListOptions<Row> {
  /** The command's own part of the JSON document. */
  document: Record<string, unknown>;
  /** Returns the reference of a row, for `--quiet`. */
  reference?: (row: Row) => string;
  /** The text if there are no rows. */
  empty?: string;
  /** The number of all rows, where the list is limited to the newest: adds `total` and `hasMore` to the document. */
  total?: number;
  /** Returns lines below the rows. */
  footer?: (style: Style) => string;
}

/** Makes the result of a list. @param shown columns of a table, or a function that renders a row in lines */
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

/** The blanks between two columns. */
const GAP = 2;

/**
 * Renders columns without borders, like `gh` and `kubectl`: on a terminal within its width, elsewhere whole, with tabs. Loads
 * the table library.
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
  const measured = columns.map(([, , drop], index) => ({
    width: Math.max(...lines.map((cells) => widthOf(cells[index] ?? ''))),
    drop,
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
  /** The width of its widest cell. */
  width: number;
  /** The order in which columns are dropped; undefined for columns that stay. */
  drop?: number | undefined;
}

/**
 * Returns the widths of columns that fit a terminal, 0 for dropped ones: the least important columns are dropped first, then
 * the widest cells are cut.
 */
function fitColumns(measured: readonly MeasuredColumn[], { columns: room, isWide }: Screen): number[] {
  const widths = measured.map(({ width }) => width);
  const droppable = [...measured.entries()]
    .flatMap(([index, { drop }]) => (drop === undefined || isWide ? [] : { index, drop }))
    .toSorted((left, right) => left.drop - right.drop);
  for (const { index } of droppable) {
    if (totalOf(widths) <= room) break;
    widths[index] = 0;
  }
  let widest = Math.max(...widths);
  const cut = () => widths.map((width) => Math.min(width, widest));
  while (widest > 1 && totalOf(cut()) > room) widest -= 1;
  return cut();
}

/** The width of a line with these columns. */
function totalOf(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width + GAP, -GAP);
}
