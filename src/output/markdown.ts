import { printable } from '../domain/text/terminal-text.ts';

/** All but letters, digits and what never means anything to Markdown, HTML or links; a colon does before a slash. */
const SPECIAL = /:(?! )|[^\p{L}\p{N}\p{M} .,:;?'"()/=%…–→“”’-]/gu;

/** Of this, nothing can end a code span or a cell of a table. */
const WORD = /^[\w.:#/+@-]+$/;

/**
 * Text from outside as it stands in Markdown: it stays text, whatever is in it. Signs become character references, which
 * no parser takes for a sign of its own, not even where it looks for the ends of table cells.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(SPECIAL, (sign) => `&#${sign.codePointAt(0)};`)
    .replaceAll(/www\./gi, (host) => `${host.slice(0, -1)}&#46;`);
}

/** An id or a word of the vendor's, set as code; what is neither stays text. */
export function markdownCode(text: string): string {
  return WORD.test(text) ? `\`${text}\`` : markdownText(text);
}

/** A table. @param rows cells that are Markdown already; null is a dash */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): string {
  return [head, head.map(() => '---'), ...rows].map(tableLine).join('');
}

function tableLine(cells: readonly (string | null)[]): string {
  return `| ${cells.map((cell) => cell || '–').join(' | ')} |\n`;
}
