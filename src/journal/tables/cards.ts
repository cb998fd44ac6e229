import type { CardToken } from '../../domain/ids.ts';
import { isSameProduction, latestOf, type Production } from '../../domain/production.ts';
import { parseVendorTime } from '../../domain/times/vendor-time.ts';
import { assignments, columnOf, insertList, selectList } from '../store/columns.ts';
import type { Scope, Store } from '../store/store.ts';
import { parseStored } from '../store/stored-json.ts';

/** Identifies a card by token, order id, or both. */
export interface CardKey {
  cardToken: CardToken | null;
  orderId: number | null;
}

/** A card in the journal; null for unknown fields. */
export interface KnownCard extends CardKey {
  profileId: number;
  /** The card's `creationTime` in Wise's format. */
  cardCreatedAt: string | null;
  deliveryOption: string | null;
  /** Status of the order when it was last read or reported. */
  orderStatus?: string | null;
}

export interface CardsJournal {
  rememberCard(card: KnownCard, at: number): Promise<void>;
  findCard(key: CardKey): Promise<KnownCard | null>;
  /**
   * Returns when the order of a card was last read or reported by an event; null for never. May be up to 30 s too
   * early.
   */
  orderSeenAt(cardToken: CardToken): Promise<number | null>;
  /**
   * Lists cards that changed since a time or are in production, newest first. Includes cards that only events name.
   * @param since milliseconds since the epoch
   */
  listRecentCards(since: number): Promise<KnownCard[]>;
  /** Stores a production that was read, unless the stored production is later. */
  rememberProduction(cardToken: CardToken, production: Production | null, at: number): Promise<void>;
}

export const CARD_FIELDS = [
  'profileId',
  'orderId',
  'cardToken',
  'cardCreatedAt',
  'deliveryOption',
  'orderStatus',
] as const satisfies (keyof KnownCard)[];

export interface CardRow extends KnownCard {
  id: number;
  orderSeenAt: number | null;
}

const ROW = selectList([...CARD_FIELDS, 'id', 'orderSeenAt'] satisfies (keyof CardRow)[]);

/** The data of a card that was read or received. Times are milliseconds since the epoch. */
interface Sighting {
  card: KnownCard;
  at: number;
  /** Time at which the order was read or reported; null if it was not. */
  orderSeenAt: number | null;
}

/** Minimum pause between two writes of an unchanged order, in milliseconds, because polls are frequent. */
const SIGHTINGS_MS = 30_000;

export function cardsTable(store: Store): CardsJournal {
  return {
    rememberCard: async (card, at) => {
      const seen = { card, at, orderSeenAt: card.orderStatus ? at : null };
      if (await isNews(store, seen)) await store.write(async (scope) => rememberCard(scope, seen));
    },
    findCard: async (key) => {
      const row = await findRow(store, key);
      return row ? toKnownCard(row) : null;
    },
    orderSeenAt: async (cardToken) => (await findByToken(store, cardToken))?.orderSeenAt ?? null,
    listRecentCards: async (since) => listRecentCards(store, since),
    rememberProduction: async (cardToken, production, at) => {
      const known = await findProduction(store, cardToken);
      if (!production || isSameProduction(known, latestOf(known, production))) return;
      await store.write(async (scope) => setProduction(scope, { cardToken, production, at }));
    },
  };
}

/** Finds a card by token, otherwise by order. */
export async function findRow(scope: Scope, { cardToken, orderId }: CardKey): Promise<CardRow | undefined> {
  return cardToken ? findByToken(scope, cardToken) : findByOrder(scope, orderId ?? 0);
}

async function findByToken({ db, environment }: Scope, cardToken: CardToken): Promise<CardRow | undefined> {
  return db.get(`SELECT ${ROW} FROM cards WHERE environment = :environment AND card_token = :cardToken`, {
    environment,
    cardToken,
  });
}

export async function findByOrder({ db, environment }: Scope, orderId: number): Promise<CardRow | undefined> {
  return db.get(`SELECT ${ROW} FROM cards WHERE environment = :environment AND order_id = :orderId`, {
    environment,
    orderId,
  });
}

const COLUMNS = CARD_FIELDS.map(columnOf).join(', ');

/** Lists recent cards. For a card that only events name, only profile, token and order are known. */
async function listRecentCards({ db, environment }: Scope, since: number): Promise<KnownCard[]> {
  return db.all(
    `SELECT ${selectList(CARD_FIELDS)} FROM (
       SELECT ${COLUMNS}, (SELECT max(seen_at) FROM (
           SELECT first_seen_at AS seen_at
           UNION ALL SELECT COALESCE(sent_at, claimed_at) FROM attempts
           WHERE attempts.environment = cards.environment AND attempts.card_token = cards.card_token) AS sightings) AS at,
         CASE WHEN EXISTS (SELECT 1 FROM attempts WHERE attempts.environment = cards.environment
                 AND attempts.card_token = cards.card_token AND closed_at IS NULL) THEN 1 ELSE 0 END AS is_open
       FROM cards WHERE environment = :environment
       UNION ALL
       SELECT max(profile_id), max(order_id), card_token, NULL, NULL, NULL, max(received_at), 0
       FROM events
       -- Ids follow the arrival: finding the last one before is quicker than reading all events.
       WHERE environment = :environment AND id > COALESCE(
           (SELECT id FROM events WHERE environment = :environment AND received_at < :since
            ORDER BY id DESC LIMIT 1), 0)
         AND is_test = 0 AND is_verified = 1 AND card_token IS NOT NULL AND profile_id > 0
         AND NOT EXISTS (SELECT 1 FROM cards
                         WHERE cards.environment = :environment AND cards.card_token = events.card_token)
       GROUP BY card_token
     ) AS recent WHERE at >= :since OR is_open = 1 ORDER BY at DESC`,
    { environment, since },
  );
}

