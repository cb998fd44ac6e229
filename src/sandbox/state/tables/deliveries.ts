import type { SqliteConnection } from '../../../database/sqlite.ts';
import { listReceivers, type Subscription } from './subscriptions.ts';
import { drawUuid } from './tokens.ts';

/** A delivery that this process has claimed. */
export interface ClaimedDelivery {
  /** Value of `X-Delivery-Id`, the same for all attempts (assumption). */
  deliveryId: string;
  /** Number of the attempt, from 1. */
  attempt: number;
  isTest: boolean;
  body: EventBody;
  subscription: Subscription;
}

interface ListedDelivery {
  deliveryId: string;
  eventId: number;
  subscriptionId: string;
  attempts: number;
  /**
   * Virtual time of the next attempt, in milliseconds; null if the delivery succeeded or its attempts are exhausted.
   */
  dueAt: number | null;
  /** HTTP status of the last attempt: 0 without a response; null before the first attempt. */
  status: number | null;
}

export const OUTBOX_TABLE = `
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- Both only of test notifications, which go to one subscription.
  subscription_id TEXT,
  delivery_id TEXT,
  body TEXT NOT NULL
);
`;

export const DELIVERIES_TABLE = `
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL,
  subscription_id TEXT NOT NULL,
  delivery_id TEXT NOT NULL UNIQUE,
  -- Those that were begun.
  attempts INTEGER NOT NULL,
  -- When the next one is due; null once it arrived or was given up.
  due_at INTEGER,
  -- Until when one process has it for itself, in milliseconds of the real clock.
  claimed_until INTEGER NOT NULL,
  -- What the last attempt was answered with: 0 for no answer, null before the first one.
  status INTEGER
);
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE due_at IS NOT NULL;
`;

/** True if a delivery can be claimed. @param time `at`: virtual time; `now`: real time */
export function isDeliveryDue(db: SqliteConnection, { at, now }: { at: number; now: number }): boolean {
  const due = 'SELECT 1 FROM deliveries WHERE due_at <= :at AND claimed_until <= :now LIMIT 1';
  return db.get(due, { at, now }) !== undefined;
}

/**
 * Claims due deliveries and counts an attempt for each. Other processes can't claim them before `until`.
 * @param options `at`: virtual time; `now` and `until`: real time
 */
export function claimDeliveries(
  db: SqliteConnection,
  { at, now, until, limit }: { at: number; now: number; until: number; limit: number },
): ClaimedDelivery[] {
  const claimed = db.all<{ id: number }>(
    `UPDATE deliveries SET claimed_until = :until, attempts = attempts + 1
     WHERE id IN (SELECT id FROM deliveries WHERE due_at <= :at AND claimed_until <= :now
                  ORDER BY due_at, id LIMIT :limit)
     RETURNING id`,
    { at, now, until, limit },
  );
  return claimed.toSorted((left, right) => left.id - right.id).flatMap(({ id }) => findClaimed(db, id) ?? []);
}

/** Releases a claim without counting an attempt. */
export function releaseDelivery(db: SqliteConnection, { deliveryId, attempt }: ClaimedDelivery): void {
  db.run(
    `UPDATE deliveries SET claimed_until = 0, attempts = attempts - 1
     WHERE delivery_id = :deliveryId AND attempts = :attempt`,
    { deliveryId, attempt },
  );
}

/**
 * Records the result of an attempt, unless a newer attempt has started.
 * @param end HTTP status (0 without a response), and the time of the next attempt (null for none)
 */
export function endAttempt(
  db: SqliteConnection,
  { deliveryId, attempt }: ClaimedDelivery,
  end: { status: number; dueAt: number | null },
): void {
  db.run(
    `UPDATE deliveries SET claimed_until = 0, status = :status, due_at = :dueAt
     WHERE delivery_id = :deliveryId AND attempts = :attempt`,
    { deliveryId, attempt, ...end },
  );
}

/** Lists all deliveries, oldest first. */
export function listDeliveries(db: SqliteConnection): ListedDelivery[] {
  return db.all<ListedDelivery>(
    `SELECT delivery_id AS deliveryId, event_id AS eventId, subscription_id AS subscriptionId, attempts,
       due_at AS dueAt, status FROM deliveries ORDER BY id`,
  );
}

function findClaimed(db: SqliteConnection, id: number): ClaimedDelivery | null {
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

/** An event that was published to all subscriptions to its type. */
export interface OutboxEntry {
  id: number;
  /** Virtual time, in milliseconds. */
  at: number;
  /** The only receiver of a test notification; null for other events. */
  subscriptionId: string | null;
  /** Delivery id of a test notification; null for other events. */
  deliveryId: string | null;
  body: EventBody;
}

/**
 * Stores an event and queues its deliveries: one for each subscription to its type; a test notification only to its own
 * subscription.
 */
export function insertEvent(
  db: SqliteConnection,
  event: { at: number; body: EventBody; test?: { subscriptionId: string; deliveryId: string } },
): void {
  const { at, body, test = { subscriptionId: null, deliveryId: null } } = event;
  const { lastId: eventId } = db.run(
    `INSERT INTO outbox (at, subscription_id, delivery_id, body)
     VALUES (:at, :subscriptionId, :deliveryId, :body)`,
    { at, ...test, body: JSON.stringify(body) },
  );
  const receivers = test.subscriptionId ? [{ id: test.subscriptionId }] : listReceivers(db, body.event_type);
  for (const { id: subscriptionId } of receivers)
    db.run(
      `INSERT INTO deliveries (event_id, subscription_id, delivery_id, attempts, due_at, claimed_until)
       VALUES (:eventId, :subscriptionId, :deliveryId, 0, :at, 0)`,
      { eventId, subscriptionId, deliveryId: test.deliveryId ?? drawUuid(db), at },
    );
}

/** Lists all events, oldest first. */
export function listEvents(db: SqliteConnection): OutboxEntry[] {
  return db
    .all<Omit<OutboxEntry, 'body'> & { body: string }>(
      `SELECT id, at, subscription_id AS subscriptionId, delivery_id AS deliveryId, body
       FROM outbox ORDER BY id`,
    )
    .map((row) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
      return { ...row, body: JSON.parse(row.body) as EventBody };
    });
}

/** The body of a webhook, as in the examples of Wise. */
export interface EventBody {
  data: Record<string, unknown>;
  subscription_id: string;
  event_type: string;
  schema_version: string;
  sent_at: string;
}
