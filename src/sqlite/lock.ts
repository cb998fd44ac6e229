import { DatabaseSync } from 'node:sqlite';

const BUSY = 5;

/**
 * Tries to take the lock that a file stands for (SQLite's, which end with their process, however it ends).
 * @param file made if it isn't there; nothing is ever in it
 * @returns how to give it back; null while another process or another part of this one has it
 * @throws SQLite's error where there can be no such file
 */
export function tryLock(file: string): (() => void) | null {
  const connection = new DatabaseSync(file, { timeout: 0 });
  try {
    connection.exec('BEGIN IMMEDIATE');
    return () => connection.close();
  } catch (error) {
    connection.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return null;
    throw error;
  }
}
