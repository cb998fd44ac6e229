import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../domain/failure.ts';
import { printable } from '../../domain/terminal-text.ts';

const REASONS = new Map([
  ['ENOENT', 'there is no such folder'],
  ['ENOTDIR', 'there is no such folder'],
  ['EACCES', 'it may not be written there'],
  ['EROFS', 'it may not be written there'],
  ['EISDIR', 'it is a folder'],
  ['ENOSPC', 'the disk is full'],
]);

/**
 * Writes a file for its owner alone (mode 0600), whole or not at all, never over another one unless it is told to.
 * @throws Failure `invalid-input` when it is there already, or can't be written
 */
export function writeNewFile(file: string, text: string, { isForced }: { isForced: boolean }): void {
  const draft = join(dirname(file), `.${basename(file)}.${crypto.randomUUID()}`);
  try {
    writeDraft(draft, text);
    if (isForced) renameSync(draft, file);
    // Unlike a renaming, a second name is refused where there is a file already.
    else linkSync(draft, file);
  } catch (error) {
    throw unwritable(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDraft(draft: string, text: string): void {
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unwritable(file: string, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
  if (code === 'EEXIST') {
    return new Failure('invalid-input', `${printable(file)} is there already; it stayed as it was.`, {
      hint: 'Name another file, or write over it with --force.',
    });
  }
  return new Failure('invalid-input', `${printable(file)} can't be written: ${REASONS.get(code) ?? code}.`, {
    hint: 'Name a file in a folder that this user may write to.',
  });
}
