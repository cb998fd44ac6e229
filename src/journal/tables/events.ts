import { hash } from 'node:crypto';
import type { Database, Parameters } from '../../database/sqlite.ts';
import { contentOf, type KeptEvent } from '../../domain/event.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Delivery, EventFilter, KeptDelivery } from './records.ts';

interface EventRow {
  id: number;
  delivery_id: string | null;
  is_test: number;
  is_verified: number;
  received_at: number;
  event_type: string;
  profile_id: number | null;
  card_token: CardToken | null;
  order_id: number | null;
  kiosk_id: KioskId | null;
  status: string | null;
  error_code: string | null;
  description: string | null;
  occurred_at: string | null;
  sent_at: string | null;
}

const COLUMNS = `id, delivery_id, is_test, is_verified, received_at, event_type, profile_id, card_token, order_id,
  kiosk_id, status, error_code, description, occurred_at, sent_at`;

/** @returns its number, or null when the same delivery, or the same content, is there */
export function insertEvent(db: Database, environment: string, delivery: Delivery): number | null {
  const { deliveryId, signature, body, isTest, isVerified, receivedAt, event } = delivery;
  // By position, because thousands of these are written a second, and names take twice as long.
  const { changes, lastId } = db.run(
    `INSERT INTO events (environment, delivery_id, content_key, body, signature, is_test, is_verified, received_at,
       event_type, profile_id, card_token, order_id, kiosk_id, status, error_code, description, occurred_at, sent_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [
      environment,
      deliveryId,
      contentKeyOf(delivery),
      body,
      signature,
      Number(isTest),
      Number(isVerified),
      receivedAt,
      event.eventType,
      event.profileId,
      event.cardToken,
      event.orderId,
      event.kioskId,
      event.status,
      event.errorCode,
      event.description,
      event.occurredAt,
      event.sentAt,
    ],
  );
  return changes === 0 ? null : lastId;
}

/** SQLite would take an index that begins with the environment, and sort all of its events by their numbers. */
const IN_ENVIRONMENT = "COALESCE(environment, '') = :environment";

export function listEvents(db: Database, environment: string, filter: EventFilter): KeptEvent[] {
  const { conditions, parameters } = conditionsOf(filter);
  const where = [IN_ENVIRONMENT, ...conditions].join(' AND ');
  const order = filter.newestFirst ? 'DESC' : 'ASC';
  return db
    .all<EventRow>(`SELECT ${COLUMNS} FROM events WHERE ${where} ORDER BY id ${order} LIMIT :limit`, {
      ...parameters,
      environment,
      limit: filter.limit ?? -1,
    })
    .map(toKeptEvent);
}

/** Which cards and orders events name, oldest first. */
export function listEventCards(
  db: Database,
  environment: string,
  range: { afterId: number; limit: number },
): { id: number; cardToken: CardToken | null; orderId: number | null }[] {
  return db.all(
    `SELECT id, card_token AS cardToken, order_id AS orderId FROM events
     WHERE ${IN_ENVIRONMENT} AND id > :afterId ORDER BY id LIMIT :limit`,
    { ...range, environment },
  );
}

export function findDelivery(db: Database, environment: string, id: number): KeptDelivery | null {
  const row = db.get<EventRow & { body: Uint8Array; signature: string | null }>(
    `SELECT ${COLUMNS}, body, signature FROM events WHERE environment = :environment AND id = :id`,
    { environment, id },
  );
  return row ? { ...toKeptEvent(row), body: row.body, signature: row.signature } : null;
}

/** The card that signed events of an order name. */
export function findCardToken(db: Database, environment: string, orderId: number): CardToken | null {
  const row = db.get<{ card_token: CardToken }>(
    `SELECT card_token FROM events
     WHERE environment = :environment AND order_id = :orderId AND card_token IS NOT NULL AND is_verified = 1
     ORDER BY id DESC LIMIT 1`,
    { environment, orderId },
  );
  return row?.card_token ?? null;
}

export function latestEventId(db: Database, environment: string): number {
  return (
    db.get<{ id: number }>(`SELECT id FROM events WHERE ${IN_ENVIRONMENT} ORDER BY id DESC LIMIT 1`, {
      environment,
    })?.id ?? 0
  );
}

/** Forgets the oldest events that arrived before a time, at most `limit` of them. @returns how many */
export function pruneEvents(
  db: Database,
  environment: string,
  { before, limit }: { before: number; limit: number },
): number {
  return db.run(
    `DELETE FROM events WHERE id IN (
       SELECT id FROM events WHERE environment = :environment AND received_at < :before ORDER BY id LIMIT :limit)`,
    { environment, before, limit },
  ).changes;
}

/** With OR instead, SQLite reads all events. */
const OF_CARD = `
  SELECT id FROM events WHERE environment = :environment AND COALESCE(card_token, '') = :cardToken
  UNION ALL SELECT id FROM events WHERE environment = :environment AND order_id = :orderId`;

function conditionsOf(filter: EventFilter): { conditions: string[]; parameters: Parameters } {
  const { card, eventType, kioskId, status, since, until, afterId } = filter;
  const conditions: string[] = [];
  const parameters: Parameters = {};
  const add = (condition: string, more: Parameters) => {
    conditions.push(condition);
    Object.assign(parameters, more);
  };
  if (card) add(`id IN (${OF_CARD})`, { ...card });
  if (eventType !== undefined) add('event_type = :eventType', { eventType });
  if (kioskId !== undefined) add('kiosk_id = :kioskId', { kioskId });
  if (status !== undefined) add('status = :status', { status });
  if (since !== undefined) add('received_at >= :since', { since });
  if (until !== undefined) add('received_at < :until', { until });
  if (afterId !== undefined) add('id > :afterId', { afterId });
  return { conditions, parameters };
}

/**
 * Two deliveries with the same key tell of the same event: type, card or order, status, kiosk, time and error code are
 * the same; delivery id, `sent_at` and subscription may differ. What can't be understood is the same when its type and data
 * are, or its bytes where it is no JSON. The delivery id says nothing here: it is not signed, so an event that somebody
 * sends under the id of another must not keep that one out. Tests, which are the same only by their id, and hints are
 * kept apart, so that they never stand in the way of the event itself.
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

/** What an event is about; undefined where its body is no JSON. */
function dataOf(body: Uint8Array): unknown {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function toKeptEvent(row: EventRow): KeptEvent {
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    receivedAt: row.received_at,
    isTest: row.is_test === 1,
    isVerified: row.is_verified === 1,
    eventType: row.event_type,
    profileId: row.profile_id,
    cardToken: row.card_token,
    orderId: row.order_id,
    kioskId: row.kiosk_id,
    status: row.status,
    errorCode: row.error_code,
    description: row.description,
    occurredAt: row.occurred_at,
    sentAt: row.sent_at,
  };
}
