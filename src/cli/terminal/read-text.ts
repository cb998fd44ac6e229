import { accessSync, closeSync, constants, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { decodeText, SAVE_AS_UTF8, type TextOptions } from '../../context/files.ts';
import { Failure, failure } from '../../domain/errors/failure.ts';
import { decodeUtf8, isUtf16, withoutLineEnds } from '../../domain/text/decode-text.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { explainFault, type FileFault, findOtherReader } from '../../machine/file-faults.ts';
import { fromRoot } from '../../machine/system.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path. It is relative to the current folder.',
  EISDIR: 'Name a file in it.',
};
const TOO_LONG = 'Check that it is the right file, or split it.';
const FIRST_BYTES = 16 * 1024;

/** Reads the start of a file, because a pipe may have no end. @returns at most `limit` + 1 bytes */
function readStart(file: string, limit: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    // Starts with a small buffer: most files are short, and allocating `limit` bytes takes a millisecond.
    let buffer = Buffer.alloc(Math.min(limit + 1, FIRST_BYTES));
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length > limit) return buffer.subarray(0, length);
      if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(limit + 1, buffer.length * 2));
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a file.
 * @param problem start of the message for an unreadable file, or one with more bytes than `limit`
 * @throws Failure `invalid-input`
 */
export function readBytes(file: string, limit: number, problem: string = problemOf(file)): Buffer {
  let bytes: Buffer;
  try {
    bytes = readStart(file, limit);
  } catch (error) {
    throw unreadable(problem, ...why(error, file));
  }
  if (bytes.length > limit) throw unreadable(problem, tooLong(limit), TOO_LONG);
  return bytes;
}

/**
 * Reads a UTF-8 file.
 * @throws Failure `invalid-input` for an unreadable file, a file that is too large, other encodings, or a secret file
 * that other users can read
 */
export function readText(file: string, { limit, isSecret = false, ...options }: TextOptions): string {
  const problem = `The ${options.what} ${printable(file)} can't be used`;
  const bytes = readBytes(file, limit, problem);
  const reader = isSecret ? findOtherReader(file) : null;
  if (reader) throw unreadable(problem, reader.reason, `It has secrets. ${reader.fix}`);
  return decodeText(bytes, { file, ...options });
}

/**
 * Reads a UTF-8 file, for callers with their own failures.
 * @param otherwise receives the cause if the file is unreadable, too large or not text; its return value replaces the
 * text
 */
export function readTextOr<Other>(
  file: string,
  { limit }: { limit: number },
  otherwise: (fault: FileFault) => Other,
): string | Other {
  let bytes: Buffer;
  try {
    bytes = readStart(file, limit);
  } catch (error) {
    return otherwise(explainFault(error, file, 'read'));
  }
  const { text, problem } = decodeUtf8(bytes);
  if (bytes.length <= limit && text !== null) return text;
  const reason = text === null ? problem : tooLong(limit);
  return otherwise({ code: NO_TEXT, reason, fix: 'Save it as UTF-8', command: null });
}

/** Error code of a readable file that is not text. */
export const NO_TEXT = 'NO_TEXT';

/** Maximum length of a line, in UTF-16 code units. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Yields the lines of a file, without line ends.
 * @throws Failure `invalid-input` for an unreadable file, UTF-16, or a line that is too long
 */
export async function* readLines(file: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of chunksOf(file)) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE)
      throw unreadable(problemOf(file), tooLong(LONGEST_LINE, 'a line of '), TOO_LONG);
    for (const line of lines) yield withoutLineEnds(line);
  }
  if (rest !== '') yield withoutLineEnds(rest);
}

async function* chunksOf(file: string): AsyncGenerator<string, void, undefined> {
  const stream = createReadStream(file);
  // Removes the byte order mark. Callers handle lines that are not UTF-8.
  const decoder = new TextDecoder();
  let isFirst = true;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      if (isFirst && isUtf16(bytes)) throw unreadable(problemOf(file), 'it is UTF-16', SAVE_AS_UTF8);
      isFirst = false;
      yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(problemOf(file), ...why(error, file));
  } finally {
    stream.destroy();
  }
}

function tooLong(limit: number, what = ''): string {
  return `it has ${what}over ${limit / 1024} KiB`;
}

function problemOf(file: string): string {
  return `${printable(file)} can't be read`;
}

/** Returns the reason why a file is unreadable, and a hint. */
function why(error: unknown, file: string): [reason: string, hint: string] {
  const { code, reason } = explainFault(error, file, 'read');
  return [reason, HINTS[code] ?? 'Name a file that this user may read.'];
}

function unreadable(problem: string, why: string, hint: string): Failure {
  return failure('invalid-input', `${problem}: ${printable(why)}.`, hint);
}

/**
 * Returns the absolute path of a file that this user can read.
 * @throws Failure `invalid-input` for an unreadable file
 */
export function toReadableFile(name: string): string {
  return toFile(name, { mode: constants.R_OK, may: 'read' });
}

/**
 * Returns the absolute path of a program that this user can run.
 * @throws Failure `invalid-input` if it is not executable
 */
export function toProgramFile(name: string): string {
  return toFile(name, { mode: constants.X_OK, may: 'run' });
}

interface Access {
  mode: number;
  may: 'read' | 'run';
}

function toFile(name: string, { mode, may }: Access): string {
  const file = fromRoot(name);
  try {
    accessSync(file, mode);
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw unusable(file, may, explainFault(error, file, 'read').reason);
  }
  throw unusable(file, may, 'it is not a file');
}

function unusable(file: string, may: Access['may'], why: string): Failure {
  return failure(
    'invalid-input',
    `${printable(file)} can't be ${may}: ${why}.`,
    `Name a file that this user may ${may}.`,
  );
}
