import type { Database } from '../../database/sqlite.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { KnownCard } from './records.ts';

export interface CardRow {
  id: number;
  profile_id: number;
  order_id: number | null;
  card_token: CardToken | null;
  card_created_at: string | null;
  delivery_option: string | null;
  order_status: string | null;
  order_seen_at: number | null;
}

const COLUMNS =
  'id, profile_id, order_id, card_token, card_created_at, delivery_option, order_status, order_seen_at';

export function findByToken(db: Database, environment: string, cardToken: CardToken): CardRow | undefined {
  return db.get<CardRow>(
    `SELECT ${COLUMNS} FROM cards WHERE environment = :environment AND card_token = :cardToken`,
    { environment, cardToken },
  );
}

export function findByOrder(db: Database, environment: string, orderId: number): CardRow | undefined {
  return db.get<CardRow>(
    `SELECT ${COLUMNS} FROM cards WHERE environment = :environment AND order_id = :orderId`,
    { environment, orderId },
  );
}

export function listCards(db: Database, environment: string): CardRow[] {
  return db.all<CardRow>(
    `SELECT ${COLUMNS} FROM cards WHERE environment = :environment ORDER BY first_seen_at DESC, id DESC`,
    { environment },
  );
}

/**
 * Cards that were first seen or sent to a kiosk since a time, that are being produced, or that a verified event told
 * about since then; newest first. Of a card that only events know, there is its profile, and what they name of it.
 */
export function listRecentCards(db: Database, environment: string, since: number): KnownCard[] {
  return db
    .all<CardRow>(
      `SELECT ${COLUMNS} FROM (
         SELECT ${COLUMNS}, max(first_seen_at, COALESCE(
             (SELECT max(COALESCE(sent_at, claimed_at)) FROM attempts
              WHERE attempts.environment = cards.environment AND attempts.card_token = cards.card_token), 0)) AS at,
           EXISTS (SELECT 1 FROM attempts WHERE attempts.environment = cards.environment
                   AND attempts.card_token = cards.card_token AND closed_at IS NULL) AS is_open
         FROM cards WHERE environment = :environment
         UNION ALL
         SELECT 0, profile_id, max(order_id), card_token, NULL, NULL, NULL, NULL, max(received_at), 0
         FROM events
         -- Numbers follow the arrival: looking for the last one before is quicker than reading all events.
         WHERE environment = :environment AND id > COALESCE(
             (SELECT id FROM events WHERE environment = :environment AND received_at < :since
              ORDER BY id DESC LIMIT 1), 0)
           AND is_test = 0 AND is_verified = 1 AND card_token IS NOT NULL AND profile_id > 0
           AND NOT EXISTS (SELECT 1 FROM cards
                           WHERE cards.environment = :environment AND cards.card_token = events.card_token)
         GROUP BY card_token
       ) WHERE at >= :since OR is_open ORDER BY at DESC`,
      { environment, since },
    )
    .map(toKnownCard);
}

/** What is told of a card, and when its order was seen or heard of with it. Milliseconds since the epoch. */
export interface Sighting {
  card: KnownCard;
  at: number;
  orderSeenAt: number | null;
}

/** A sighting of an order that says nothing new is written this often, in milliseconds: looks follow each other quickly. */
const SIGHTINGS_MS = 30_000;

/** Is there anything in what was seen that the journal doesn't know, or knows from long ago? */
export function isNews(db: Database, environment: string, seen: Sighting): boolean {
  const known = findKnown(db, environment, seen.card);
  return !known || (seen.orderSeenAt ?? 0) - (known.order_seen_at ?? 0) > SIGHTINGS_MS;
}

/** Adds a card, or adds what is new to the one that its token or its order names. Nothing known is taken away. */
export function rememberCard(db: Database, environment: string, seen: Sighting): void {
  if (!isNews(db, environment, seen)) return;
  db.transaction(() => {
    const { card } = seen;
    const byToken = card.cardToken === null ? undefined : findByToken(db, environment, card.cardToken);
    const byOrder = card.orderId === null ? undefined : findByOrder(db, environment, card.orderId);
    const isItsOrder = byOrder !== undefined && !conflicts(byOrder, card);
    // An order known without its card, and the card known without its order, turn out to be one.
    if (byOrder && byOrder.id !== byToken?.id && (byToken || !isItsOrder)) deleteCard(db, byOrder.id);
    const row = byToken ?? (isItsOrder ? byOrder : undefined);
    if (row)
      updateCard(db, row.id, {
        ...seen,
        card: isItsOrder ? { ...toKnownCard(byOrder), ...learned(card) } : card,
      });
    else insertCard(db, environment, seen);
  });
}

