import { hash } from 'node:crypto';
import type { Value } from '../../database/database.ts';
import { type CardEvent, contentOf, EVENT_FIELD_NAMES, type KeptEvent } from '../../domain/event.ts';
import type { CardToken } from '../../domain/ids.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { columnOf, selectList } from '../store/columns.ts';
import { Conditions } from '../store/conditions.ts';
import { present, type Scope } from '../store/store.ts';
import type { CardKey } from './cards.ts';

/** A received webhook, with the decoded event. */
export interface Delivery {
  /** Value of `X-Delivery-Id`; null without this header. */
  deliveryId: string | null;
  /** Value of `X-Signature-SHA256`; null for an unverified event. With it, the stored body can be verified again. */
  signature: string | null;
  /** The signed bytes. */
  body: Uint8Array;
  isTest: boolean;
  isVerified: boolean;
  receivedAt: number;
  event: CardEvent;
}

/** A stored event with its original bytes and signature. */
export interface KeptDelivery extends KeptEvent {
  body: Uint8Array;
  signature: string | null;
}

/** Filter for events. Fields are ANDed. */
export interface EventFilter {
  /** The card of the event, by token or order. */
  card?: CardKey;
  eventType?: string;
  kioskId?: string;
  status?: string;
  /** Range of the arrival time: `since` is inclusive, `until` exclusive. */
  since?: number;
  until?: number;
  /** Selects events with a higher id. */
  afterId?: number;
  /** Sorts the newest event first (default: oldest first). */
  newestFirst?: boolean;
  limit?: number;
}

const INSERTED = 'environment deliveryId contentKey body signature isTest isVerified receivedAt'
  .split(' ')
  .concat(EVENT_FIELD_NAMES);

/**
 * SQL statement that inserts an event. Its parameters are positional: named ones take twice as long, and thousands of
 * events may arrive per second.
 */
const INSERT = `INSERT INTO events (${INSERTED.map(columnOf).join(', ')})
  VALUES (${INSERTED.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING RETURNING id`;

export async function insertEvent({ db, environment }: Scope, delivery: Delivery): Promise<KeptEvent | null> {
  const { deliveryId, signature, body, isTest, isVerified, receivedAt, event } = delivery;
  const values: Value[] = [environment, deliveryId, contentKeyOf(delivery), body, signature];
  values.push(Number(isTest), Number(isVerified), receivedAt);
  for (const field of EVENT_FIELD_NAMES) values.push(event[field]);
  const row = await db.get<{ id: number }>(INSERT, values);
  return row ? { ...event, id: row.id, deliveryId, receivedAt, isTest, isVerified } : null;
}

/** A stored event as the database returns it. */
type EventRow = Omit<KeptEvent, 'isTest' | 'isVerified'> & { isTest: number; isVerified: number };

const FIELDS = ['id', 'deliveryId', 'receivedAt', 'isTest', 'isVerified', ...EVENT_FIELD_NAMES];
const SELECT = selectList(FIELDS);

/**
 * Condition on the environment for which SQLite does not use the index by environment. With that index, it would have
 * to sort all events of the environment.
 */
const IN_ENVIRONMENT = "COALESCE(environment, '') = :environment";

export async function listEvents({ db, environment }: Scope, filter: EventFilter): Promise<KeptEvent[]> {
  const conditions = conditionsOf(IN_ENVIRONMENT, { environment, filter });
  const order = filter.newestFirst ? 'DESC' : 'ASC';
  const rows = await db.all<EventRow>(
    `SELECT ${SELECT} FROM events WHERE ${conditions.where} ORDER BY id ${order} ${conditions.limit(filter.limit)}`,
    conditions.parameters,
  );
  return rows.map(toKeptEvent);
}

/** Counts events. Without `IN_ENVIRONMENT`, SQLite can answer from the index by environment alone. */
export async function countEvents({ db, environment }: Scope, filter: EventFilter): Promise<number> {
  const { where, parameters } = conditionsOf('environment = :environment', { environment, filter });
  const row = await db.get<{ total: number }>(
    `SELECT COUNT(*) AS total FROM events WHERE ${where}`,
    parameters,
  );
  return present(row).total;
}

