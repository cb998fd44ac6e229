import { DatabaseError } from 'pg';
import type { MakeFault } from '../database/faults.ts';
import { Failure } from '../domain/errors/failure.ts';
import { UPGRADE } from './schema-version.ts';
import { ConnectionLost } from './session.ts';

interface Cause {
  reason: string;
  fix?: string;
}

const CREATE = 'Create it: kioskctl journal create';
const DATABASE = 'Create the database on its server first: CREATE DATABASE <NAME>';
const ROLE = 'Make the login a member of the operator role of the journal';
const LOGIN = 'Check the user in the URL, and KIOSKCTL_JOURNAL_PASSWORD';
const ENDED = 'cannot be used: its server is starting or stopping';

/** Cause of errors behind a pooler that does not preserve the locks and settings of a session. */
export const POOLER = {
  reason: 'cannot be used through this pooler',
  fix: 'Use a direct connection to the server',
} as const satisfies Cause;

/** Causes of server errors, by SQLSTATE. */
const BY_STATE: Readonly<Record<string, Cause>> = {
  '08P01': POOLER,
  '25006': { reason: 'cannot be written: the server is read-only', fix: 'Use the primary server' },
  '28000': { reason: 'rejected the login', fix: LOGIN },
  '28P01': { reason: 'rejected the login', fix: LOGIN },
  '3D000': { reason: 'cannot be used: there is no such database', fix: DATABASE },
  '3F000': { reason: 'does not exist', fix: CREATE },
  '42501': { reason: 'cannot be used: the login lacks the privileges for it', fix: ROLE },
  '42704': { reason: 'cannot be used: its server is too old', fix: 'Use PostgreSQL 14 or newer' },
  '42703': { reason: 'has the schema of an older version', fix: UPGRADE },
  '42P01': { reason: 'does not exist', fix: CREATE },
  '53100': { reason: 'cannot be written: the disk of its server is full' },
  '53300': { reason: 'cannot be used: its server has too many connections' },
  '55P03': { reason: 'is locked by another process' },
  '57014': { reason: 'is locked by another process' },
  '57P01': { reason: ENDED },
  '57P02': { reason: ENDED },
  '57P03': { reason: ENDED },
  '58030': { reason: 'cannot be read or written (I/O error)' },
  XX001: { reason: 'is damaged' },
  XX002: { reason: 'is damaged' },
};

/** Causes of other errors, by the class of their SQLSTATE. Errors of the remaining classes are bugs. */
const BY_CLASS: Readonly<Record<string, string>> = {
  '08': 'cannot be used: the connection to its server failed',
  '28': 'rejected the login',
  '53': 'cannot be used: its server lacks resources',
  '57': 'cannot be used: its server ended the statement',
  '58': 'cannot be used: its server reported a system error',
  XX: 'cannot be used: its server reported an internal error',
};

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no network',
  ENOENT: 'no such socket',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'unknown host',
  ETIMEDOUT: 'no answer',
  EACCES: 'permission denied',
};

const CERTIFICATE = /CERT|SIGNED|ISSUER|^ERR_(TLS|SSL|OSSL)/;

/**
 * Converts errors of the server and the connection with `fault`. Returns other errors unchanged, because they are bugs.
 * The error text is dropped, because it may contain values.
 */
export function faultOf(error: unknown, fault: MakeFault): unknown {
  const found = causeOf(error);
  if (found === null) return error;
  const converted = fault(found.reason, found.fix);
  converted.cause = error;
  return converted;
}

/**
 * True if the server rolled back a transaction that may succeed when it is retried (serialization failure, deadlock).
 */
export function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01');
}

/** True for a table that does not exist, or whose schema the login can't use. */
export function isMissingTable(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42P01';
}

/** True if the login lacks the privileges for a statement. */
export function isUnprivileged(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42501';
}

/** True for an error of the server, the connection or its settings; false for a bug. */
export function isFault(error: unknown): boolean {
  return error instanceof Failure || error instanceof DatabaseError || causeOf(error) !== null;
}

function causeOf(error: unknown): Cause | null {
  if (error instanceof ConnectionLost) {
    const cause = error.cause instanceof DatabaseError ? causeOf(error.cause) : null;
    return cause ?? { reason: 'cannot be used: the connection to its server was lost' };
  }
  if (error instanceof DatabaseError) return causeOfState(error.code ?? '');
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const network = NETWORK[code];
  if (network !== undefined) return { reason: `cannot be reached: ${network}` };
  if (CERTIFICATE.test(code))
    return {
      reason: 'cannot be used: the certificate of its server is not valid for it',
      fix: 'Name the certificate of its authority in the URL: ?sslrootcert=<FILE>',
    };
  return BY_MESSAGE.find(([message]) => error.message === message)?.[1] ?? null;
}

function causeOfState(state: string): Cause | null {
  const reason = BY_CLASS[state.slice(0, 2)];
  return BY_STATE[state] ?? (reason === undefined ? null : { reason: `${reason} (SQLSTATE ${state})` });
}

/** Causes of pg's errors that have no code, by message. */
const BY_MESSAGE: readonly (readonly [message: string, cause: Cause])[] = [
  ['timeout expired', { reason: 'cannot be reached: no answer' }],
  ['Connection terminated unexpectedly', { reason: 'cannot be reached: connection closed' }],
  ['Connection terminated', { reason: 'cannot be reached: connection closed' }],
  [
    'The server does not support SSL connections',
    { reason: 'cannot be used: its server has no TLS', fix: 'Set up TLS on the server' },
  ],
  [
    'There was an error establishing an SSL connection',
    { reason: 'cannot be used: its server has no TLS', fix: 'Set up TLS on the server' },
  ],
];
