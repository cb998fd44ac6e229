import type { Database } from '../../../database/sqlite.ts';

/** What is kept about the production of a card. */
export interface Track {
  /** What GET shows; null before READY. */
  production: Production | null;
  /** A request that exists (REQUEST_CREATED_BUT_NOT_STARTED) and waits for its printer. */
  queued: KioskRequest | null;
  /** The latest time that was given to anything about this card, refusals included. */
  latestAt: number | null;
}

export interface Production {
  status: 'READY' | 'IN_PROGRESS' | 'PRODUCED' | 'PRODUCTION_ERROR';
  /** null while READY. */
  kioskId: string | null;
  /** When the request of this attempt was sent to the kiosk, in milliseconds since the epoch. */
  occurredAt: number;
  /** Only with PRODUCTION_ERROR. */
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

interface ProductionRow {
  status: Production['status'] | null;
  kiosk_id: string | null;
  occurred_at: number | null;
  error_code: string | null;
  queued_kiosk_id: string | null;
  queued_at: number | null;
  latest_at: number | null;
}

export function readTrack(db: Database, cardToken: string): Track {
  const row = db.get<ProductionRow>(
    `SELECT status, kiosk_id, occurred_at, error_code, queued_kiosk_id, queued_at, latest_at
     FROM productions WHERE card_token = :cardToken`,
    { cardToken },
  );
  return row ? toTrack(row) : UNTOUCHED;
}

export function writeTrack(db: Database, cardToken: string, { production, queued, latestAt }: Track): void {
  db.run(
    `INSERT INTO productions
       (card_token, status, kiosk_id, occurred_at, error_code, queued_kiosk_id, queued_at, latest_at)
     VALUES (:cardToken, :status, :kioskId, :occurredAt, :errorCode, :queuedKioskId, :queuedAt, :latestAt)
     ON CONFLICT (card_token) DO UPDATE SET
       status = excluded.status, kiosk_id = excluded.kiosk_id, occurred_at = excluded.occurred_at,
       error_code = excluded.error_code, queued_kiosk_id = excluded.queued_kiosk_id,
       queued_at = excluded.queued_at, latest_at = excluded.latest_at`,
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

function toTrack(row: ProductionRow): Track {
  const { status, occurred_at: occurredAt, queued_kiosk_id: queuedKioskId, queued_at: queuedAt } = row;
  return {
    production:
      status === null || occurredAt === null
        ? null
        : { status, kioskId: row.kiosk_id, occurredAt, errorCode: row.error_code },
    queued:
      queuedKioskId === null || queuedAt === null ? null : { kioskId: queuedKioskId, occurredAt: queuedAt },
    latestAt: row.latest_at,
  };
}

/** Something that happens by itself at a known time. */
export type Transition =
  | { kind: 'details-created'; orderId: number }
  | { kind: 'order-produced'; orderId: number }
  | { kind: 'cancelled'; orderId: number }
  | { kind: 'ready'; cardToken: string }
  /** A queued request begins. `occurredAt` names the request, here and below: a later one is another. */
  | { kind: 'started'; cardToken: string; occurredAt: number }
  | ({ kind: 'finished'; cardToken: string; occurredAt: number } & ProductionOutcome);

export function schedule(db: Database, transition: Transition, dueAt: number): void {
  db.run(
    `INSERT INTO due (due_at, kind, subject, transition) VALUES (:dueAt, :kind, :subject, :transition)`,
    { dueAt, kind: transition.kind, subject: subjectOf(transition), transition: JSON.stringify(transition) },
  );
}

export function isDue(db: Database, at: number): boolean {
  return db.get('SELECT 1 FROM due WHERE due_at <= :at LIMIT 1', { at }) !== undefined;
}

export function isScheduled(db: Database, kind: Transition['kind'], subject: number | string): boolean {
  return (
    db.get('SELECT 1 FROM due WHERE kind = :kind AND subject = :subject', {
      kind,
      subject: String(subject),
    }) !== undefined
  );
}

/** Removes the earliest transition that is due. */
export function takeDue(db: Database, at: number): { transition: Transition; dueAt: number } | undefined {
  const row = db.get<{ due_at: number; transition: string }>(
    `DELETE FROM due WHERE id = (SELECT id FROM due WHERE due_at <= :at ORDER BY due_at, id LIMIT 1)
     RETURNING due_at, transition`,
    { at },
  );
  if (!row) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return { transition: JSON.parse(row.transition) as Transition, dueAt: row.due_at };
}

function subjectOf(transition: Transition): string {
  return 'orderId' in transition ? String(transition.orderId) : transition.cardToken;
}
