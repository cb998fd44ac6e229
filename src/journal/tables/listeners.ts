import { setTimeout as pause } from 'node:timers/promises';
import type { OwnerProcess } from '../../domain/attempt.ts';
import {
  insertList,
  OWNER_FIELDS,
  type OwnerRow,
  ownerColumns,
  selectList,
  withOwner,
} from '../store/columns.ts';
import type { Heartbeat } from '../store/heartbeats.ts';
import { isSameBoot } from '../store/owner.ts';
import { present, type Scope, type Store } from '../store/store.ts';

/** A time span in which a listener stored events in this journal. */
export interface ListenerRecord {
  id: number;
  /** URL that received the webhooks. */
  url: string;
  owner: OwnerProcess;
  startedAt: number;
  heartbeatAt: number;
  /** null for a listener that is running or was killed. */
  endedAt: number | null;
}

export interface ListenersJournal {
  startListener(url: string, at: number): Promise<number>;
  heartbeat(listener: number, at: number): Promise<void>;
  endListener(listener: number, at: number): Promise<void>;
  /** Lists the listeners that were running at or after a time, oldest first. */
  listListeners(since: number): Promise<ListenerRecord[]>;
  /**
   * Lists the listeners that may be running, oldest first. `isRunning` is null while undecided: the listener is on
   * another machine, and no new heartbeat was observed yet.
   */
  listRunningListeners(): Promise<(ListenerRecord & { isRunning: boolean | null })[]>;
  /** True if a listener is running. */
  isListenedTo(): Promise<boolean>;
  /** Returns the start of a running listener, in milliseconds since the epoch; null for none. */
  listenedToSince(): Promise<number | null>;
}

/**
 * Interval of checks for a heartbeat of another machine. The checks last 5 seconds, longer than the pause between two
 * heartbeats.
 */
const CHECK_MS = 500;
const MOST_CHECKS = 10;

/** Creates the methods for listeners. The SQL table is named `listenings`. */
export function listenersTable(store: Store): ListenersJournal {
  const { environment, owner, heartbeats } = store;
  const listRunning = async () => {
    const checked = await heartbeats.check(store.db, { rows: await listOpen(store), heartbeatOf });
    return checked.filter(({ isRunning, owner: listener }) => isRunning ?? !wasRestarted(listener, owner));
  };
  const listenedToSince = async (): Promise<number | null> => {
    for (let checks = 1; ; checks += 1) {
      const open = await listRunning();
      const running = open.find(({ isRunning }) => isRunning);
      const isKnown = running !== undefined || open.every(({ isRunning }) => isRunning !== null);
      if (isKnown || checks === MOST_CHECKS) return running?.startedAt ?? null;
      // On another machine: wait for its next heartbeat.
      await pause(CHECK_MS);
    }
  };
  return {
    startListener: async (url, at) => {
      const fields = ['environment', 'url', ...OWNER_FIELDS, 'startedAt', 'heartbeatAt', 'heartbeatUptime'];
      const insert = `INSERT INTO listenings ${insertList(fields)} RETURNING id`;
      await store.announce();
      return store.transaction(async ({ db }) => {
        const beat = await heartbeats.beat(db, at);
        const times = { startedAt: beat.at, heartbeatAt: beat.at, heartbeatUptime: beat.uptime };
        const values = { environment, url, ...ownerColumns(owner), ...times };
        return present(await db.get<{ id: number }>(insert, values)).id;
      });
    },
    heartbeat: async (id, at) => {
      const stamp = await heartbeats.stamp(at);
      const sql = `UPDATE listenings SET heartbeat_at = ${stamp.at}, heartbeat_uptime = ${stamp.uptime} WHERE id = :id`;
      await store.db.batch([{ sql, parameters: { id, ...stamp.parameters } }], { isQuiet: true });
    },
    endListener: async (id, at) => {
      const update = 'UPDATE listenings SET heartbeat_at = :at, ended_at = :at WHERE id = :id';
      await store.transaction(async ({ db }) => {
        const beat = await heartbeats.beat(db, at);
        await db.run(update, { id, at: beat.at });
      });
    },
    listListeners: async (since) => listListeners(store, since),
    listRunningListeners: listRunning,
    isListenedTo: async () => (await listenedToSince()) !== null,
    listenedToSince,
  };
}

const SELECT = selectList(['id', 'url', ...OWNER_FIELDS, 'startedAt', 'heartbeatAt', 'endedAt']);

/** A listener without an end, with the data that determine if it is running. */
interface OpenListener extends ListenerRecord {
  heartbeatUptime: number | null;
}

async function listOpen({ db, environment }: Scope): Promise<OpenListener[]> {
  const rows = await db.all<Omit<OpenListener, 'owner'> & OwnerRow>(
    `SELECT ${SELECT}, heartbeat_uptime AS "heartbeatUptime" FROM listenings
     WHERE environment = :environment AND ended_at IS NULL ORDER BY started_at, id`,
    { environment },
  );
  return rows.map(withOwner);
}

function heartbeatOf({ id, owner, heartbeatAt, heartbeatUptime }: OpenListener): Heartbeat {
  return { key: `listener ${id}`, owner, at: heartbeatAt, uptime: heartbeatUptime };
}

/**
 * True if a listener ran on this machine, but in an earlier boot. Used only for a journal in a file: on a server,
 * machines may have the same name, but it is always known whether a process is running.
 */
function wasRestarted(owner: OwnerProcess, own: OwnerProcess): boolean {
  return !isSameBoot(owner, own) && owner.host === own.host;
}

async function listListeners({ db, environment }: Scope, since: number): Promise<ListenerRecord[]> {
  const rows = await db.all<Omit<ListenerRecord, 'owner'> & OwnerRow>(
    `SELECT ${SELECT} FROM listenings WHERE environment = :environment AND heartbeat_at >= :since
     ORDER BY started_at, id`,
    { environment, since },
  );
  return rows.map(withOwner);
}
