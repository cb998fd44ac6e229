import type { Database } from '../../../database/sqlite.ts';
import type { ProductionOutcome } from './productions.ts';

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
