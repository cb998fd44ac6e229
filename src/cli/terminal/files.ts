import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import type { Files, WriteOptions } from '../../context/files.ts';
import { type Failure, failure, systemCode } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { removeAbandonedDrafts } from '../../machine/drafts.ts';
import { explainFault } from '../../machine/file-faults.ts';
import type { Io } from './io.ts';
import { readBytes, readLines, readText } from './read-text.ts';
import { interruption } from './signals.ts';

/** Creates the access of workflows to files and standard input. */
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
    create: createFile,
    requireWritable,
    append,
  };
}

async function* linesOf(read: () => Promise<string>): AsyncGenerator<string> {
  for (const line of (await read()).split('\n')) yield withoutLineEnds(line);
}

/** Minimum number of characters per write. Smaller chunks are buffered. */
const PIECE = 65_536;

/**
 * Writes a file atomically.
 * @throws Failure `invalid-input` if the file exists (without `force`) or can't be written
 */
async function writeFile(
  file: string,
  chunks: Iterable<string> | AsyncIterable<string>,
  options: WriteOptions,
): Promise<void> {
  const write = async (_: string, handle: FileHandle) => {
    for await (const piece of gather(chunks))
      await handle.writeFile(piece).catch((error: unknown) => {
        throw unwritable(file, error);
      });
  };
  await createFile(file, write, options);
}

/**
 * Creates a file atomically.
 * @param fill writes the content to an empty draft file
 * @throws Failure `invalid-input` like `writeFile`
 */
async function createFile(
  file: string,
  fill: (draft: string, handle: FileHandle) => Promise<void>,
  { force, mode }: WriteOptions,
): Promise<void> {
  const fail = (error: unknown): never => {
    throw unwritable(file, error);
  };
  const place = force ? placeOf(file) : file;
  removeAbandonedDrafts(place, DRAFT);
  const draft = draftOf(place);
  const handle = await open(draft, 'wx', mode).catch(fail);
  try {
    // The umask may remove permissions from a new file.
    if (mode !== undefined) await handle.chmod(mode).catch(fail);
    await fill(draft, handle).catch((error: unknown) => {
      throw isOfSystem(error) ? unwritable(file, error) : error;
    });
    await handle.sync().catch(fail);
    await handle.close();
    await (force ? rename(draft, place) : giveName(draft, place)).catch(fail);
  } finally {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
  }
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Moves a draft to its final name. Tries a link first, because a link never replaces a file. On file systems without
 * links, renames the draft.
 */
async function giveName(draft: string, place: string): Promise<void> {
  await link(draft, place).catch(async (error: unknown) => {
    if (!NO_LINKS.has(systemCode(error, ''))) throw error;
    if (existsSync(place)) throw Object.assign(new Error(), { code: 'EEXIST' });
    await rename(draft, place);
  });
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

/** Checks that a file can be written or replaced. @throws Failure `invalid-input` */
async function requireWritable(file: string): Promise<void> {
  const draft = draftOf(placeOf(file));
  try {
    await (await open(draft, 'wx')).close();
  } catch (error) {
    throw unwritable(file, error);
  }
  await rm(draft, { force: true });
}

/** Pattern of the suffix of drafts, and of the files that SQLite keeps next to a draft. */
const DRAFT = /^\.[\da-f]{8}\.tmp(-journal|-wal|-shm)?$/;

/** Returns a random name for a draft. Process ids are not unique across containers. */
function draftOf(file: string): string {
  return `${file}.${randomUUID().slice(0, 8)}.tmp`;
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
 * Returns the path to replace. Resolves symbolic links, because a rename would replace the link, and even a device.
 * @throws Failure `invalid-input` unless it is a regular file
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

const HINTS: Readonly<Record<string, string>> = {
  EEXIST: 'Replace it with --force, or name another file.',
  ENOENT: 'Create the folder (mkdir -p), or name another file.',
};

function unwritable(file: string, error: unknown): Failure {
  const { code, reason, fix } = explainFault(error, file, 'write');
  const hint = HINTS[code] ?? 'Name another file.';
  return failure(
    'invalid-input',
    `${printable(file)} was not written: ${reason}.`,
    fix === null ? hint : `${fix}, or name another file.`,
  );
}
