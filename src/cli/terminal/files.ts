import { readdirSync, statSync } from 'node:fs';
import type { Files } from '../../context/files.ts';
import type { Io } from './io.ts';
import { readBytes, readLines, readText } from './read-text.ts';
import { interruption } from './signals.ts';
import { append, requireWritable, writeFile } from './write-file.ts';

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
  yield* (await read()).split('\n');
}
