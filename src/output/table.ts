import { printable } from '../domain/text/terminal-text.ts';

const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, '']),
);

/**
 * Columns without lines around them, like `gh` and `kubectl` print them. The table library is loaded here.
 * @param rows text that is safe to show; colours may be in it
 */
export async function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    head: head.map((title) => title.toUpperCase()),
  });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString().replaceAll(/[ \t]+$/gm, '')}\n`;
}

/** A row of values from outside, with a dash for what is missing. */
export function plainRow(values: readonly (string | number | null)[]): string[] {
  return values.map((value) => (value === null ? '–' : printable(String(value))));
}
