import { printable } from '../domain/text/terminal-text.ts';

/** What neither XML 1.0 nor HTML can hold, not even as a reference: most control characters, halves of characters. */
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
