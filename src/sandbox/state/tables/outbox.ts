import type { Database } from '../../../database/sqlite.ts';
import { enqueueDeliveries } from './deliveries.ts';
import type { EventBody } from './event-body.ts';

/** One event, for everybody who is subscribed to its type. */
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

/** Writes an event, and queues its delivery to those who are subscribed to it now. */
export function insertEvent(
  db: Database,
  event: { at: number; body: EventBody; test?: { subscriptionId: string; deliveryId: string } },
): void {
  const { at, body, test } = event;
  const row = db.get<{ id: number }>(
    `INSERT INTO outbox (at, subscription_id, delivery_id, body)
     VALUES (:at, :subscriptionId, :deliveryId, :body) RETURNING id`,
    {
      at,
      subscriptionId: test?.subscriptionId ?? null,
      deliveryId: test?.deliveryId ?? null,
      body: JSON.stringify(body),
    },
  );
  enqueueDeliveries(db, { eventId: row?.id ?? 0, eventType: body.event_type, at, test });
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
