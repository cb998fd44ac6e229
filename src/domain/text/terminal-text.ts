/**
 * Control and format characters (escapes, bell, bidirectional overrides, zero-width characters) and line separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** True if a text has no control or format character, no line separator and no lone surrogate. */
export function isPrintable(text: string): boolean {
  return text.isWellFormed() && !text.match(UNPRINTABLE);
}

/**
 * Escapes untrusted text (API responses, files, arguments) for the terminal. Control characters, which could move the
 * cursor, change the window title or hide text, become `\u001b` and the like.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => character.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Serializes JSON for the terminal: also escapes control characters that JSON allows (C1, bidirectional overrides,
 * zero-width characters). Parsers read the same value.
 * @param indent spaces per level; 0 for one line
 */
export function printableJson(value: unknown, indent = 0): string {
  const lines = JSON.stringify(value, null, indent).split('\n');
  return lines.map(printable).join('\n');
}
