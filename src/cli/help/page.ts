import type { Style } from '../../output/style.ts';

type Row = readonly [left: string, right: string];

/** A section of a help page. Paragraphs and rows are wrapped, and commands among the lines are broken as in a shell. */
export interface Block {
  heading?: string;
  text?: string;
  rows?: readonly Row[];
  lines?: readonly string[];
}

interface PageOptions {
  /** Width of the terminal in characters. */
  width: number;
  style: Style;
}

/** Maximum width of the first column. A longer word is on a line of its own. */
const WIDEST = 30;

/** Renders a help page. */
export function renderPage(blocks: readonly Block[], { width, style }: PageOptions): string {
  const parts = blocks.map(({ heading, text, rows = [], lines = [] }) => {
    const indent = heading === undefined ? 0 : 2;
    const body = [
      ...(text === undefined ? [] : wrap(text, width - indent)),
      ...renderRows(rows, width - indent),
      ...lines.flatMap((line) => breakCommand(line, width - indent)),
    ].map((line) => `${' '.repeat(indent)}${line}`.trimEnd());
    return [...(heading === undefined ? [] : [style.bold(heading)]), ...body].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

function renderRows(rows: readonly Row[], width: number): string[] {
  const left = Math.max(0, ...rows.map(([word]) => word.length).filter((length) => length <= WIDEST)) + 2;
  return rows.flatMap(([word, about]) => {
    const [first = '', ...others] = wrap(about, width - left);
    const continued = others.map((line) => ' '.repeat(left) + line);
    return word.length <= left - 2
      ? [word.padEnd(left) + first, ...continued]
      : [word, ' '.repeat(left) + first, ...continued];
  });
}

/** Wraps paragraphs (separated by empty lines) at spaces. */
function wrap(text: string, width: number): string[] {
  const fitting = new RegExp(`\\S.{0,${Math.max(20, width) - 1}}(?=\\s|$)|\\S+`, 'g');
  const paragraphs = text.trim().split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph, index) => {
    const lines = paragraph.replaceAll(/\s+/g, ' ').match(fitting) ?? [];
    return index === 0 ? [...lines] : ['', ...lines];
  });
}

/** Indent of a continued command, and what continues its line. */
const INDENT = '    ';
const CONTINUED = ' \\';

/**
 * Breaks a long command before flags, pipes and redirections, so that it can be pasted into a POSIX shell. On Windows, where
 * shells have other rules, it stays on one line.
 * @param line a line of a help page; only commands are broken
 * @param width maximum number of characters
 */
export function breakCommand(line: string, width: number, platform = process.platform): string[] {
  if (platform === 'win32' || line.length <= width || !/^(\$|kioskctl) /.test(line)) return [line];
  const lines: string[] = [];
  let last = '';
  for (const part of line.split(/ (?=--?[\w ]|[|<>] )/)) {
    const longer = last === '' ? part : `${last} ${part}`;
    if (last === '' || longer.length + CONTINUED.length <= width) last = longer;
    else {
      lines.push(last + CONTINUED);
      last = INDENT + part;
    }
  }
  return [...lines, last];
}
