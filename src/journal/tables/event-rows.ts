import { hash } from 'node:crypto';
import type { Value } from '../../database/database.ts';
import { type CardEvent, contentOf, EVENT_FIELD_NAMES, type KeptEvent } from '../../domain/event.ts';
import type { CardToken } from '../../domain/ids.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { columnOf, selectList } from '../store/columns.ts';
import { Conditions } from '../store/conditions.ts';
import { present, type Scope } from '../store/store.ts';
import type { CardKey } from './cards.ts';

/** A webhook as it arrived, with the event that was read from it. */
export interface Delivery {
  /** `X-Delivery-Id`; null without one. */
  deliveryId: string | null;
  /** `X-Signature-SHA256`, which stays valid for the body; null for a hint. */
  signature: string | null;
  /** The bytes that were signed. */
  body: Uint8Array;
  isTest: boolean;
  isVerified: boolean;
  receivedAt: number;
  event: CardEvent;
}

/** An event with its original bytes and signature. */
export interface KeptDelivery extends KeptEvent {
  body: Uint8Array;
  signature: string | null;
}

/** Filter for events; criteria are ANDed. */
export interface EventFilter {
  /** The card, by its token or its order. */
  card?: CardKey;
  eventType?: string;
  kioskId?: string;
  status?: string;
  /** Time of arrival: from, and until (exclusive). */
  since?: number;
  until?: number;
  /** Selects events that arrived after this one. */
  afterId?: number;
  /** Lists the newest events first, instead of the oldest. */
  newestFirst?: boolean;
  limit?: number;
}

const INSERTED = 'environment deliveryId contentKey body signature isTest isVerified receivedAt'
  .split(' ')
  .concat(EVENT_FIELD_NAMES);

/** Inserts an event by position: thousands are written a second, and binding by name takes twice as long. */
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

/** A stored event as its row has it. */
type EventRow = Omit<KeptEvent, 'isTest' | 'isVerified'> & { isTest: number; isVerified: number };

const FIELDS = ['id', 'deliveryId', 'receivedAt', 'isTest', 'isVerified', ...EVENT_FIELD_NAMES];
const SELECT = selectList(FIELDS);

/** A condition that keeps SQLite from an index by environment, with which it would sort all events of the environment. */
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

/** Counts events. Unlike with `IN_ENVIRONMENT`, SQLite may use the index by environment, which has all that is counted. */
export async function countEvents({ db, environment }: Scope, filter: EventFilter): Promise<number> {
  const { where, parameters } = conditionsOf('environment = :environment', { environment, filter });
  const row = await db.get<{ total: number }>(
    `SELECT COUNT(*) AS total FROM events WHERE ${where}`,
    parameters,
  );
  return present(row).total;
}

/** Lists the cards and orders that events name, oldest first. */
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

/** Finds the card that signed events of an order name. */
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

/** Selects the events of a card with UNION: with OR, SQLite would read all events. */
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
 * Two deliveries with the same key report the same event: type, card or order, status, kiosk, time and error code are
 * the same; delivery id, `sent_at` and subscription may differ. What can't be read is the same when its type and data
 * are, or its bytes where it is no JSON. The delivery id does not count: it is not signed, so an event that somebody
 * sends under the id of another must not keep that one out. Tests, which are the same only by their id, and hints have
 * other keys, so that they never replace the event itself.
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

/** Returns the data of an event; undefined if its body is not JSON. */
function dataOf(body: Uint8Array): unknown {
  const parsed = decodeJson(body);
  return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : undefined;
}

function toKeptEvent<Row extends EventRow>(row: Row) {
  return { ...row, isTest: row.isTest === 1, isVerified: row.isVerified === 1 };
}