/** Adds a card, or updates the one with the same token or order. Known fields are never set to null. */
export async function rememberCard(scope: Scope, seen: Sighting): Promise<void> {
  if (!(await isNews(scope, seen))) return;
  const { card } = seen;
  const byToken = card.cardToken === null ? undefined : await findByToken(scope, card.cardToken);
  const byOrder = card.orderId === null ? undefined : await findByOrder(scope, card.orderId);
  const isItsOrder = byOrder !== undefined && !conflicts(byOrder, card);
  // Merges a card known only by its order with the same card known only by its token.
  if (byOrder && byOrder.id !== byToken?.id && (byToken || !isItsOrder))
    await scope.db.run('DELETE FROM cards WHERE id = :id', { id: byOrder.id });
  const row = byToken ?? (isItsOrder ? byOrder : undefined);
  const merged = row && isItsOrder ? { ...toKnownCard(byOrder), ...withoutNulls(card) } : card;
  if (row) await updateCard(scope, row.id, { ...seen, card: merged });
  else await insertCard(scope, seen);
}

/** True if the journal lacks data of the card, or was not updated for `SIGHTINGS_MS`. */
async function isNews(scope: Scope, { card, orderSeenAt }: Sighting): Promise<boolean> {
  const row = await findRow(scope, card);
  if (!row || row.profileId !== card.profileId) return true;
  if (CARD_FIELDS.some((field) => (card[field] ?? row[field]) !== row[field])) return true;
  return (orderSeenAt ?? 0) - (row.orderSeenAt ?? 0) > SIGHTINGS_MS;
}

function withoutNulls(card: KnownCard): Partial<KnownCard> {
  return Object.fromEntries(Object.entries(card).filter(([, value]) => value !== null));
}

/**
 * True if a row has another card token. Normally an order has one card forever; after a sandbox reset, order ids are
 * reused.
 */
function conflicts(row: CardKey, card: CardKey): boolean {
  return row.cardToken !== null && card.cardToken !== null && row.cardToken !== card.cardToken;
}

const INSERT = `INSERT INTO cards ${insertList([...CARD_FIELDS, 'environment', 'orderSeenAt', 'firstSeenAt'])}`;

async function insertCard({ db, environment }: Scope, { card, at, orderSeenAt }: Sighting): Promise<void> {
  await db.run(INSERT, { ...valuesOf(card), environment, orderSeenAt, firstSeenAt: at });
}

const KEEPING = CARD_FIELDS.map((field) => `${columnOf(field)} = COALESCE(:${field}, ${columnOf(field)})`);

async function updateCard({ db }: Scope, id: number, { card, orderSeenAt }: Sighting): Promise<void> {
  await db.run(
    `UPDATE cards SET ${KEEPING.join(', ')},
       order_seen_at = CASE WHEN :orderSeenAt > COALESCE(order_seen_at, 0) THEN :orderSeenAt ELSE order_seen_at END
     WHERE id = :id`,
    { ...valuesOf(card), orderSeenAt, id },
  );
}

function valuesOf(card: KnownCard) {
  const { profileId, orderId, cardToken, cardCreatedAt, deliveryOption, orderStatus = null } = card;
  return { profileId, orderId, cardToken, cardCreatedAt, deliveryOption, orderStatus };
}

function toKnownCard({ id: _id, orderSeenAt: _at, ...card }: CardRow): KnownCard {
  return card;
}

export async function findProduction(
  { db, environment }: Scope,
  cardToken: CardToken,
): Promise<Production | null> {
  const row = await db.get<{ production: string | null }>(
    'SELECT production FROM cards WHERE environment = :environment AND card_token = :cardToken',
    { environment, cardToken },
  );
  return parseProduction(row?.production ?? null);
}

const PRODUCTION = assignments(['production', 'productionStatus', 'kioskId', 'changedAt']);

/** Stores the production of a card. @param at time of the change if the production's own time is invalid */
export async function setProduction(
  { db, environment }: Scope,
  { cardToken, production, at }: { cardToken: CardToken; production: Production; at: number },
): Promise<void> {
  await db.run(
    `UPDATE cards SET ${PRODUCTION} WHERE environment = :environment AND card_token = :cardToken`,
    {
      environment,
      cardToken,
      production: JSON.stringify(production),
      productionStatus: production.status,
      kioskId: production.kioskId,
      changedAt: parseVendorTime(production.occurredAt)?.milliseconds ?? at,
    },
  );
}

export function parseProduction(text: string | null): Production | null {
  return text === null ? null : parseStored<Production>(text, 'status');
}
