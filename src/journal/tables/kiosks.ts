import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { HoldEnd, HoldTimes } from '../../domain/times/hold-times.ts';
import { insertList, selectList } from '../store/columns.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import { projectAll } from './project-events.ts';

/** A kiosk that a production or attempt in the journal names. */
export interface KnownKiosk {
  kioskId: KioskId;
  /** Milliseconds since the epoch; null if the journal has no production there. */
  lastProducedAt: number | null;
}

/** Methods that collect kiosks from cards, attempts, events and actions. */
export interface KiosksJournal {
  /** Lists kiosks in no particular order, including kiosks that only events name. */
  listKiosks(): Promise<KnownKiosk[]>;
  /**
   * Lists the tokens of the cards that were sent to a kiosk, or reported there, in a time range: `since` is inclusive,
   * `until` exclusive.
   */
  listCardsAt(kioskId: KioskId, time: { since: number; until: number }): Promise<CardToken[]>;
  /** Lists the durations of productions at a kiosk, from the request to the result, newest first, in milliseconds. */
  listDurations(kioskId: KioskId, limit: number): Promise<number[]>;
}

export function kioskLists(store: Store): KiosksJournal {
  return {
    listKiosks: async () => {
      await projectAll(store);
      return listKiosks(store);
    },
    listCardsAt: async (kioskId, time) => listCardsAt(store, { kioskId, ...time }),
    listDurations: async (kioskId, limit) => listDurations(store, { kioskId, limit }),
  };
}

/** Selects the kiosks in a table. Finds each next one in the index, instead of reading the entries of all cards. */
const kiosksIn = (table: 'cards' | 'attempts') => `
  SELECT min(kiosk_id) FROM ${table} WHERE environment = :environment AND kiosk_id IS NOT NULL
  UNION ALL SELECT (SELECT min(kiosk_id) FROM ${table} WHERE environment = :environment AND kiosk_id > kiosks_of_${table}.kiosk_id)
  FROM kiosks_of_${table} WHERE kiosk_id IS NOT NULL`;

const KIOSKS = `
WITH RECURSIVE kiosks_of_cards(kiosk_id) AS (${kiosksIn('cards')}),
  kiosks_of_attempts(kiosk_id) AS (${kiosksIn('attempts')})
SELECT kiosk_id AS "kioskId",
  (SELECT max(changed_at) FROM cards WHERE environment = :environment AND kiosk_id = kiosks.kiosk_id
     AND production_status = 'PRODUCED') AS "lastProducedAt"
FROM (SELECT kiosk_id FROM kiosks_of_cards UNION SELECT kiosk_id FROM kiosks_of_attempts) AS kiosks
WHERE kiosk_id IS NOT NULL`;

async function listKiosks({ db, environment }: Scope): Promise<KnownKiosk[]> {
  return db.all(KIOSKS, { environment });
}

/** Selects the cards at a kiosk in a time range. An attempt matches if it was open at some time in the range. */
const AT_KIOSK = `
  SELECT card_token FROM attempts
  WHERE environment = :environment AND kiosk_id = :kioskId AND outcome <> 'claimed'
    AND claimed_at < :until AND (closed_at IS NULL OR closed_at >= :since)
  UNION SELECT card_token FROM events
  WHERE environment = :environment AND kiosk_id = :kioskId AND is_test = 0
    AND received_at >= :since AND received_at < :until
  UNION SELECT card_token FROM acts
  WHERE environment = :environment AND kiosk_id = :kioskId AND started_at >= :since AND started_at < :until`;

async function listCardsAt(
  { db, environment }: Scope,
  visit: { kioskId: KioskId; since: number; until: number },
): Promise<CardToken[]> {
  const rows = await db.all<{ cardToken: CardToken }>(
    `SELECT card_token AS "cardToken" FROM (${AT_KIOSK}) AS visits WHERE card_token IS NOT NULL ORDER BY card_token`,
    { environment, ...visit },
  );
  return rows.map(({ cardToken }) => cardToken);
}

async function listDurations(
  { db, environment }: Scope,
  filter: { kioskId: KioskId; limit: number },
): Promise<number[]> {
  const rows = await db.all<{ duration: number }>(
    `SELECT closed_at - sent_at AS duration FROM attempts
     WHERE environment = :environment AND kiosk_id = :kioskId AND outcome = 'produced' AND sent_at IS NOT NULL
     ORDER BY closed_at DESC LIMIT :limit`,
    { environment, ...filter },
  );
  return rows.map(({ duration }) => duration);
}

/** A kiosk on hold: nothing is sent there from this journal. */
export interface Hold extends HoldTimes {
  kioskId: KioskId;
  reason: string;
  context: string;
  user: string;
  host: string;
}

export interface HoldsJournal {
  /** Lists the holds, oldest first. */
  listHolds(): Promise<Hold[]>;
  /** Puts a kiosk on hold. @returns the hold; `held` is false if the kiosk was already on hold */
  holdKiosk(
    hold: Pick<Hold, 'kioskId' | 'reason' | 'context'> & { at: number; end?: HoldEnd | null },
  ): Promise<{ hold: Hold; held: boolean }>;
  /** Ends a hold, but not a later one of the same kiosk. @returns the ended hold; null if it had already ended */
  releaseKiosk(hold: Hold, at: number): Promise<Hold | null>;
}

export function holdsTable(store: Store): HoldsJournal {
  return {
    listHolds: async () =>
      store.db.all(
        `SELECT ${SELECT} FROM holds WHERE environment = :environment AND released_at IS NULL ORDER BY held_at, id`,
        { environment: store.environment },
      ),
    holdKiosk: async ({ at, end, ...hold }) =>
      store.transaction(async (scope) => {
        const { user, host } = store.owner;
        const held = await insertHold(scope, { ...hold, ...(end ?? NO_END), user, host, heldAt: at });
        return { hold: present(await findHold(scope, hold.kioskId)), held };
      }),
    releaseKiosk: async (hold, at) =>
      store.transaction(async (scope) => ((await endHold(scope, hold, at)) ? hold : null)),
  };
}

const NO_END = { endsAt: null, boot: null, uptime: null };

const FIELDS = [
  'kioskId',
  'reason',
  'context',
  'user',
  'host',
  'heldAt',
  'endsAt',
  'boot',
  'uptime',
] as const satisfies (keyof Hold)[];
const SELECT = selectList(FIELDS);

async function findHold({ db, environment }: Scope, kioskId: KioskId): Promise<Hold | undefined> {
  return db.get(
    `SELECT ${SELECT} FROM holds
     WHERE environment = :environment AND kiosk_id = :kioskId AND released_at IS NULL`,
    { environment, kioskId },
  );
}

/** Inserts a hold. @returns false if the kiosk is already on hold */
async function insertHold({ db, environment }: Scope, hold: Hold): Promise<boolean> {
  const { changes } = await db.run(
    `INSERT INTO holds ${insertList([...FIELDS, 'environment'])} ON CONFLICT DO NOTHING`,
    { ...hold, environment },
  );
  return changes === 1;
}

/** Ends the hold with this start time. @returns false if it has already ended */
async function endHold({ db, environment }: Scope, { kioskId, heldAt }: Hold, at: number): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE holds SET released_at = :at
     WHERE environment = :environment AND kiosk_id = :kioskId AND held_at = :heldAt AND released_at IS NULL`,
    { environment, kioskId, heldAt, at },
  );
  return changes === 1;
}
