import { setTimeout as pause } from 'node:timers/promises';
import { selectList } from '../store/columns.ts';
import { present, type Scope, type Store } from '../store/store.ts';

/** Kind of a row. `event`: an event to forward. `notice`: a message to people. */
type OutboxKind = 'event' | 'notice';

/** A receiver of what waits in the outbox. Its URL may be a secret, so the journal has only its name. */
export interface OutboxTarget {
  kind: OutboxKind;
  name: string;
}

/** A row that waits for its delivery: an event of the journal, or a notice. */
export interface Waiting {
  /** Id of the row. The rows of a target are delivered by ascending id. */
  id: number;
  eventId: number | null;
  /** JSON text. */
  notice: string | null;
  /** Number of failed deliveries. */
  tries: number;
  /** Time of the next delivery. */
  dueAt: number;
  storedAt: number;
}

export interface QueuedNotice {
  /** Name of the target. */
  target: string;
  /** JSON text, without secrets. */
  notice: string;
  at: number;
}

interface WaitingCount extends OutboxTarget {
  waiting: number;
  /** Arrival of the oldest waiting row. */
  oldestAt: number;
}

/** Rows that were removed without a delivery. */
export interface GivenUp extends OutboxTarget {
  /** `age`: the rows waited for too long. `number`: too many rows wait for the target. */
  reason: 'age' | 'number';
  count: number;
  /** The oldest and newest event; null for notices. */
  firstEventId: number | null;
  lastEventId: number | null;
  /** Arrival of the oldest and the newest row. */
  since: number;
  until: number;
}

/** Methods for the outbox: what waits to be sent to targets, in the sequence of its arrival. */
export interface OutboxJournal {
  /** True if the journal has an outbox: on a server, an older schema has none. The other methods need it. */
  hasOutbox(): Promise<boolean>;
  /**
   * Registers a target of events, or records that it is still served. Every process that stores an event that Wise sent
   * queues it for the target in the same transaction, until 14 days after the last call.
   */
  serveForwarding(target: string, at: number): Promise<void>;
  queueNotice(notice: QueuedNotice): Promise<void>;
  /** Lists the oldest rows of a target. */
  listWaiting(target: OutboxTarget, limit: number): Promise<Waiting[]>;
  /** Removes the rows of a target up to an id, after their delivery. */
  removeWaiting(target: OutboxTarget, upTo: number): Promise<void>;
  /** Records a failed delivery. */
  postponeWaiting(id: number, dueAt: number): Promise<void>;
  /** Counts the waiting rows of each target with waiting rows. */
  countWaiting(): Promise<WaitingCount[]>;
  /** Removes rows that arrived before a time, and the oldest ones of a target with more rows than allowed. */
  giveUpWaiting(limits: { before: number; rows: number }): Promise<GivenUp[]>;
  /**
   * Forgets targets that were not served since a time: nothing more is queued for them, and what waits stays.
   * @returns their names
   */
  retireTargets(before: number): Promise<string[]>;
}

/** Version of the schema with the outbox. */
const SCHEMA = 13;
/** Number of rows that one transaction deletes, and the pause after it in which a listener can write. */
const REMOVED_TOGETHER = 2_000;
const PAUSE_MS = 20;

const OF_TARGET = 'environment = :environment AND kind = :kind AND target = :name';
const FIELDS = ['id', 'eventId', 'notice', 'tries', 'dueAt', 'storedAt'] as const satisfies (keyof Waiting)[];

export function outboxTable(store: Store): OutboxJournal {
  const { db, environment } = store;
  return {
    hasOutbox: async () => hasSchema(store, SCHEMA),
    serveForwarding: async (name, at) => {
      const sql = `INSERT INTO outbox_targets (environment, name, seen_at) VALUES (:environment, :name, :at)
        ON CONFLICT (environment, name) DO UPDATE SET seen_at = :at`;
      await db.batch([{ sql, parameters: { environment, name, at } }], { isQuiet: true });
    },
    queueNotice: async (notice) => store.write(async (scope) => queueNotice(scope, notice)),
    listWaiting: async (target, limit) =>
      db.all<Waiting>(
        `SELECT ${selectList(FIELDS)} FROM outbox WHERE ${OF_TARGET} ORDER BY id LIMIT :limit`,
        { environment, ...target, limit },
      ),
    removeWaiting: async (target, upTo) => {
      const sql = `DELETE FROM outbox WHERE ${OF_TARGET} AND id <= :upTo`;
      await db.batch([{ sql, parameters: { environment, ...target, upTo } }], { isQuiet: true });
    },
    postponeWaiting: async (id, dueAt) => {
      const sql = 'UPDATE outbox SET tries = tries + 1, due_at = :dueAt WHERE id = :id';
      await db.batch([{ sql, parameters: { id, dueAt } }], { isQuiet: true });
    },
    countWaiting: async () => countWaiting(store),
    giveUpWaiting: async ({ before, rows }) => {
      const all: GivenUp[] = [];
      for (const { kind, name, waiting } of await countWaiting(store)) {
        const target = { kind, name };
        all.push(...(await giveUp(store, target, { before })));
        if (waiting > rows) all.push(...(await giveUp(store, target, { rows })));
      }
      return all;
    },
    retireTargets: async (before) => {
      const sql = `DELETE FROM outbox_targets WHERE environment = :environment AND seen_at < :before RETURNING name`;
      const rows = await db.all<{ name: string }>(sql, { environment, before });
      return rows.map(({ name }) => name);
    },
  };
}

