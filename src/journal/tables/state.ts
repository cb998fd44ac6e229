import type { CardToken } from '../../domain/ids.ts';
import { insertList, selectList } from '../store/columns.ts';
import { present, type Scope, type Store } from '../store/store.ts';

export interface ClockJournal {
  /** Returns the clock difference to Wise at the last read, in milliseconds; positive if Wise's clock is ahead. */
  clockOffset(): Promise<number>;
  rememberClockOffset(milliseconds: number): Promise<void>;
}

interface EnvironmentRow {
  /** Id of the last event that was projected onto the cards. */
  foldedEventId: number;
  clockOffset: number;
}

export function environmentsTable(store: Store): ClockJournal {
  return {
    clockOffset: async () => (await findEnvironment(store)).clockOffset,
    rememberClockOffset: async (clockOffset) =>
      store.write(async (scope) => updateEnvironment(scope, { clockOffset })),
  };
}

const FIELDS = ['foldedEventId', 'clockOffset'] as const satisfies (keyof EnvironmentRow)[];

export async function findEnvironment({ db, environment }: Scope): Promise<EnvironmentRow> {
  const row = await db.get<EnvironmentRow>(
    `SELECT ${selectList(FIELDS)} FROM environments WHERE environment = :environment`,
    { environment },
  );
  return row ?? { foldedEventId: 0, clockOffset: 0 };
}

/** Updates fields of an environment, within a transaction. */
export async function updateEnvironment(scope: Scope, changes: Partial<EnvironmentRow>): Promise<void> {
  const { db, environment } = scope;
  await db.run(
    `INSERT INTO environments ${insertList([...FIELDS, 'environment'])}
     ON CONFLICT (environment) DO UPDATE SET folded_event_id = :foldedEventId, clock_offset = :clockOffset`,
    { ...(await findEnvironment(scope)), ...changes, environment },
  );
}

/** Identity of a journal, with the times of its last backup and restore, in milliseconds since the epoch. */
export interface JournalIdentity {
  /** The same in all copies of a journal. */
  id: string;
  /** Changes when a backup is restored. */
  generation: string;
  createdAt: number;
  restoredAt: number | null;
  backedUpAt: number | null;
  backupFile: string | null;
}

/** Marks a card for which nothing was sent since the journal was restored. */
interface RestoreMark {
  restoredAt: number;
  /** Milliseconds since this process first saw the mark, on a clock that can't be set. */
  seenFor: number;
}

/** Methods for backups and restores. A restored journal has no attempts after its backup. */
export interface RestoresJournal {
  recordBackup(backup: { file: string; at: number }): Promise<void>;
  findRestoreMark(cardToken: CardToken): Promise<RestoreMark | null>;
  clearRestoreMark(cardToken: CardToken, at: number): Promise<void>;
  countState(): Promise<JournalState>;
}

/** Counts of the journal's records, for this environment. */
export interface JournalState {
  openAttempts: number;
  /** Number of cards with a restore mark. */
  markedCards: number;
}

export function restoresTable(store: Store): RestoresJournal {
  const { db, environment, uptime } = store;
  let seenAt: number | null = null;
  return {
    recordBackup: async (backup) => {
      await db.run('UPDATE identity SET backed_up_at = :at, backup_file = :file', backup);
    },
    findRestoreMark: async (cardToken) => {
      const row = await db.get<{ restoredAt: number }>(
        `SELECT restored_at AS "restoredAt" FROM identity WHERE restored_at IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM restore_waits WHERE environment = :environment AND card_token = :cardToken
             AND restore_waits.generation = identity.generation)`,
        { environment, cardToken },
      );
      if (!row) return null;
      seenAt ??= uptime();
      return { ...row, seenFor: uptime() - seenAt };
    },
    clearRestoreMark: async (cardToken, at) => {
      await db.run(
        `INSERT INTO restore_waits (environment, card_token, generation, waited_at)
         SELECT :environment, :cardToken, generation, :at FROM identity WHERE restored_at IS NOT NULL
         ON CONFLICT DO NOTHING`,
        { environment, cardToken, at },
      );
    },
    countState: async () =>
      present(
        await db.get<JournalState>(
          `SELECT
             (SELECT count(*) FROM attempts WHERE environment = :environment AND closed_at IS NULL) AS "openAttempts",
             (SELECT count(DISTINCT card_token) FROM cards, identity
              WHERE environment = :environment AND card_token IS NOT NULL AND restored_at IS NOT NULL
                AND NOT EXISTS (
                  SELECT 1 FROM restore_waits WHERE restore_waits.environment = cards.environment
                    AND restore_waits.card_token = cards.card_token
                    AND restore_waits.generation = identity.generation)) AS "markedCards"`,
          { environment },
        ),
      ),
  };
}

/** Returns the SQL statements that turn a restored database into the next generation of its journal. */
export function nextServerGeneration(at: number): string[] {
  return [
    `UPDATE identity SET generation = left(md5(gen_random_uuid()::text), 16), restored_at = ${Math.trunc(at)}`,
    ...ENDED_OWNERS,
  ];
}

/** Ends what belonged to the processes of the earlier generation. */
const ENDED_OWNERS = [
  'DELETE FROM leases',
  'UPDATE attempts SET lease = NULL WHERE closed_at IS NULL',
  'UPDATE listenings SET ended_at = heartbeat_at WHERE ended_at IS NULL',
];

/**
 * Returns the SQL statements that turn a copy into the next generation of a journal: no leases, no running listeners, and
 * a restore mark for every card. A backup already contains these changes, in case a user copies it into place.
 */
export function nextGeneration(at: number): string[] {
  return [
    `UPDATE identity SET generation = lower(hex(randomblob(8))), restored_at = ${Math.trunc(at)}, main_file = NULL,
       epoch = NULL, checkpoint = NULL`,
    'DELETE FROM restore_waits',
    ...ENDED_OWNERS,
  ];
}
