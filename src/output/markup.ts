import { printable } from '../domain/text/terminal-text.ts';

/** HTML that needs no escaping. */
export class Markup {
  readonly text: string;

  /** @param text HTML of our own; text from outside goes through `markup` */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | readonly Markup[] | null | undefined | false;

/** Builds HTML from a template: values are escaped unless they are Markup; null, undefined and false are left out. */
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

/** Makes text from outside safe for any document: on one line, without forbidden characters, invisible ones written out. */
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

/** Escapes plain text for XML and HTML, between tags and in quotes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => REFERENCES[sign] ?? '');
}

/** Characters to escape: all that may have a meaning in Markdown, HTML or links. A colon before a blank has none. */
const SPECIAL = /:(?! )|[^\p{L}\p{N}\p{M} .,:;?'"()/=%…–→“”’-]/gu;

/** Text that is safe in a code span and in a cell of a table. */
const WORD = /^[\w.:#/+@-]+$/;

/**
 * Escapes text for Markdown with character references, which no parser takes for syntax, not even at the end of a table
 * cell.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(SPECIAL, (sign) => `&#${sign.codePointAt(0)};`)
    .replaceAll(/www\./gi, (host) => `${host.slice(0, -1)}&#46;`);
}

/** Formats an id or a word of Wise as code; other text is only escaped. */
export function markdownCode(text: string): string {
  return WORD.test(text) ? `\`${text}\`` : markdownText(text);
}

/** Builds a table. @param rows cells that are Markdown already; null is a dash */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell || '–').join(' | ')} |\n`).join('');
}
