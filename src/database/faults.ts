import { explainFault, findObstacle } from '../machine/file-faults.ts';

const BUSY = 5;
const READ_ONLY = 8;
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;

const REASONS: Readonly<Record<number, string>> = {
  [BUSY]: 'is locked by another process',
  [READ_ONLY]: 'cannot be written',
  [IO_ERROR]: 'cannot be read or written (I/O error)',
  11: 'is damaged',
  [FULL]: 'cannot be written: the disk is full',
  [CANNOT_OPEN]: 'cannot be opened',
  20: 'is damaged: a value is of the wrong type',
  26: 'is not a database',
};

/** Missing tables or columns mean damage, because they are created with the file. */
const SCHEMA_DAMAGE = /^no such (table|column): \S+$/;

/**
 * Creates the error for an unusable file.
 * @param reason continues “The journal FILE …”
 * @param fix sentence without a full stop; null if the reason has no known fix
 */
export type MakeFault = (reason: string, fix?: string | null) => Error;

interface FaultOptions {
  file: string;
  fault: MakeFault;
}

/**
 * Converts errors of SQLite and the file system with `fault`. Returns other errors unchanged, because they are bugs.
 */
export function faultOf(error: unknown, { file, fault }: FaultOptions): unknown {
  const found = causeOf(error, file);
  if (found === null) return error;
  const converted = fault(found.reason, found.fix);
  converted.cause = error;
  return converted;
}

/** True for a SQLite error (converted or not) that another connection's write or checkpoint caused. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return sqliteCode(error) === BUSY || (error.cause !== undefined && isBusy(error.cause));
}

interface Cause {
  reason: string;
  fix?: string | null;
}

function causeOf(error: unknown, file: string): Cause | null {
  if (!(error instanceof Error)) return null;
  const code = sqliteCode(error);
  if (code === READ_ONLY || code === IO_ERROR || code === CANNOT_OPEN) {
    const obstacle = findObstacle(filesOf(file), 'write');
    if (obstacle) return notWritable(obstacle);
  }
  if (code === 1 && SCHEMA_DAMAGE.test(error.message)) return { reason: `is damaged: ${error.message}` };
  if (code !== null) {
    const reason = REASONS[code];
    return reason === undefined ? null : { reason, fix: code === FULL ? 'Free space on its disk' : null };
  }
  if (!('syscall' in error && 'code' in error)) return null;
  return notWritable(explainFault(error, filesOf(file), 'write'));
}

function notWritable({ reason, fix }: { reason: string; fix: string | null }): Cause {
  return { reason: `cannot be written: ${reason}`, fix };
}

/** Returns the database file and SQLite's files next to it. */
function filesOf(file: string): string[] {
  return [file, `${file}-wal`, `${file}-shm`];
}

/** Returns the primary result code of a SQLite error; null for other errors. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error && 'errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}
