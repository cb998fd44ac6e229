import type { Value } from '../../database/database.ts';
import type { Attempt } from '../../domain/attempt.ts';
import type { KioskId, NamedCard } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import { selectList } from '../store/columns.ts';
import { Conditions } from '../store/conditions.ts';
import type { Scope, Store } from '../store/store.ts';
import { attemptAt, attemptColumns } from './attempt-rows.ts';
import { CARD_FIELDS, type CardKey, type KnownCard, parseProduction } from './cards.ts';
import { nextTurn, projectAll } from './project-events.ts';

/** A card with its latest known status. */
export interface CardState extends KnownCard {
  orderStatus: string | null;
  production: Production | null;
  /** Time of the last production change in Wise's data, or its arrival time if Wise's time is invalid. */
  changedAt: number | null;
  /** The latest attempt that was sent or observed. */
  attempt: Attempt | null;
}

/** Filter for cards. Fields are ANDed. */
export interface CardStateFilter {
  /** The card with this token or order. */
  card?: CardKey;
  /** Selects cards whose production or latest attempt is at one of these kiosks. */
  kioskIds?: readonly KioskId[];
  /** Excludes cards whose production succeeded or whose order has ended. */
  isUnfinished?: boolean;
  /** Excludes finished cards whose production has not changed since this time, in milliseconds since the epoch. */
  currentSince?: number;
}

/** Methods that list cards. */
export interface CardListsJournal {
  /** Lists all cards, newest first. */
  listCards(): Promise<KnownCard[]>;
  /** Lists matching cards in no particular order. Projects new events first. */
  listCardStates(filter: CardStateFilter): Promise<CardState[]>;
  /** Lists the cards that events with a higher id name, in no particular order. Projects new events first. */
  listCardsOfEvents(afterId: number): Promise<(CardState & { isUnfinished: boolean })[]>;
}

/** Methods for short names of cards. */
export interface CardNamesJournal {
  /** Lists the cards whose token starts with one of the prefixes, including cards that only events name. */
  listCardsByPrefix(prefixes: readonly string[]): Promise<NamedCard[]>;
}

export function cardNames(store: Store): CardNamesJournal {
  return {
    listCardsByPrefix: async (prefixes) => {
      await projectAll(store);
      const found: NamedCard[] = [];
      for (let from = 0; from < prefixes.length; from += PREFIXES)
        found.push(...(await listCardsByPrefix(store, prefixes.slice(from, from + PREFIXES))));
      return found;
    },
  };
}

/** Maximum number of prefixes per query. */
const PREFIXES = 100;

async function listCardsByPrefix(
  { db, environment }: Scope,
  prefixes: readonly string[],
): Promise<NamedCard[]> {
  // Tokens are hexadecimal, so “g” is after every token. SQLite uses the index only if each range names the environment.
  const ranges = prefixes.map(
    (_, index) => `environment = :environment AND card_token >= :from${index} AND card_token < :to${index}`,
  );
  const bounds = prefixes.flatMap((prefix, index) => [
    [`from${index}`, prefix],
    [`to${index}`, `${prefix}g`],
  ]);
  return db.all(
    `SELECT ${selectList(['profileId', 'cardToken', 'orderId'])} FROM cards WHERE ${ranges.join(' OR ')}`,
    { environment, ...Object.fromEntries(bounds) },
  );
}

export function cardLists(store: Store): CardListsJournal {
  return {
    listCards: async () => listCards(store),
    listCardStates: async (filter) => {
      await projectAll(store);
      return listCardStates(store, filter);
    },
    listCardsOfEvents: async (afterId) => {
      await projectAll(store);
      return listCardsOfEvents(store, afterId);
    },
  };
}

async function listCards({ db, environment }: Scope): Promise<KnownCard[]> {
  return db.all(
    `SELECT ${selectList(CARD_FIELDS)} FROM cards WHERE environment = :environment ORDER BY first_seen_at DESC, id DESC`,
    { environment },
  );
}

type CardRow = Omit<CardState, 'attempt' | 'production'> & { id: number; production: string | null };

const CARD_COLUMNS = ['id', ...CARD_FIELDS, 'production', 'changedAt'] as const satisfies (keyof CardRow)[];

/**
 * Selects the cards before their latest attempts. Otherwise PostgreSQL, which can't estimate the number of unfinished cards,
 * would read the latest attempt of every card.
 * @param more another column, after a comma
 */
const select = (where: string, more = '') => `
WITH c AS MATERIALIZED (SELECT * FROM cards AS c WHERE ${where})
SELECT ${selectList(CARD_COLUMNS, { table: 'c' })}, ${attemptColumns('a')} ${more}
FROM c
LEFT JOIN attempts a ON a.environment = c.environment AND a.card_token = c.card_token
  AND a.number = (SELECT max(number) FROM attempts
                  WHERE environment = c.environment AND card_token = c.card_token AND outcome <> 'claimed')`;

/** Condition of the index of unfinished cards. After one of these order statuses, a card can't be produced. */
const UNFINISHED = `COALESCE(production_status, '') <> 'PRODUCED'
  AND COALESCE(order_status, '') NOT IN ('PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED')`;

