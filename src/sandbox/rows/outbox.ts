import type { Database } from '../../sqlite/database.ts';

/** The body of a webhook, as the vendor's examples show it. */
export interface EventBody {
  data: Record<string, unknown>;
  subscription_id: string;
  event_type: string;
  schema_version: string;
  sent_at: string;
}

/** One event that waits for its delivery. */
export interface OutboxEntry {
  id: number;
  /** When it was written, in milliseconds of the virtual clock. */
  at: number;
  /** Both only of a test notification, which goes to one subscription. */
  subscriptionId: string | null;
  deliveryId: string | null;
  body: EventBody;
}

interface OutboxRow extends Omit<OutboxEntry, 'body'> {
  body: string;
}

export function insertEvent(
  db: Database,
  event: { at: number; body: EventBody; test?: { subscriptionId: string; deliveryId: string } },
): void {
  db.run(
    `INSERT INTO outbox (at, subscription_id, delivery_id, body)
     VALUES (:at, :subscriptionId, :deliveryId, :body)`,
    {
      at: event.at,
      subscriptionId: event.test?.subscriptionId ?? null,
      deliveryId: event.test?.deliveryId ?? null,
      body: JSON.stringify(event.body),
    },
  );
}

/** Oldest first. */
export function listEvents(db: Database): OutboxEntry[] {
  return db
    .all<OutboxRow>(
      `SELECT id, at, subscription_id AS subscriptionId, delivery_id AS deliveryId, body
       FROM outbox ORDER BY id`,
    )
    .map(toEntry);
}

function toEntry(row: OutboxRow): OutboxEntry {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return { ...row, body: JSON.parse(row.body) as EventBody };
}
