import { Failure } from './errors/failure.ts';
import { printable } from './text/terminal-text.ts';

/** Nobody documents what kiosk ids look like: whatever is printable and in one word may be one. */
const KIOSK_ID = /^[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u;

/** @throws Failure `usage` */
export function parseKioskId(text: string): string {
  if (KIOSK_ID.test(text)) return text;
  throw new Failure('usage', `“${printable(text.slice(0, 80))}” is not a kiosk id.`, {
    hint: 'A kiosk id is one word, like WIS00001.',
  });
}
