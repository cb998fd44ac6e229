import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteCode } from './faults.ts';

/** Files that belong to a database and are named after it. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const PATIENCE_MS = 500;

/**
 * Puts a complete database in the place of another one that nobody has open. Whenever the process is killed, the old or
 * the new one is in place, and never the new one with a log of the old one.
 * @param draft a database in one file, in the same folder; it gets the name
 * @param options.kept the name that the old one gets, with its log if it is damaged
 * @returns true if there was an old one
 * @throws Error of SQLite (busy) while anyone has the old one open
 */
export function replaceDatabase(draft: string, file: string, { kept }: { kept: string }): boolean {
  sync(draft, 'r+');
  const unlock = lockAlone(file);
  try {
    const wasThere = existsSync(file);
    // Before the new one is in place: SQLite would add the log of the old one to it.
    for (const suffix of COMPANIONS)
      if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${kept}${suffix}`);
    if (wasThere) giveSecondName(file, kept);
    if (wasThere) renameSync(draft, file);
    else giveFirstName(draft, file);
    // Windows has no folders that can be opened.
    if (process.platform !== 'win32') sync(dirname(file), 'r');
    return wasThere;
  } finally {
    unlock();
  }
}

/**
 * Writes the log of a database into it, removes the log, and locks the database until it is released. A file that
 * SQLite can't read can't be locked either.
 */
function lockAlone(file: string): () => void {
  if (!existsSync(file) || !hasHeader(file)) return () => undefined;
  const connection = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    // Fails while anyone else has it open. With the second mode, a transaction leaves no file behind.
    connection.exec('PRAGMA journal_mode = DELETE');
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY');
    connection.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    connection.close();
    const code = sqliteCode(error);
    if (code !== CORRUPT && code !== NOT_A_DATABASE) throw error;
    return () => undefined;
  }
  return () => connection.close();
}

/** SQLite would take any other file for a new database, or one that is damaged, and may delete its log. */
function hasHeader(file: string): boolean {
  const header = 'SQLite format 3\0';
  const bytes = Buffer.alloc(header.length);
  const descriptor = openSync(file, 'r');
  try {
    return readSync(descriptor, bytes) === bytes.length && bytes.toString('latin1') === header;
  } finally {
    closeSync(descriptor);
  }
}

/** Some file systems have no links. */
function giveSecondName(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name);
  }
}

/** Moves a draft to its final name. A link is tried first: unlike a rename, it never replaces a database of another process. */
function giveFirstName(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (existsSync(file)) throw error;
    renameSync(draft, file);
  }
}

/** Waits until a file, or the names in a folder, are on the disk. */
function sync(path: string, mode: 'r' | 'r+'): void {
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
