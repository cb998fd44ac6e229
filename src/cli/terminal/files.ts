import { appendFileSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import type { Files, WriteOptions } from '../../context/files.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { explainFault } from '../../machine/file-faults.ts';
import type { Io } from './io.ts';
import { readBytes, readLines, readText } from './read-text.ts';
import { interruption } from './signals.ts';

/** Makes the port through which workflows reach files and standard input. */
export function makeFiles(io: Pick<Io, 'readStdin'>): Files {
  const stdin = async () => io.readStdin(interruption());
  return {
    readBytes,
    readText,
    readLines: (file) => (file === '-' ? linesOf(stdin) : readLines(file)),
    stdin,
    size: (file) => statSync(file, { throwIfNoEntry: false })?.size ?? null,
    list: (folder) => readdirSync(folder),
    write: writeFile,
    requireWritable,
    append,
  };
}

async function* linesOf(read: () => Promise<string>): AsyncGenerator<string> {
  for (const line of (await read()).split('\n')) yield withoutLineEnds(line);
}

/** The least number of characters to write at once; smaller chunks are gathered. */
const PIECE = 65_536;

/**
 * Writes a file as a whole, or not at all.
 * @throws Failure `invalid-input` for a file that exists (without `force`), or that can't be written
 */
async function writeFile(
  file: string,
  chunks: Iterable<string> | AsyncIterable<string>,
  { force, mode }: WriteOptions,
): Promise<void> {
  const place = force ? placeOf(file) : file;
  const draft = draftOf(place);
  const handle = await open(draft, 'wx', mode).catch(fail);
  try {
    // The mask of the process may take permissions from a new file.
    if (mode !== undefined) await handle.chmod(mode).catch(fail);
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
async function requireWritable(file: string): Promise<void> {
  const draft = draftOf(placeOf(file));
  try {
    await (await open(draft, 'wx')).close();
  } catch (error) {
    throw unwritable(file, error);
  }
  await rm(draft, { force: true });
}

/** Returns a random name for a draft: with a process id, it could be that of a killed process of another container. */
function draftOf(file: string): string {
  return `${file}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Appends to a file. @throws Failure `invalid-input` */
function append(file: string, text: string): void {
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
  const { code, reason, fix } = explainFault(error, file, 'write');
  const hint = code === 'EEXIST' ? 'Replace it with --force, or name another file.' : 'Name another file.';
  return failure(
    'invalid-input',
    `${printable(file)} was not written: ${reason}.`,
    fix === null ? hint : `${fix}, or name another file.`,
  );
}