/** Lists the cards and orders in events, oldest first. */
export async function listEventCards(
  { db, environment }: Scope,
  range: { afterId: number; limit: number },
): Promise<(CardKey & { id: number })[]> {
  return db.all(
    `SELECT ${selectList(['id', 'cardToken', 'orderId'])} FROM events
     WHERE ${IN_ENVIRONMENT} AND id > :afterId ORDER BY id LIMIT :limit`,
    { ...range, environment },
  );
}

export async function findDelivery({ db, environment }: Scope, id: number): Promise<KeptDelivery | null> {
  const row = await db.get<EventRow & Pick<KeptDelivery, 'body' | 'signature'>>(
    `SELECT ${SELECT}, body, signature FROM events WHERE environment = :environment AND id = :id`,
    { environment, id },
  );
  return row ? toKeptEvent(row) : null;
}

/** Returns the card token that verified events contain for an order. */
export async function findCardToken({ db, environment }: Scope, orderId: number): Promise<CardToken | null> {
  const row = await db.get<{ cardToken: CardToken }>(
    `SELECT card_token AS "cardToken" FROM events
     WHERE environment = :environment AND order_id = :orderId AND card_token IS NOT NULL AND is_verified = 1
       AND is_test = 0
     ORDER BY id DESC LIMIT 1`,
    { environment, orderId },
  );
  return row?.cardToken ?? null;
}

export async function latestEventId({ db, environment }: Scope): Promise<number> {
  const row = await db.get<{ id: number }>(
    `SELECT id FROM events WHERE ${IN_ENVIRONMENT} ORDER BY id DESC LIMIT 1`,
    { environment },
  );
  return row?.id ?? 0;
}

export async function pruneEvents(
  { db, environment }: Scope,
  { before, limit }: { before: number; limit: number },
): Promise<number> {
  const { changes } = await db.run(
    `DELETE FROM events WHERE id IN (
       SELECT id FROM events WHERE environment = :environment AND received_at < :before ORDER BY id LIMIT :limit)`,
    { environment, before, limit },
  );
  return changes;
}

/** Selects the events of a card. UNION ALL uses two indexes; OR would read all events. */
const OF_CARD = `
  SELECT id FROM events WHERE environment = :environment AND COALESCE(card_token, '') = :cardToken
  UNION ALL SELECT id FROM events WHERE environment = :environment AND order_id = :orderId`;

function conditionsOf(
  first: string,
  { environment, filter }: { environment: string; filter: EventFilter },
): Conditions {
  const conditions = new Conditions(first, { environment });
  if (filter.card) conditions.add(`id IN (${OF_CARD})`, { ...filter.card });
  conditions.compare('event_type = :eventType', filter.eventType);
  conditions.compare('kiosk_id = :kioskId', filter.kioskId);
  conditions.compare('status = :status', filter.status);
  conditions.compare('received_at >= :since', filter.since);
  conditions.compare('received_at < :until', filter.until);
  conditions.compare('id > :afterId', filter.afterId);
  return conditions;
}

/**
 * Returns the key by which repeated deliveries of an event are recognized: type, card or order, status, kiosk, time and
 * error code. Delivery id, `sent_at` and subscription may differ. If these fields are unreadable, the key is type and
 * data, or the raw bytes if they are not JSON. Delivery ids don't count, because they are not signed: a forged event
 * could otherwise block the real one. Test notifications (by delivery id) and unverified events have separate keys, so
 * they never replace a real event.
 */
function contentKeyOf({ event, body, isTest, isVerified, deliveryId }: Delivery): string {
  const { eventType, cardToken, orderId, status } = event;
  const isUnderstood = (cardToken !== null || orderId !== null) && status !== null;
  const content = isUnderstood
    ? contentOf(event)
    : JSON.stringify([eventType, dataOf(body) ?? hash('sha256', body)]);
  const kind = isTest ? `test ${deliveryId ?? ''} ` : isVerified ? '' : 'hint ';
  return hash('sha256', `${kind}${content}`, 'base64url').slice(0, 22);
}

/** Returns the `data` of an event; undefined if the body is not JSON. */
function dataOf(body: Uint8Array): unknown {
  const parsed = decodeJson(body);
  return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : undefined;
}

function toKeptEvent<Row extends EventRow>(row: Row) {
  return { ...row, isTest: row.isTest === 1, isVerified: row.isVerified === 1 };
}
