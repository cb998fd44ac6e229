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

/** Suffixes of the files that SQLite keeps next to a database. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const PATIENCE_MS = 500;

/**
 * Replaces a database by another one. No process may have the old one open. If this process is killed, either the old
 * or the new database is in place. The new one is never combined with the old write-ahead log.
 * @param draft complete database without a write-ahead log, in the same folder; it is renamed
 * @param options.kept new name of the old database (and of its log if it is damaged)
 * @returns true if there was an old database
 * @throws Error of SQLite (busy) if a process has the old one open
 */
export function replaceDatabase(draft: string, file: string, { kept }: { kept: string }): boolean {
  sync(draft, 'r+');
  const unlock = lockAlone(file);
  try {
    const wasThere = existsSync(file);
    // Remove these first: SQLite would apply the old log to the new database.
    for (const suffix of COMPANIONS)
      if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${kept}${suffix}`);
    if (wasThere) giveSecondName(file, kept);
    if (wasThere) renameSync(draft, file);
    else giveFirstName(draft, file);
    // Windows can't open folders.
    if (process.platform !== 'win32') sync(dirname(file), 'r');
    return wasThere;
  } finally {
    unlock();
  }
}

/**
 * Runs a checkpoint, removes the write-ahead log, and locks the database until the returned function is called. A file
 * that is no SQLite database is not locked.
 */
function lockAlone(file: string): () => void {
  if (!existsSync(file) || !hasHeader(file)) return () => undefined;
  const connection = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    // Fails if another process has the database open. With journal mode DELETE, a transaction leaves no file behind.
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

/**
 * True for a file with SQLite's header. SQLite would treat another file as new or damaged, and might delete its log.
 */
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

/** Links a file under a second name; copies it on file systems without links. */
function giveSecondName(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name);
  }
}

/**
 * Moves a draft to its final name. Tries a link first: a link, unlike a rename, never replaces another process's
 * database.
 */
function giveFirstName(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (existsSync(file)) throw error;
    renameSync(draft, file);
  }
}

/** Flushes a file, or the entries of a folder, to the disk (fsync). */
function sync(path: string, mode: 'r' | 'r+'): void {
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
