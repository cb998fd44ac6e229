import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Database } from '../../database/sqlite.ts';
import type { Attempt, OwnerProcess } from '../../domain/attempt.ts';
import type { Lease } from './records.ts';

interface LeaseRow {
  subject: string;
  act: string;
  owner: string;
  holder_host: string;
  holder_user: string;
  holder_pid: number;
  holder_started_at: string | null;
  taken_at: number;
  renewed_at: number;
}

/** A lease with what tells whether it still holds. */
export interface KeptLease extends Lease {
  connection: string;
  renewedAt: number;
}

const COLUMNS = `subject, act, owner, holder_host, holder_user, holder_pid, holder_started_at, taken_at, renewed_at`;

export function findLease(db: Database, environment: string, subject: string): KeptLease | null {
  const row = db.get<LeaseRow>(
    `SELECT ${COLUMNS} FROM leases WHERE environment = :environment AND subject = :subject`,
    { environment, subject },
  );
  return row ? toLease(row) : null;
}

export function listLeases(db: Database, environment: string): KeptLease[] {
  return db
    .all<LeaseRow>(`SELECT ${COLUMNS} FROM leases WHERE environment = :environment ORDER BY taken_at`, {
      environment,
    })
    .map(toLease);
}

export function putLease(
  db: Database,
  environment: string,
  lease: { subject: string; act: string; owner: string; holder: OwnerProcess; at: number },
): void {
  const { subject, act, owner, holder, at } = lease;
  db.run(
    `INSERT INTO leases (environment, subject, act, owner, holder_host, holder_user, holder_pid, holder_started_at,
       taken_at, renewed_at)
     VALUES (:environment, :subject, :act, :owner, :host, :user, :pid, :startedAt, :at, :at)
     ON CONFLICT (environment, subject) DO UPDATE SET act = :act, owner = :owner, holder_host = :host,
       holder_user = :user, holder_pid = :pid, holder_started_at = :startedAt, taken_at = :at, renewed_at = :at`,
    { environment, subject, act, owner, at, ...holder },
  );
}

export function renewLeases(
  db: Database,
  environment: string,
  { owner, at }: { owner: string; at: number },
): void {
  db.run('UPDATE leases SET renewed_at = :at WHERE environment = :environment AND owner = :owner', {
    environment,
    owner,
    at,
  });
}

export function deleteLease(
  db: Database,
  environment: string,
  { subject, owner }: { subject: string; owner: string },
): void {
  db.run('DELETE FROM leases WHERE environment = :environment AND subject = :subject AND owner = :owner', {
    environment,
    subject,
    owner,
  });
}

function toLease(row: LeaseRow): KeptLease {
  return {
    subject: row.subject,
    action: row.act,
    connection: row.owner,
    owner: {
      host: row.holder_host,
      user: row.holder_user,
      pid: row.holder_pid,
      startedAt: row.holder_started_at,
    },
    takenAt: row.taken_at,
    renewedAt: row.renewed_at,
  };
}

/** A claim that sent nothing is free again after this long, even when nobody can tell whether its process lives. */
const CLAIM_LEASE_MS = 120_000;

/** After this long no request is on its way any more: it has a limit of 30 seconds. */
const SENDING_LEASE_MS = 40_000;

/** This process, as the journal names it. */
export function currentOwner(): OwnerProcess {
  return {
    host: hostname(),
    user: userName(),
    pid: process.pid,
    startedAt: readStat(process.pid)?.startedAt ?? null,
  };
}

/** Is the process that holds an open attempt still at it? A claim or request that is too old counts as left behind. */
export function isHeld({ owner, outcome, claimedAt, sentAt }: Attempt, now: number): boolean {
  const lease = outcome === 'claimed' ? CLAIM_LEASE_MS : SENDING_LEASE_MS;
  if (now - (sentAt ?? claimedAt) > lease) return false;
  return mayBeAlive(owner);
}

/** Does the process of a holder still run? True also for another machine's, where it can't be told. */
export function mayBeAlive(holder: OwnerProcess): boolean {
  return holder.host !== hostname() || isAlive(holder);
}

function isAlive({ pid, startedAt }: OwnerProcess): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = readStat(pid);
  // Killed, and only not taken note of by its parent.
  if (stat && /[ZX]/.test(stat.state)) return false;
  return startedAt === null || startedAt === (stat?.startedAt ?? null);
}

/** State and start of a process (Linux, proc(5), fields 3 and 22, in clock ticks since boot); null elsewhere. */
function readStat(pid: number): { state: string; startedAt: string | null } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAt: fields[19] ?? null };
  } catch {
    return null;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
