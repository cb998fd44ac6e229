import type { PlanState } from '../../detached/plan.ts';
import type { KioskId } from '../../domain/ids.ts';
import type { CardFailure } from '../../domain/selection.ts';
import { assignments, insertList, selectList } from '../store/columns.ts';
import type { Scope, Store } from '../store/store.ts';
import { parseStored } from '../store/stored-json.ts';
import { hasSchema, type QueuedNotice, queueNotice } from './outbox.ts';

/** Subject of a problem. Equal subjects are one problem. Fields that do not distinguish problems of the kind are null. */
export interface ProblemSubject {
  kind: 'failed' | 'stuck' | 'unknown' | 'expiring' | 'hold' | 'listener' | 'plan';
  kioskId: KioskId | null;
  error: CardFailure | null;
  /** Maximum number of days left. */
  days: number | null;
  /** `gap`: no listener ran for a while. `stopped`: one of several stopped. */
  listener: 'gap' | 'stopped' | null;
  /** A detached plan that ended or paused, with the number of its approval. Missing in rows of older versions. */
  plan?: { id: string; state: PlanState; approval: number } | null;
}

/** A problem that was reported, or will be. Times are milliseconds since the epoch. */
export interface OpenNotice {
  key: string;
  subject: ProblemSubject;
  seenAt: number;
  /** Time of the latest notice; null before the first one. */
  noticedAt: number | null;
  /** Time since which a reported problem is over; null while the problem exists. */
  goneAt: number | null;
  /** Number of cards, gaps, listeners or plans, and their times, in the latest notice. */
  count: number;
  since: number;
  latest: number;
}

/** A change of an open notice. `before` or `after` is null if there is none. */
interface OpenNoticeChange {
  before: OpenNotice | null;
  after: OpenNotice | null;
}

/** Changes of open notices, with the messages that report them together. */
export interface NoticeUpdate {
  changes: readonly OpenNoticeChange[];
  messages: readonly QueuedNotice[];
}

export interface NoticesJournal {
  /** True if the journal can store notices: on a server, an older schema can't. The other methods need it. */
  hasNotices(): Promise<boolean>;
  listNotices(): Promise<OpenNotice[]>;
  /**
   * Updates open notices, and queues their messages in the same transaction. Another process may have been faster with some
   * changes: the messages of an update are queued if any of its changes is applied.
   * @returns the number of changes that were applied
   */
  updateNotices(updates: readonly NoticeUpdate[]): Promise<number>;
}

/** Version of the schema with notices. */
const SCHEMA = 14;

const FIELDS = [
  'key',
  'subject',
  'seenAt',
  'noticedAt',
  'goneAt',
  'count',
  'since',
  'latest',
] as const satisfies (keyof OpenNotice)[];

export function noticesTable(store: Store): NoticesJournal {
  return {
    hasNotices: async () => hasSchema(store, SCHEMA),
    listNotices: async () => {
      const { db, environment } = store;
      const rows = await db.all<Omit<OpenNotice, 'subject'> & { subject: string }>(
        `SELECT ${selectList(FIELDS)} FROM notices WHERE environment = :environment ORDER BY key`,
        { environment },
      );
      return rows.map((row) => ({ ...row, subject: parseStored<ProblemSubject>(row.subject, 'kind') }));
    },
    updateNotices: async (updates) =>
      store.transaction(async (scope) => {
        let applied = 0;
        for (const { changes, messages } of updates) {
          const before = applied;
          for (const change of changes) if (await replace(scope, change)) applied += 1;
          if (applied > before) for (const message of messages) await queueNotice(scope, message);
        }
        return applied;
      }),
  };
}

/** Replaces a row. @returns false if another process changed it since it was read */
async function replace({ db, environment }: Scope, { before, after }: OpenNoticeChange): Promise<boolean> {
  const values = after && { ...after, subject: JSON.stringify(after.subject) };
  if (before === null) {
    const insert = `INSERT INTO notices ${insertList(['environment', ...FIELDS])} ON CONFLICT DO NOTHING`;
    return values !== null && (await db.run(insert, { environment, ...values })).changes === 1;
  }
  const { key, noticedAt, goneAt } = before;
  const isSame = `environment = :environment AND key = :key
    AND noticed_at IS NOT DISTINCT FROM :wasNoticedAt AND gone_at IS NOT DISTINCT FROM :wasGoneAt`;
  const was = { environment, key, wasNoticedAt: noticedAt, wasGoneAt: goneAt };
  const { changes } = values
    ? await db.run(`UPDATE notices SET ${assignments(FIELDS)} WHERE ${isSame}`, { ...values, ...was })
    : await db.run(`DELETE FROM notices WHERE ${isSame}`, was);
  return changes === 1;
}
