/** Control and format characters (escapes, bells, bidirectional overrides, zero widths) and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** True if nothing in the text is a control or format character, a line separator, or half a character. */
export function isPrintable(text: string): boolean {
  return text.isWellFormed() && !text.match(UNPRINTABLE);
}

/**
 * Makes text from outside (API answers, files, arguments) safe to show: control characters, which could move the
 * cursor, change the window title or hide other text, are written as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => character.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Returns JSON that is safe to show: control characters that JSON allows (C1, bidirectional overrides, zero widths) are
 * escaped, too. JSON parsers read the same value.
 * @param indent 0 for one line
 */
export function printableJson(value: unknown, indent = 0): string {
  const lines = JSON.stringify(value, null, indent).split('\n');
  return lines.map(printable).join('\n');
}
