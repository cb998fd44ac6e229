import { printable } from '../domain/text/terminal-text.ts';

/** HTML that is safe to stand in a document as it is. */
export class Markup {
  readonly text: string;

  /** @param text HTML of our own: whatever is from outside goes through `markup` */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | readonly Markup[] | null | undefined | false;

/** Puts HTML together: texts become text whatever is in them, only other markup stays markup. What is null, undefined or false is left out. */
export function markup(literals: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(literals.reduce((text, literal, index) => text + show(parts[index - 1]) + literal));
}

function show(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeMarkup(plainText(String(part)));
}

/** Characters that neither XML 1.0 nor HTML allow, even as references: most control characters, lone surrogates. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Text from outside on one line, without characters that break a document, and with those written out that hide text. */
export function plainText(text: string): string {
  return printable(text.replace(FORBIDDEN, '').replace(/\s+/g, ' ').trim());
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Plain text as it stands in XML and HTML, between tags and in quotes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => REFERENCES[sign] ?? '');
}

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
