/** Control and format characters (escapes, bells, bidirectional overrides, zero widths) and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from outside (API answers, files, arguments) safe to show: control characters, with which it could
 * move the cursor, change the window title or hide what stands beside it, are written out as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => character.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * JSON that is safe to show: control characters that JSON lets stand (C1, bidirectional overrides, zero widths) are
 * escaped in it, too. Any JSON parser reads the same.
 * @param indent 0 for one line
 */
export function printableJson(value: unknown, indent = 0): string {
  const lines = JSON.stringify(value, null, indent).split('\n');
  return lines.map(printable).join('\n');
}
