// Renders docs/session.svg: the main job on the embedded sandbox, in a real terminal, as a user sees it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IBufferCell } from '@xterm/headless';
import { Recording } from './recording.ts';

const SESSION = [
  'kioskctl order --wait',
  'kioskctl produce 1001/501 --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  'kioskctl retry 1001/501 --yes --simulate PRODUCED',
  'kioskctl status',
];

const COLUMNS = 96;
const LINE = 19;
const CHARACTER = 8.43;
const MARGIN = 16;
const COLOURS: Readonly<Record<number, string>> = { 1: '#ff7b72', 2: '#7ee787', 3: '#e3b341', 6: '#79c0ff' };

export const PICTURE = fileURLToPath(new URL('../docs/session.svg', import.meta.url));

/** Runs the session, one command after the other on the same screen. @returns the picture */
export async function drawSession(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'kioskctl-picture-'));
  try {
    const recording = new Recording({
      home,
      columns: COLUMNS,
      env: { FORCE_COLOR: '1', KIOSKCTL_SANDBOX_SPEED: '50' },
    });
    for (const command of SESSION) {
      await recording.write(`\u001b[1m$ ${command}\u001b[0m\r\n`);
      await recording.run(command);
      await recording.write('\r\n');
    }
    return render([...recording.rows()].map(renderRow));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Returns the lines of a picture as text. */
export function linesOf(picture: string): string[] {
  return [...picture.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, line = '']) =>
    line
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&'),
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function styleOf(cell: IBufferCell): string {
  const fill = cell.isFgPalette() ? COLOURS[cell.getFgColor() % 8] : undefined;
  return [
    ...(fill ? [`fill="${fill}"`] : []),
    ...(cell.isBold() ? ['font-weight="bold"'] : []),
    ...(cell.isDim() ? ['opacity="0.65"'] : []),
  ].join(' ');
}

/** Renders a row as spans of one style each. */
function renderRow(cells: readonly IBufferCell[]): string {
  const spans: { style: string; text: string }[] = [];
  for (const cell of cells) {
    const style = styleOf(cell);
    const last = spans.at(-1);
    const text = cell.getChars() || ' ';
    if (last?.style === style) last.text += text;
    else spans.push({ style, text });
  }
  return spans
    .map(({ style, text }) => (style ? `<tspan ${style}>${escaped(text)}</tspan>` : escaped(text)))
    .join('');
}

function render(all: readonly string[]): string {
  const rows = all.slice(0, all.findLastIndex((row) => row !== '') + 1);
  const width = Math.ceil(COLUMNS * CHARACTER + 2 * MARGIN);
  const height = rows.length * LINE + 2 * MARGIN;
  const text = rows.map(
    (row, index) =>
      `<text x="${MARGIN}" y="${MARGIN + LINE * (index + 0.75)}" xml:space="preserve">${row}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A session of kioskctl">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    '<g fill="#e6edf3" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">',
    ...text,
    '</g>',
    '</svg>\n',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PICTURE, await drawSession());
