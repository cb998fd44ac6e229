import type { Database } from '../../../database/sqlite.ts';
import type { Subscription } from './subscriptions.ts';
import { drawUuid } from './tokens.ts';

/** An event that one process is to deliver now. */
export interface TakenDelivery {
  /** `X-Delivery-Id`: that of the notification, whichever attempt it is (an assumption). */
  deliveryId: string;
  /** Which attempt this is, from 1. */
  attempt: number;
  isTest: boolean;
  body: EventBody;
  subscription: Subscription;
}

/** How a delivery stands. */
export interface ListedDelivery {
  deliveryId: string;
  eventId: number;
  subscriptionId: string;
  attempts: number;
  /** When the next attempt is due, in milliseconds of the virtual clock; null once it arrived or was given up. */
  dueAt: number | null;
  /** What the last attempt was answered with: 0 for no answer, null before the first one. */
  status: number | null;
}

/** Queues an event for those who are subscribed to its type, or a test notification for its own subscription. */
export function enqueueDeliveries(
  db: Database,
  event: {
    eventId: number;
    eventType: string;
    at: number;
    test?: { subscriptionId: string; deliveryId: string } | undefined;
  },
): void {
  const { eventId, eventType, at, test } = event;
  const receivers = test ? [{ id: test.subscriptionId }] : listSubscribed(db, eventType);
  for (const { id } of receivers) {
    db.run(
      `INSERT INTO deliveries (event_id, subscription_id, delivery_id, attempts, due_at, claimed_until)
       VALUES (:eventId, :subscriptionId, :deliveryId, 0, :at, 0)`,
      { eventId, subscriptionId: id, deliveryId: test?.deliveryId ?? drawUuid(db), at },
    );
  }
}

/** Is there a delivery to take? @param now the real clock, in milliseconds since the epoch */
export function isDeliveryDue(db: Database, { at, now }: { at: number; now: number }): boolean {
  const due = 'SELECT 1 FROM deliveries WHERE due_at <= :at AND claimed_until <= :now LIMIT 1';
  return db.get(due, { at, now }) !== undefined;
}

/**
 * Takes deliveries that are due, which begins an attempt at each: no other process takes them before `until`.
 * @param options `at` in milliseconds of the virtual clock, `now` and `until` of the real one
 */
export function takeDeliveries(
  db: Database,
  { at, now, until, limit }: { at: number; now: number; until: number; limit: number },
): TakenDelivery[] {
  const taken = db.all<{ id: number }>(
    `UPDATE deliveries SET claimed_until = :until, attempts = attempts + 1
     WHERE id IN (SELECT id FROM deliveries WHERE due_at <= :at AND claimed_until <= :now
                  ORDER BY due_at, id LIMIT :limit)
     RETURNING id`,
    { at, now, until, limit },
  );
  return taken.toSorted((left, right) => left.id - right.id).flatMap(({ id }) => findTaken(db, id) ?? []);
}

/** Gives a delivery back, as if its attempt had never been. */
export function giveBack(db: Database, { deliveryId, attempt }: TakenDelivery): void {
  db.run(
    `UPDATE deliveries SET claimed_until = 0, attempts = attempts - 1
     WHERE delivery_id = :deliveryId AND attempts = :attempt`,
    { deliveryId, attempt },
  );
}

/**
 * Writes how an attempt ended, unless another one has begun meanwhile.
 * @param end what it was answered with, 0 for no answer; when the next attempt is due, null for none
 */
export function endAttempt(
  db: Database,
  { deliveryId, attempt }: TakenDelivery,
  end: { status: number; dueAt: number | null },
): void {
  db.run(
    `UPDATE deliveries SET claimed_until = 0, status = :status, due_at = :dueAt
     WHERE delivery_id = :deliveryId AND attempts = :attempt`,
    { deliveryId, attempt, ...end },
  );
}

/** Oldest first. */
export function listDeliveries(db: Database): ListedDelivery[] {
  return db.all<ListedDelivery>(
    `SELECT delivery_id AS deliveryId, event_id AS eventId, subscription_id AS subscriptionId, attempts,
       due_at AS dueAt, status FROM deliveries ORDER BY id`,
  );
}

function listSubscribed(db: Database, eventType: string): { id: string }[] {
  return db.all<{ id: string }>(
    `SELECT id FROM subscriptions WHERE json_extract(subscription, '$.trigger_on') = :eventType ORDER BY number`,
    { eventType },
  );
}

function findTaken(db: Database, id: number): TakenDelivery | null {
  const row = db.get<{
    deliveryId: string;
    attempt: number;
    isTest: number;
    body: string;
    subscription: string;
  }>(
    `SELECT deliveries.delivery_id AS deliveryId, attempts AS attempt, outbox.delivery_id IS NOT NULL AS isTest,
       body, subscription
     FROM deliveries JOIN outbox ON outbox.id = event_id JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
     WHERE deliveries.id = :id`,
    { id },
  );
  if (!row) return null;
  return {
    deliveryId: row.deliveryId,
    attempt: row.attempt,
    isTest: row.isTest === 1,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the sandbox, here and below
    body: JSON.parse(row.body) as EventBody,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    subscription: JSON.parse(row.subscription) as Subscription,
  };
}

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

/** The body of a webhook, as the vendor's examples show it. */
export interface EventBody {
  data: Record<string, unknown>;
  subscription_id: string;
  event_type: string;
  schema_version: string;
  sent_at: string;
}
