import type { OwnerProcess } from '../../domain/attempt.ts';
import {
  insertList,
  OWNER_FIELDS,
  type OwnerRow,
  ownerColumns,
  selectList,
  withOwner,
} from '../store/columns.ts';
import { mayBeRunning } from '../store/owner.ts';
import { present, type Scope, type Store } from '../store/store.ts';

/** A time in which a listener received events into this journal. */
export interface ListenerRecord {
  id: number;
  /** The address at which it received them. */
  url: string;
  owner: OwnerProcess;
  startedAt: number;
  heartbeatAt: number;
  /** null while it is running, and for one that was killed. */
  endedAt: number | null;
}

export interface ListenersJournal {
  startListener(url: string, at: number): Promise<number>;
  heartbeat(listener: number, at: number): Promise<void>;
  endListener(listener: number, at: number): Promise<void>;
  /** Those that were running at a time or later, oldest first. */
  listListeners(since: number): Promise<ListenerRecord[]>;
  /** True if a listener writes to this journal right now. */
  isListenedTo(): Promise<boolean>;
  /** The start of a listener that is running, in milliseconds since the epoch; null where there is none. */
  listenedToSince(): Promise<number | null>;
}

/** A listener without a heartbeat for this long has ended. */
const SILENCE_MS = 10_000;

/** The SQL table is `listenings`. */
export function listenersTable(store: Store): ListenersJournal {
  const { db, environment, now, owner } = store;
  const listenedToSince = async (): Promise<number | null> => {
    const recent = await listListeners(store, now() - SILENCE_MS);
    return recent.find((one) => one.endedAt === null && mayBeRunning(one.owner))?.startedAt ?? null;
  };
  return {
    startListener: async (url, at) => {
      const fields = ['environment', 'url', ...OWNER_FIELDS, 'startedAt', 'heartbeatAt'];
      const row = await db.get<{ id: number }>(`INSERT INTO listenings ${insertList(fields)} RETURNING id`, {
        environment,
        url,
        ...ownerColumns(owner),
        startedAt: at,
        heartbeatAt: at,
      });
      return present(row).id;
    },
    heartbeat: async (id, at) => {
      await db.run('UPDATE listenings SET heartbeat_at = :at WHERE id = :id', { id, at });
    },
    endListener: async (id, at) => {
      await db.run('UPDATE listenings SET heartbeat_at = :at, ended_at = :at WHERE id = :id', { id, at });
    },
    listListeners: async (since) => listListeners(store, since),
    isListenedTo: async () => (await listenedToSince()) !== null,
    listenedToSince,
  };
}

const SELECT = selectList(['id', 'url', ...OWNER_FIELDS, 'startedAt', 'heartbeatAt', 'endedAt']);

async function listListeners({ db, environment }: Scope, since: number): Promise<ListenerRecord[]> {
  const rows = await db.all<Omit<ListenerRecord, 'owner'> & OwnerRow>(
    `SELECT ${SELECT} FROM listenings WHERE environment = :environment AND heartbeat_at >= :since
     ORDER BY started_at, id`,
    { environment, since },
  );
  return rows.map(withOwner);
}
