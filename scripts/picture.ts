// Renders docs/session.svg: the main job on the embedded sandbox, in a real terminal, as a user sees it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm, { type IBufferCell } from '@xterm/headless';

const SESSION = [
  'order --wait',
  'produce 1001/501 --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  'retry 1001/501 --yes --simulate PRODUCED',
  'status',
];

const COLUMNS = 96;
const ROWS = 200;
const LINE = 19;
const CHARACTER = 8.43;
const MARGIN = 16;
const COLOURS: Readonly<Record<number, string>> = { 1: '#ff7b72', 2: '#7ee787', 3: '#e3b341', 6: '#79c0ff' };

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs the session, one command after the other on the same screen. */
async function record(home: string): Promise<xterm.Terminal> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const write = async (text: string) => new Promise<void>((done) => terminal.write(text, done));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KIOSKCTL_'));
  const env = {
    ...Object.fromEntries(inherited.filter(([name]) => !['CI', 'NO_COLOR', 'COLUMNS'].includes(name))),
    KIOSKCTL_HOME: home,
    TERM: 'xterm-256color',
    FORCE_COLOR: '1',
  };
  for (const command of SESSION) {
    await write(`\u001b[1m$ kioskctl ${command}\u001b[0m\r\n`);
    const child = spawn(process.execPath, [`${root}bin/run.js`, ...command.split(' ')], {
      cols: COLUMNS,
      rows: ROWS,
      cwd: home,
      env,
    });
    const writes: Promise<void>[] = [];
    // The folder of this recording is shown as a home folder.
    child.onData((data) => writes.push(write(data.replaceAll(home, '~/kioskctl'))));
    await new Promise((done) => child.onExit(done));
    await Promise.all(writes);
    await write('\r\n');
  }
  return terminal;
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
function renderRow(terminal: xterm.Terminal, row: number): string {
  const line = terminal.buffer.active.getLine(row);
  const length = line?.translateToString(true).length ?? 0;
  const spans: { style: string; text: string }[] = [];
  for (let column = 0; column < length; column += 1) {
    const cell = line?.getCell(column);
    if (!cell) continue;
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

function render(terminal: xterm.Terminal): string {
  const { cursorY, baseY } = terminal.buffer.active;
  const rows = Array.from({ length: baseY + cursorY }, (_, row) => renderRow(terminal, row));
  while (rows.at(-1) === '') rows.pop();
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

const home = mkdtempSync(join(tmpdir(), 'kioskctl-picture-'));
try {
  writeFileSync(`${root}docs/session.svg`, render(await record(home)));
} finally {
  rmSync(home, { recursive: true, force: true });
}
