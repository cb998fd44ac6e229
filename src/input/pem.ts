import { readFileSync, statSync } from 'node:fs';
import { Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';

/** A PEM file of a key is far smaller. */
const LIMIT_BYTES = 64 * 1024;

const REASONS = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'it may not be read'],
]);

/** Reads the file that `--public-key` names; whether there is a key in it shows later. @throws Failure `invalid-input` */
export function readPublicKey(file: string): { pem: string; source: string } {
  const source = printable(file);
  try {
    const { size } = statSync(file, { throwIfNoEntry: true });
    if (size <= LIMIT_BYTES) return { pem: readFileSync(file, 'utf8'), source };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw unusable(source, REASONS.get(code) ?? code);
  }
  throw unusable(source, 'it is too large for a key');
}

function unusable(source: string, why: string): Failure {
  return new Failure('invalid-input', `The key file ${source} can't be used: ${why}.`, {
    hint: 'Give a PEM file that begins with -----BEGIN PUBLIC KEY-----.',
  });
}
