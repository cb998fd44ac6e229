// What every command owes its user, however it ends.
import { expect } from 'vitest';
import type { Ended } from '../harness/program.ts';

/** A token that must never be shown. */
export const SECRET = 'tok-6f1d0c9e-never-show-this';

export interface Expected {
  code: number;
  /** `error.code` */
  error: string;
  message?: RegExp;
  hint?: RegExp;
}

/** Standard output is exactly one JSON document. @returns it */
export function oneDocument(ended: Ended): Ended['json'] {
  expectClean(ended);
  expect(ended.stdout, ended.stderr).toMatch(/^\{.*\}\n$/);
  const document = ended.json;
  expect(document).toMatchObject({ schemaVersion: 1, exitCode: ended.code });
  for (const field of ['command', 'context', 'environment']) expect(document).toHaveProperty(field);
  return document;
}

/** A failure as a script sees it: the exit code and one document, which says what to do. */
export function expectError(ended: Ended, { code, error, message, hint }: Expected): void {
  expect(ended.code, ended.stdout + ended.stderr).toBe(code);
  const document = oneDocument(ended);
  expect(document.error).toMatchObject({ code: error });
  expect(document.error.message).toMatch(message ?? /\S/);
  expect(document.error.hint).toMatch(hint ?? /\S/);
}

/** A failure as a person sees it: `Error: …` and a hint below it, on standard error. */
export function expectComplaint(ended: Ended, { code, message, hint }: Omit<Expected, 'error'>): void {
  expect(ended.code, ended.stdout + ended.stderr).toBe(code);
  expectClean(ended);
  const [, said = '', advice = ''] = /^Error: (.+)\n {2}(.+)\n/m.exec(ended.stderr) ?? [];
  expect(said, ended.stderr).toMatch(message ?? /\S/);
  expect(advice, ended.stderr).toMatch(hint ?? /\S/);
}

/** Whatever happened: no secret, no stack, no control character. */
export function expectClean({ stdout, stderr }: Ended): void {
  const all = stdout + stderr;
  expect(all).not.toContain(SECRET);
  expect(all).not.toMatch(/^\s+at \S|node:internal|file:\/\/|internal-error/m);
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  expect(all).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}
