import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../domain/errors/failure.ts';

const BUSY = 5;
const READ_ONLY = 8;
const CANNOT_OPEN = 14;

const REASONS: Readonly<Record<number, string>> = {
  [BUSY]: 'is locked by another process',
  [READ_ONLY]: 'can not be written',
  10: 'can not be read or written (I/O error)',
  11: 'is damaged',
  13: 'can not be written: the disk is full',
  [CANNOT_OPEN]: 'can not be opened',
  20: 'is damaged: a value is of the wrong type',
  26: 'is not a database',
};

/** Tables and columns are created with the file: without one of them it is damaged. */
const SCHEMA_DAMAGE = /^no such (table|column): \S+$/;

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'can not be written: the disk is full',
  EDQUOT: 'can not be written: the disk is full (quota)',
  EROFS: 'is on a file system that is mounted read-only',
};

interface FaultOptions {
  file: string;
  /** Makes the error; `reason` continues “The journal FILE …”. */
  fault: (reason: string) => Error;
}

/** Converts errors of SQLite and of the file system with `fault`; any other error is a bug, and stays as it is. */
export function faultOf(error: unknown, { file, fault }: FaultOptions): unknown {
  const reason = reasonOf(error, file);
  if (reason === null) return error;
  const converted = fault(reason);
  converted.cause = error;
  return converted;
}

/** True for an error of SQLite, converted or not, because another connection writes or checkpoints. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return sqliteCode(error) === BUSY || (error.cause !== undefined && isBusy(error.cause));
}

function reasonOf(error: unknown, file: string): string | null {
  if (!(error instanceof Error)) return null;
  const code = sqliteCode(error);
  if (code === READ_ONLY || code === CANNOT_OPEN) return whyNotWritable(file) ?? REASONS[code] ?? null;
  if (code === 1 && SCHEMA_DAMAGE.test(error.message)) return `is damaged: ${error.message}`;
  if (code !== null) return REASONS[code] ?? null;
  if (!('syscall' in error && 'code' in error)) return null;
  const system = systemCode(error, '');
  return whyNotWritable(file) ?? SYSTEM_REASONS[system] ?? `can not be written (${system})`;
}

function sqliteCode(error: Error): number | null {
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

/** Finds the cause for which the file, its log or its folder can't be written: the mount, or another owner. */
function whyNotWritable(file: string): string | null {
  for (const path of [file, `${file}-wal`, `${file}-shm`, dirname(file)]) {
    if (!existsSync(path)) continue;
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (error) {
      const code = systemCode(error, '');
      if (code !== 'EACCES') return SYSTEM_REASONS[code] ?? null;
      const { uid } = statSync(path);
      const isForeign = process.getuid !== undefined && uid !== process.getuid();
      return isForeign ? `can not be written: ${path} belongs to another user (uid ${uid})` : null;
    }
  }
  return null;
}
