import {
  appendFileSync,
  linkSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
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

/**
 * Writes a file as a whole or not at all.
 * @param force replaces an existing file, see `placeOf`
 * @param mode permissions, as far as the process's mask allows them
 * @throws Failure `invalid-input` for a file that exists, or that can't be written
 */
export function writeNewFile(
  file: string,
  content: string,
  { force, mode = 0o666 }: { force: boolean; mode?: number },
): void {
  const place = force ? placeOf(file) : file;
  const draft = draftOf(place);
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

/** Chunks are gathered until there is this much to write, in characters. */
const PIECE = 65_536;

/**
 * Writes or replaces a file as a whole, or not at all.
 * @throws Failure `invalid-input` when it can't be written
 */
export async function writeChunks(file: string, chunks: AsyncIterable<string>): Promise<void> {
  const place = placeOf(file);
  const draft = draftOf(place);
  const handle = await open(draft, 'wx').catch(fail);
  try {
    for await (const piece of gather(chunks)) await handle.writeFile(piece).catch(fail);
    await handle.sync().catch(fail);
    await handle.close();
    await rename(draft, place).catch(fail);
  } finally {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
  }

  function fail(error: unknown): never {
    throw unwritable(file, error);
  }
}

async function* gather(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const chunk of chunks) {
    piece += chunk;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Checks that `writeChunks` may write a file. @throws Failure `invalid-input` */
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
