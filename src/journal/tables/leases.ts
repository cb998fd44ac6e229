import type { Database } from '../../database/sqlite.ts';
import type { Holder } from '../../domain/attempt.ts';
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
  owner: string;
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
  lease: { subject: string; act: string; owner: string; holder: Holder; at: number },
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
    act: row.act,
    owner: row.owner,
    holder: {
      host: row.holder_host,
      user: row.holder_user,
      pid: row.holder_pid,
      startedAt: row.holder_started_at,
    },
    takenAt: row.taken_at,
    renewedAt: row.renewed_at,
  };
}