/** Selects the cards with an open attempt, which may still be printed. */
const OPEN_CARDS = `
SELECT cards.id FROM attempts JOIN cards ON cards.environment = attempts.environment
  AND cards.card_token = attempts.card_token
WHERE attempts.environment = :environment AND closed_at IS NULL AND outcome <> 'claimed'`;

/** Selects unfinished cards, and all cards with an open attempt. */
const UNFINISHED_CARDS = `SELECT id FROM cards WHERE environment = :environment AND ${UNFINISHED} UNION ${OPEN_CARDS}`;

/** Condition of a page of unfinished cards. SQLite finds it in the index, without sorting. */
const UNFINISHED_PAGE = `environment = :environment AND ${UNFINISHED} AND id > :after ORDER BY id LIMIT :page`;

/** Number of cards that are read in one turn of the event loop. A server answers webhooks in between. */
const PAGE = 150;

/** Selects the cards of new events. */
const NEWS = `
SELECT cards.id FROM events JOIN cards ON cards.environment = :environment AND cards.card_token = events.card_token
WHERE events.id > :afterId
UNION SELECT cards.id FROM events JOIN cards ON cards.environment = :environment AND cards.order_id = events.order_id
WHERE events.id > :afterId`;

const IS_UNFINISHED = `,
CASE WHEN (${UNFINISHED}) OR (a.outcome IS NOT NULL AND a.closed_at IS NULL) THEN 1 ELSE 0 END AS "isUnfinished"`;

async function listCardsOfEvents(
  { db, environment }: Store,
  afterId: number,
): Promise<(CardState & { isUnfinished: boolean })[]> {
  // A condition on the environment of the cards would make SQLite read all cards.
  const news = select(`c.id IN (${NEWS})`, IS_UNFINISHED);
  const rows = await db.allValues(news, { environment, afterId });
  return rows.map((row) => ({ ...toCardState(row), isUnfinished: row.at(-1) === 1 }));
}

async function listCardStates(store: Store, filter: CardStateFilter): Promise<CardState[]> {
  const { card, kioskIds, isUnfinished, currentSince } = filter;
  const isOfAll = card === undefined && kioskIds === undefined && currentSince === undefined;
  if (isUnfinished && isOfAll) return listUnfinished(store);
  const conditions = conditionsOf(store.environment, filter);
  const names = kioskIds && conditions.list('kiosk', kioskIds);
  if (names !== undefined) conditions.add(wereAt(names));
  const areAt = names === undefined ? '' : `WHERE c.kiosk_id IN (${names}) OR a.kiosk_id IN (${names})`;
  const rows = await store.db.allValues(`${select(conditions.where)} ${areAt}`, conditions.parameters);
  return rows.map(toCardState);
}

/** Lists the unfinished cards of all kiosks, in pages. The first one has the finished cards with an open attempt. */
async function listUnfinished({ db, environment }: Store): Promise<CardState[]> {
  const others = select(`c.id IN (${OPEN_CARDS}) AND NOT (${UNFINISHED})`);
  const states = (await db.allValues(others, { environment })).map(toCardState);
  const parameters = { environment, page: PAGE };
  for (let after = 0; ; await nextTurn()) {
    const rows = await db.allValues(select(UNFINISHED_PAGE), { ...parameters, after });
    for (const row of rows) {
      states.push(toCardState(row));
      after = Math.max(after, Number(row[0]));
    }
    if (rows.length < PAGE) return states;
  }
}

/** Creates the conditions. The most selective one is a list of ids, so that few latest attempts are read. */
function conditionsOf(
  environment: string,
  { card, isUnfinished, currentSince }: CardStateFilter,
): Conditions {
  const conditions = new Conditions('c.environment = :environment', { environment });
  if (card) conditions.add('(c.card_token = :cardToken OR c.order_id = :orderId)', { ...card });
  if (isUnfinished) conditions.add(`c.id IN (${UNFINISHED_CARDS})`);
  if (currentSince !== undefined) {
    const current = `(c.id IN (${UNFINISHED_CARDS}) OR c.changed_at >= :currentSince)`;
    conditions.add(current, { currentSince });
  }
  return conditions;
}

/** Returns the condition for cards of which the production or any attempt is at one of the kiosks. */
const wereAt = (kiosks: string) =>
  `c.id IN (SELECT id FROM cards WHERE environment = :environment AND kiosk_id IN (${kiosks})
     UNION SELECT cards.id FROM attempts JOIN cards ON cards.environment = attempts.environment
       AND cards.card_token = attempts.card_token
     WHERE attempts.environment = :environment AND attempts.kiosk_id IN (${kiosks}))`;

function toCardState(values: readonly Value[]): CardState {
  const row: Record<string, Value | undefined> = {};
  for (const [index, column] of CARD_COLUMNS.entries()) row[column] = values[index];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of `select`
  const card = row as unknown as CardRow;
  const { profileId, orderId, cardToken, cardCreatedAt, deliveryOption, orderStatus, changedAt } = card;
  return {
    profileId,
    orderId,
    cardToken,
    cardCreatedAt,
    deliveryOption,
    orderStatus,
    production: parseProduction(card.production),
    changedAt,
    attempt: attemptAt(values, CARD_COLUMNS.length),
  };
}
