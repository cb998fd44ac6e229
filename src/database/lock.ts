import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from './sqlite.ts';

const BUSY = 5;

/**
 * Tries to take the lock that a file stands for (SQLite's, which end with their process, however it ends).
 * @param file made (0600, in a 0700 folder) if it isn't there; nothing is ever in it
 * @param patience how long to wait for another one that has it, in milliseconds; nothing else happens meanwhile
 * @returns how to give it back; null while another process or another part of this one has it
 * @throws the error of the system, or SQLite's, where there can be no such file
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
