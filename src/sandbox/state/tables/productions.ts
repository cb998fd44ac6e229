import type { SqliteConnection } from '../../../database/sqlite.ts';

/** The stored production state of a card. */
export interface Track {
  /** The production that GET returns; null before READY. */
  production: Production | null;
  /** A produce request that waits for the printer (REQUEST_CREATED_BUT_NOT_STARTED). */
  queued: KioskRequest | null;
  /** Time of the last event of this card, including rejected requests. */
  latestAt: number | null;
}

export interface Production {
  status: 'READY' | 'IN_PROGRESS' | 'PRODUCED' | 'PRODUCTION_ERROR';
  /** Kiosk of the produce request; null in the status READY. */
  kioskId: string | null;
  /** Time of the produce request, in milliseconds since the epoch. */
  occurredAt: number;
  /** Set only in the status PRODUCTION_ERROR. */
  errorCode: string | null;
}

interface KioskRequest {
  kioskId: string;
  occurredAt: number;
}

export interface ProductionOutcome {
  status: 'PRODUCED' | 'PRODUCTION_ERROR';
  errorCode: string | null;
}

export const UNTOUCHED: Track = { production: null, queued: null, latestAt: null };

export const PRODUCTIONS_TABLE = `
CREATE TABLE productions (
  card_token TEXT PRIMARY KEY,
  -- null until READY.
  status TEXT,
  kiosk_id TEXT,
  occurred_at INTEGER,
  error_code TEXT,
  -- A request that exists and was not started yet.
  queued_kiosk_id TEXT,
  queued_at INTEGER,
  -- The latest time that anything about this card was given.
  latest_at INTEGER
);
`;

interface ProductionRow {
  status: Production['status'] | null;
  kioskId: string | null;
  occurredAt: number | null;
  errorCode: string | null;
  queuedKioskId: string | null;
  queuedAt: number | null;
  latestAt: number | null;
}

export function readTrack(db: SqliteConnection, cardToken: string): Track {
  const row = db.get<ProductionRow>(
    `SELECT status, kiosk_id AS kioskId, occurred_at AS occurredAt, error_code AS errorCode,
       queued_kiosk_id AS queuedKioskId, queued_at AS queuedAt, latest_at AS latestAt
     FROM productions WHERE card_token = :cardToken`,
    { cardToken },
  );
  if (!row) return UNTOUCHED;
  const { status, kioskId, occurredAt, errorCode, queuedKioskId, queuedAt, latestAt } = row;
  return {
    production: status === null || occurredAt === null ? null : { status, kioskId, occurredAt, errorCode },
    queued:
      queuedKioskId === null || queuedAt === null ? null : { kioskId: queuedKioskId, occurredAt: queuedAt },
    latestAt,
  };
}

export function writeTrack(
  db: SqliteConnection,
  cardToken: string,
  { production, queued, latestAt }: Track,
): void {
  db.run(
    `INSERT OR REPLACE INTO productions
       (card_token, status, kiosk_id, occurred_at, error_code, queued_kiosk_id, queued_at, latest_at)
     VALUES (:cardToken, :status, :kioskId, :occurredAt, :errorCode, :queuedKioskId, :queuedAt, :latestAt)`,
    {
      cardToken,
      status: production?.status ?? null,
      kioskId: production?.kioskId ?? null,
      occurredAt: production?.occurredAt ?? null,
      errorCode: production?.errorCode ?? null,
      queuedKioskId: queued?.kioskId ?? null,
      queuedAt: queued?.occurredAt ?? null,
      latestAt,
    },
  );
}

export const DUE_TABLE = `
CREATE TABLE due (
  id INTEGER PRIMARY KEY,
  due_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  -- The order id or card token, as text.
  subject TEXT NOT NULL,
  transition TEXT NOT NULL
);
CREATE INDEX due_order ON due (due_at, id);
`;

/** A scheduled change of the state. */
export type Transition =
  | { kind: 'details-created'; orderId: number }
  | { kind: 'order-produced'; orderId: number }
  | { kind: 'cancelled'; orderId: number }
  | { kind: 'ready'; cardToken: string }
  /** Starts the queued request that `occurredAt` identifies. */
  | { kind: 'started'; cardToken: string; occurredAt: number }
  /** Ends the attempt that `occurredAt` identifies. */
  | ({ kind: 'finished'; cardToken: string; occurredAt: number } & ProductionOutcome);

export function schedule(db: SqliteConnection, transition: Transition, dueAt: number): void {
  const subject = 'orderId' in transition ? String(transition.orderId) : transition.cardToken;
  db.run(
    `INSERT INTO due (due_at, kind, subject, transition) VALUES (:dueAt, :kind, :subject, :transition)`,
    { dueAt, kind: transition.kind, subject, transition: JSON.stringify(transition) },
  );
}

export function isDue(db: SqliteConnection, at: number): boolean {
  // The time is no parameter of the statement, so that its result stays in memory until the state changes.
  const earliest = db.get<{ dueAt: number | null }>('SELECT MIN(due_at) AS dueAt FROM due')?.dueAt;
  return earliest !== null && earliest !== undefined && earliest <= at;
}

export function isScheduled(
  db: SqliteConnection,
  kind: Transition['kind'],
  subject: number | string,
): boolean {
  const sql = 'SELECT 1 FROM due WHERE kind = :kind AND subject = :subject';
  return db.get(sql, { kind, subject: String(subject) }) !== undefined;
}

/** Removes and returns the earliest due transition. */
export function takeDue(
  db: SqliteConnection,
  at: number,
): { transition: Transition; dueAt: number } | undefined {
  const row = db.get<{ due_at: number; transition: string }>(
    `DELETE FROM due WHERE id = (SELECT id FROM due WHERE due_at <= :at ORDER BY due_at, id LIMIT 1)
     RETURNING due_at, transition`,
    { at },
  );
  if (!row) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return { transition: JSON.parse(row.transition) as Transition, dueAt: row.due_at };
}
