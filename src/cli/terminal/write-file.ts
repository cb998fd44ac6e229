import { appendFileSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import type { WriteOptions } from '../../context/files.ts';
import { type Failure, failure, systemCode } from '../../domain/errors/failure.ts';
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

/** Chunks are gathered until there is this much to write, in characters. */
const PIECE = 65_536;

/**
 * Writes a file as a whole, or not at all.
 * @throws Failure `invalid-input` for a file that exists (without `force`), or that can't be written
 */
export async function writeFile(
  file: string,
  chunks: Iterable<string> | AsyncIterable<string>,
  { force, mode = 0o666 }: WriteOptions,
): Promise<void> {
  const place = force ? placeOf(file) : file;
  const draft = draftOf(place);
  const handle = await open(draft, 'wx', mode).catch(fail);
  try {
    for await (const piece of gather(chunks)) await handle.writeFile(piece).catch(fail);
    await handle.sync().catch(fail);
    await handle.close();
    // Unlike a rename, a link never replaces anything.
    await (force ? rename(draft, place) : link(draft, place)).catch(fail);
  } finally {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
  }

  function fail(error: unknown): never {
    throw unwritable(file, error);
  }
}

async function* gather(chunks: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const chunk of chunks) {
    piece += chunk;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Checks that a file may be written or replaced. @throws Failure `invalid-input` */
export async function requireWritable(file: string): Promise<void> {
  const draft = draftOf(placeOf(file));
  try {
    await (await open(draft, 'wx')).close();
  } catch (error) {
    throw unwritable(file, error);
  }
  await rm(draft, { force: true });
}

/** In containers every process may have the same id: the name must not be that of a draft left by a killed one. */
function draftOf(file: string): string {
  return `${file}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Appends to a file. @throws Failure `invalid-input` */
export function append(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * Returns the path to replace: for a link, the file that it leads to. A rename would replace anything, even a device.
 * @throws Failure `invalid-input` for something that is not a regular file
 */
function placeOf(file: string): string {
  try {
    const there = statSync(file, { throwIfNoEntry: false }) ?? lstatSync(file, { throwIfNoEntry: false });
    if (!there) return file;
    if (there.isFile()) return realpathSync(file);
    throw Object.assign(new Error(), { code: there.isDirectory() ? 'EISDIR' : 'EFTYPE' });
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): Failure {
  const code = systemCode(error, 'unwritable');
  return failure(
    'invalid-input',
    `${printable(file)} was not written: ${REASONS.get(code) ?? code}.`,
    code === 'EEXIST' ? 'Replace it with --force, or name another file.' : 'Name another file.',
  );
}
