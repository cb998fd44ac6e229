import { printable } from '../domain/text/terminal-text.ts';

/** HTML that is already escaped. */
export class Markup {
  readonly text: string;

  /** @param text trusted HTML; use `markup` to insert any other text */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | readonly Markup[] | null | undefined | false;

/** Tagged template for HTML. Escapes all values except Markup; null, undefined and false are omitted. */
export function markup(literals: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(literals.reduce((text, literal, index) => text + show(parts[index - 1]) + literal));
}

function show(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeMarkup(plainText(String(part)));
}

/**
 * Characters that XML 1.0 and HTML forbid even as character references: most control characters, and lone surrogates.
 */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Converts untrusted text for any document: one line, no forbidden characters, and invisible characters as escapes. */
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

/** Escapes text for XML and HTML, for use between tags and in attribute values. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => REFERENCES[sign] ?? '');
}

/** Characters that can have a meaning in Markdown, HTML or autolinks. A colon before a space has none. */
const SPECIAL = /:(?! )|[^\p{L}\p{N}\p{M} .,:;?'"()/=%…–→“”’-]/gu;

/** Pattern of text that needs no escaping in a code span or table cell. */
const WORD = /^[\w.:#/+@-]+$/;

/**
 * Escapes text for Markdown. Uses character references, which no parser interprets as syntax, not even in a table cell.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(SPECIAL, (sign) => `&#${sign.codePointAt(0)};`)
    .replaceAll(/www\./gi, (host) => `${host.slice(0, -1)}&#46;`);
}

/** Formats an id or a status of Wise as code. Other text is only escaped. */
export function markdownCode(text: string): string {
  return WORD.test(text) ? `\`${text}\`` : markdownText(text);
}

/** Creates a Markdown table. @param rows cells in Markdown; null is shown as a dash */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell || '–').join(' | ')} |\n`).join('');
}

/** Words with which Slack and compatible receivers notify a whole channel. */
const CHANNEL_MENTION = /@(?=(?:all|channel|everyone|here)\b)/gi;

/** Escapes text for a message of Slack, so that it makes no link and no code, and notifies nobody. */
export function slackText(text: string): string {
  return text
    .replace(/[&<>]/g, (sign) => REFERENCES[sign] ?? '')
    .replaceAll('`', '´')
    .replaceAll('](', '] (')
    .replace(CHANNEL_MENTION, '@\u200B');
}

/** Creates a link of Slack. @param url an http or https address */
export function slackLink(url: string): string {
  return `<${new URL(url).href.replaceAll('|', '%7C').replaceAll('>', '%3E')}>`;
}
