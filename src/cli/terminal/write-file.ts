import { linkSync, lstatSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';

const REASONS = new Map([
  ['EEXIST', 'it is there already'],
  ['ENOENT', 'its folder is not there'],
  ['ENOTDIR', 'its folder is not one'],
  ['EISDIR', 'it is a folder'],
  ['EFTYPE', 'it is no regular file, nor a link to one'],
  ['EACCES', 'it may not be written'],
  ['EROFS', 'it may not be written'],
  ['ENOSPC', 'the disk is full'],
]);

/**
 * Writes a file at once or not at all: nobody finds half of it.
 * @param force replaces one that is there, see `placeOf`
 * @param mode who may read it, as far as the process's mask lets
 * @throws Failure `invalid-input` for a file that is there, or that can't be written
 */
export function writeNewFile(
  file: string,
  content: string,
  { force, mode = 0o666 }: { force: boolean; mode?: number },
): void {
  const place = force ? placeOf(file) : file;
  const draft = `${place}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content, { flag: 'wx', mode, flush: true });
    // Unlike a rename, a link never replaces anything.
    if (force) renameSync(draft, place);
    else linkSync(draft, place);
  } catch (error) {
    throw unwritable(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Where a file is to be replaced: a link stays, and the file that it leads to is another one. A rename would put a file in
 * the place of anything, be it a device.
 * @throws Failure `invalid-input` for what is there and is no regular file
 */
export function placeOf(file: string): string {
  try {
    const there = statSync(file, { throwIfNoEntry: false }) ?? lstatSync(file, { throwIfNoEntry: false });
    if (!there) return file;
    if (there.isFile()) return realpathSync(file);
    throw Object.assign(new Error(), { code: there.isDirectory() ? 'EISDIR' : 'EFTYPE' });
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Why a file was not written. */
export function unwritable(file: string, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
  return new Failure('invalid-input', `${printable(file)} was not written: ${REASONS.get(code) ?? code}.`, {
    hint: code === 'EEXIST' ? 'Replace it with --force, or name another file.' : 'Name another file.',
  });
}
