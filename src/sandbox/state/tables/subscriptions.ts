import type { SqliteConnection } from '../../../database/sqlite.ts';

/** `Subscription` of the Wise API. */
export interface Subscription {
  id: string;
  name: string;
  trigger_on: string;
  delivery: { version: string; url: string; mtls_enabled?: boolean | undefined };
  scope: { domain: 'application'; id: string };
  created_by: { type: 'application'; id: string };
  created_at: string;
}

export const SUBSCRIPTIONS_TABLE = `
CREATE TABLE subscriptions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  client_key TEXT NOT NULL,
  subscription TEXT NOT NULL
);
`;

export function insertSubscription(
  db: SqliteConnection,
  clientKey: string,
  subscription: Subscription,
): void {
  db.run(`INSERT INTO subscriptions (id, client_key, subscription) VALUES (:id, :clientKey, :subscription)`, {
    id: subscription.id,
    clientKey,
    subscription: JSON.stringify(subscription),
  });
}

export function findSubscription(db: SqliteConnection, id: string): Subscription | undefined {
  const sql = 'SELECT subscription FROM subscriptions WHERE id = :id';
  const row = db.get<{ subscription: string }>(sql, { id });
  return row && toSubscription(row);
}

/** Lists the subscriptions of a client, oldest first. */
export function listSubscriptions(db: SqliteConnection, clientKey: string): Subscription[] {
  return db
    .all<{ subscription: string }>(
      'SELECT subscription FROM subscriptions WHERE client_key = :clientKey ORDER BY number',
      { clientKey },
    )
    .map(toSubscription);
}

/**
 * Lists the subscriptions of all clients, oldest first.
 * @param eventType only subscriptions to this type; null for all
 */
export function listReceivers(db: SqliteConnection, eventType: string | null): Subscription[] {
  return db
    .all<{ subscription: string }>(
      `SELECT subscription FROM subscriptions
       WHERE :eventType IS NULL OR json_extract(subscription, '$.trigger_on') = :eventType ORDER BY number`,
      { eventType },
    )
    .map(toSubscription);
}

/** True if any client has a subscription. */
export function hasSubscriptions(db: SqliteConnection): boolean {
  return db.get('SELECT 1 FROM subscriptions LIMIT 1') !== undefined;
}

/** Deletes a subscription and its pending deliveries (assumption). */
export function deleteSubscription(db: SqliteConnection, id: string): void {
  db.run('DELETE FROM deliveries WHERE subscription_id = :id', { id });
  db.run('DELETE FROM subscriptions WHERE id = :id', { id });
}

function toSubscription({ subscription }: { subscription: string }): Subscription {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return JSON.parse(subscription) as Subscription;
}
