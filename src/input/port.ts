import { Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';

/** Reads a port as flags write it; 0 picks a free one. @throws Failure `usage` */
export function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Failure('usage', `“${printable(text)}” is not a port.`, {
    hint: 'Give a number from 0 to 65535.',
  });
}
