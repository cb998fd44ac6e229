import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from './sqlite.ts';

const BUSY = 5;

/**
 * Tries to acquire an exclusive lock on a file. It uses SQLite's locking, so the lock also ends when its process is
 * killed.
 * @param file created (0600, in a 0700 folder) if missing; remains empty
 * @param patience maximum wait in milliseconds, which blocks the event loop
 * @returns a function that releases the lock; null if another process, or another part of this one, has it
 * @throws the error of the system or of SQLite if the file can't be created
 */
export function tryLock(file: string, patience = 0): (() => void) | null {
  makeFolder(dirname(file));
  closeSync(openSync(file, 'a', 0o600));
  const connection = new DatabaseSync(file, { timeout: patience });
  try {
    connection.exec('BEGIN IMMEDIATE');
    return () => connection.close();
  } catch (error) {
    connection.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return null;
    throw error;
  }
}
