/** Control and format characters (escapes, bells, bidirectional overrides, zero widths) and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from outside (API answers, files, arguments) safe to show: control characters, with which it could
 * move the cursor, change the window title or hide what stands beside it, are written out as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
