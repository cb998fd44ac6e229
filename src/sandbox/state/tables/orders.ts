import type { SqliteConnection } from '../../../database/sqlite.ts';
import type { OrderRequest } from '../../../wire/orders.ts';

export type OrderStatus =
  | 'PLACED'
  | 'REQUIREMENTS_FULFILLED'
  | 'CARD_DETAILS_CREATED'
  | 'PRODUCED'
  | 'COMPLETED'
  | 'CANCELLED'
  | 'RETURNED';

export type CardType = 'PHYSICAL' | 'VIRTUAL_NON_UPGRADEABLE';

export interface Order {
  id: number;
  profileId: number;
  /** Hash of the request body, to detect a reused idempotency key with another body. */
  fingerprint: string;
  cardType: CardType;
  status: OrderStatus;
  /** null until the card is created. */
  cardToken: string | null;
  request: OrderRequest;
  createdAt: number;
  modifiedAt: number;
}

export interface NewOrder
  extends Pick<Order, 'profileId' | 'fingerprint' | 'cardType' | 'status' | 'request'> {
  idempotencyKey: string;
  at: number;
}

export interface Page {
  size: number;
  /** Page number, from 1. */
  number: number;
}

interface OrderRow extends Omit<Order, 'request'> {
  request: string;
}

export const ORDERS_TABLE = `
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  profile_id INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  -- A hash of the body that came with the key.
  fingerprint TEXT NOT NULL,
  card_type TEXT NOT NULL,
  status TEXT NOT NULL,
  card_token TEXT UNIQUE,
  -- The body of the request as JSON.
  request TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  UNIQUE (profile_id, idempotency_key)
);
`;

const COLUMNS = `id, profile_id AS profileId, fingerprint, card_type AS cardType, status,
  card_token AS cardToken, request, created_at AS createdAt, modified_at AS modifiedAt`;
const SELECT = `SELECT ${COLUMNS} FROM orders`;

/** Stores a new order. Order ids start at 501. */
export function insertOrder(db: SqliteConnection, order: NewOrder): Order {
  const [row] = db.all<OrderRow>(
    `INSERT INTO orders (id, profile_id, idempotency_key, fingerprint, card_type, status, request, created_at, modified_at)
     VALUES ((SELECT COALESCE(MAX(id), 500) + 1 FROM orders), :profileId, :idempotencyKey, :fingerprint, :cardType,
       :status, :request, :at, :at)
     RETURNING ${COLUMNS}`,
    { ...order, request: JSON.stringify(order.request) },
  );
  if (!row) throw new TypeError('an order was not stored');
  return toOrder(row);
}

export function findOrder(db: SqliteConnection, id: number): Order | undefined {
  return db.all<OrderRow>(`${SELECT} WHERE id = :id`, { id }).map(toOrder)[0];
}

export function findOrderByKey(
  db: SqliteConnection,
  profileId: number,
  idempotencyKey: string,
): Order | undefined {
  const sql = `${SELECT} WHERE profile_id = :profileId AND idempotency_key = :idempotencyKey`;
  return db.all<OrderRow>(sql, { profileId, idempotencyKey }).map(toOrder)[0];
}

/** Lists the orders of a profile, newest first. */
export function listOrders(db: SqliteConnection, profileId: number, page: Page): Order[] {
  return db
    .all<OrderRow>(`${SELECT} WHERE profile_id = :profileId ORDER BY id DESC LIMIT :size OFFSET :skip`, {
      profileId,
      size: page.size,
      skip: (page.number - 1) * page.size,
    })
    .map(toOrder);
}

export function listPlacedOrders(db: SqliteConnection, profileId: number): Order[] {
  return db
    .all<OrderRow>(`${SELECT} WHERE profile_id = :profileId AND status = 'PLACED' ORDER BY id`, { profileId })
    .map(toOrder);
}

export function countOrders(db: SqliteConnection, profileId: number): number {
  const sql = 'SELECT COUNT(*) AS count FROM orders WHERE profile_id = :profileId';
  return db.get<{ count: number }>(sql, { profileId })?.count ?? 0;
}

/**
 * Counts the orders of a card type for a limit. Leaves out cancelled and returned orders, and orders with a blocked
 * card.
 */
export function countPlaces(
  db: SqliteConnection,
  { since = 0, ...of }: { profileId: number; cardType: CardType; since?: number },
): number {
  const sql = `SELECT COUNT(*) AS count FROM orders LEFT JOIN cards ON cards.token = orders.card_token
    WHERE orders.profile_id = :profileId AND card_type = :cardType AND orders.created_at > :since
      AND orders.status NOT IN ('CANCELLED', 'RETURNED') AND COALESCE(cards.status, '') <> 'BLOCKED'`;
  return db.get<{ count: number }>(sql, { ...of, since })?.count ?? 0;
}

export function updateOrderStatus(
  db: SqliteConnection,
  id: number,
  { status, at }: { status: OrderStatus; at: number },
): void {
  db.run('UPDATE orders SET status = :status, modified_at = :at WHERE id = :id', { id, status, at });
}

export function updateOrderCard(db: SqliteConnection, id: number, cardToken: string): void {
  db.run('UPDATE orders SET card_token = :cardToken WHERE id = :id', { id, cardToken });
}

function toOrder(row: OrderRow): Order {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return { ...row, request: JSON.parse(row.request) as OrderRequest };
}