/** The row that says all of it already. */
function findKnown(db: Database, environment: string, card: KnownCard): CardRow | null {
  const row = card.cardToken
    ? findByToken(db, environment, card.cardToken)
    : findByOrder(db, environment, card.orderId ?? 0);
  if (!row) return null;
  const known = toKnownCard(row);
  const isAll =
    known.profileId === card.profileId &&
    (card.orderId ?? known.orderId) === known.orderId &&
    (card.cardCreatedAt ?? known.cardCreatedAt) === known.cardCreatedAt &&
    (card.deliveryOption ?? known.deliveryOption) === known.deliveryOption &&
    (card.orderStatus ?? known.orderStatus) === known.orderStatus;
  return isAll ? row : null;
}

/** What was learned of a card, without its nulls. */
function learned(card: KnownCard): Partial<KnownCard> {
  return Object.fromEntries(Object.entries(card).filter(([, value]) => value !== null));
}

/** An order has one card for ever: with another token, it is an order of a sandbox that was since made anew. */
function conflicts(row: CardRow, card: KnownCard): boolean {
  return row.card_token !== null && card.cardToken !== null && row.card_token !== card.cardToken;
}

function insertCard(db: Database, environment: string, { card, at, orderSeenAt }: Sighting): void {
  db.run(
    `INSERT INTO cards (environment, profile_id, order_id, card_token, card_created_at, delivery_option, order_status,
       order_seen_at, first_seen_at)
     VALUES (:environment, :profileId, :orderId, :cardToken, :cardCreatedAt, :deliveryOption, :orderStatus,
       :orderSeenAt, :at)`,
    { ...columnsOf(card), environment, orderSeenAt, at },
  );
}

function updateCard(db: Database, id: number, { card, orderSeenAt }: Sighting): void {
  db.run(
    `UPDATE cards SET
       profile_id = :profileId,
       order_id = COALESCE(:orderId, order_id),
       card_token = COALESCE(:cardToken, card_token),
       card_created_at = COALESCE(:cardCreatedAt, card_created_at),
       delivery_option = COALESCE(:deliveryOption, delivery_option),
       order_status = COALESCE(:orderStatus, order_status),
       order_seen_at = NULLIF(max(COALESCE(:orderSeenAt, 0), COALESCE(order_seen_at, 0)), 0)
     WHERE id = :id`,
    { ...columnsOf(card), orderSeenAt, id },
  );
}

function columnsOf({
  profileId,
  orderId,
  cardToken,
  cardCreatedAt,
  deliveryOption,
  orderStatus = null,
}: KnownCard) {
  return { profileId, orderId, cardToken, cardCreatedAt, deliveryOption, orderStatus };
}

function deleteCard(db: Database, id: number): void {
  db.run('DELETE FROM cards WHERE id = :id', { id });
}

export function toKnownCard(row: CardRow): KnownCard {
  return {
    profileId: row.profile_id,
    orderId: row.order_id,
    cardToken: row.card_token,
    cardCreatedAt: row.card_created_at,
    deliveryOption: row.delivery_option,
    orderStatus: row.order_status,
  };
}

/** Up to which event the cards are told, and how far the API's clock is ahead of ours in milliseconds. */
export interface EnvironmentRow {
  folded_event_id: number;
  clock_offset: number;
}

export function findEnvironment(db: Database, environment: string): EnvironmentRow {
  const row = db.get<EnvironmentRow>(
    'SELECT folded_event_id, clock_offset FROM environments WHERE environment = :environment',
    { environment },
  );
  return row ?? { folded_event_id: 0, clock_offset: 0 };
}

export function putEnvironment(
  db: Database,
  environment: string,
  { folded_event_id: eventId, clock_offset: clockOffset }: EnvironmentRow,
): void {
  db.run(
    `INSERT INTO environments (environment, folded_event_id, clock_offset) VALUES (:environment, :eventId, :clockOffset)
     ON CONFLICT (environment) DO UPDATE SET folded_event_id = :eventId, clock_offset = :clockOffset`,
    { environment, eventId, clockOffset },
  );
}
