import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';

const REASONS = new Map([
  ['EEXIST', 'it is there already'],
  ['ENOENT', 'its folder is not there'],
  ['ENOTDIR', 'its folder is not one'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'it may not be written'],
  ['EROFS', 'it may not be written'],
  ['ENOSPC', 'the disk is full'],
]);

/**
 * Writes a file at once or not at all: nobody finds half of it.
 * @param force replaces one that is there
 * @param mode who may read it, as far as the process's mask lets
 * @throws Failure `invalid-input` for a file that is there, or that can't be written
 */
export function writeNewFile(
  file: string,
  content: string,
  { force, mode = 0o666 }: { force: boolean; mode?: number },
): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content, { flag: 'wx', mode, flush: true });
    // Unlike a rename, a link never replaces anything.
    if (force) renameSync(draft, file);
    else linkSync(draft, file);
  } catch (error) {
    throw unwritable(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Why a file was not written. */
export function unwritable(file: string, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
  return new Failure('invalid-input', `${printable(file)} was not written: ${REASONS.get(code) ?? code}.`, {
    hint: code === 'EEXIST' ? 'Replace it with --force, or name another file.' : 'Name another file.',
  });
}