/** Queues a notice in an open transaction. */
export async function queueNotice({ db, environment }: Scope, notice: QueuedNotice): Promise<void> {
  await db.run(
    `INSERT INTO outbox (environment, kind, target, notice, due_at, stored_at)
     VALUES (:environment, 'notice', :target, :notice, :at, :at)`,
    { environment, ...notice },
  );
}

/** Runs work that stores events of the past, in an open transaction: they are not queued for any target. */
export async function withoutForwarding<Result>(scope: Scope, work: () => Promise<Result>): Promise<Result> {
  if (!(await hasSchema(scope, SCHEMA))) return work();
  const { db, environment } = scope;
  const set = async (isPaused: number) =>
    db.run('UPDATE outbox_targets SET is_paused = :isPaused WHERE environment = :environment', {
      environment,
      isPaused,
    });
  await set(1);
  const result = await work();
  await set(0);
  return result;
}

/** True if the journal has this version of the schema, or a later one. On a server, it may be older than the program. */
export async function hasSchema({ db }: Scope, version: number): Promise<boolean> {
  // A file has the present schema. It has no clock of its own.
  if ((await db.clock()) === null) return true;
  const found = await db.get('SELECT 1 AS one FROM schema_versions WHERE version = :version', {
    version,
  });
  return found !== undefined;
}

async function countWaiting({ db, environment }: Scope): Promise<WaitingCount[]> {
  // The index has no times: only those of the oldest rows are read.
  return db.all<WaitingCount>(
    `SELECT counted.kind, counted.target AS name, waiting, stored_at AS "oldestAt" FROM (
       SELECT kind, target, count(*) AS waiting, min(id) AS first FROM outbox
       WHERE environment = :environment GROUP BY kind, target
     ) AS counted JOIN outbox ON outbox.id = first ORDER BY counted.kind, counted.target`,
    { environment },
  );
}

/** Removes rows of a target. @returns a description of them, unless another server removed them meanwhile */
async function giveUp(
  { db, environment }: Scope,
  target: OutboxTarget,
  limit: { before: number } | { rows: number },
): Promise<GivenUp[]> {
  const isByAge = 'before' in limit;
  const chosen = isByAge
    ? `${OF_TARGET} AND stored_at < :before`
    : `${OF_TARGET} AND id <= (SELECT id FROM outbox WHERE ${OF_TARGET} ORDER BY id DESC LIMIT 1 OFFSET :rows)`;
  const parameters = { environment, ...target, ...limit };
  const described = present(
    await db.get<Omit<GivenUp, 'kind' | 'name' | 'reason'> & { lastId: number | null }>(
      `SELECT count(*) AS count, min(event_id) AS "firstEventId", max(event_id) AS "lastEventId", min(stored_at) AS since,
         max(stored_at) AS until, max(id) AS "lastId" FROM outbox WHERE ${chosen}`,
      parameters,
    ),
  );
  const { lastId, ...rows } = described;
  if (lastId === null) return [];
  const remove = `DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE ${OF_TARGET} AND id <= :lastId ${isByAge ? 'AND stored_at < :before' : ''} ORDER BY id LIMIT :limit)`;
  const values = { environment, ...target, ...(isByAge && limit), lastId, limit: REMOVED_TOGETHER };
  while ((await db.run(remove, values)).changes === REMOVED_TOGETHER) await pause(PAUSE_MS);
  return [{ ...target, reason: isByAge ? 'age' : 'number', ...rows }];
}
