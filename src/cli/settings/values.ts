import { Failure } from '../../domain/errors/failure.ts';
import { parseId } from '../../domain/ids.ts';
import { printable } from '../../domain/text/terminal-text.ts';

/** @throws Failure `invalid-reference` */
export function toProfile(text: string): number {
  return parseId(text, 'profile id');
}

/** @throws Failure `usage` */
export function toApiVersion(text: string): string {
  if (text === 'legacy' || /^20\d\dQ[1-4]$/.test(text)) return text;
  throw new Failure('usage', `“${printable(text)}” is not an API version.`, {
    hint: 'Use legacy, or a version like 2026Q4.',
  });
}

/** The id of a kiosk: the vendor says nothing of its form, but it has no spaces and no commas. @throws Failure `usage` */
export function toKiosk(text: string): string {
  if (/^[^\s,\p{C}]{1,64}$/u.test(text)) return text;
  throw new Failure('usage', `“${printable(text)}” is not a kiosk id.`, {
    hint: 'Write it as the machine has it, like WIS00001.',
  });
}

/** How many times faster than life the embedded sandbox goes. @throws Failure `usage` */
export function toSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0 && speed <= 1_000_000) return speed;
  throw new Failure('usage', `“${printable(text)}” is not a speed of the sandbox.`, {
    hint: 'Give a number above 0, like 10.',
  });
}
