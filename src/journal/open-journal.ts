import { Database } from '../database/sqlite.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { Journal } from './journal.ts';
import { sqliteActions } from './sqlite-acts.ts';
import { sqliteAttempts } from './sqlite-attempts.ts';
import { sqliteCardStates, sqliteCards } from './sqlite-cards.ts';
import { sqliteEvents, sqliteListenings } from './sqlite-events.ts';
import { sqliteKiosks } from './sqlite-kiosks.ts';
import { sqliteLeases } from './sqlite-leases.ts';
import { sqliteRuns } from './sqlite-runs.ts';
import { currentOwner } from './tables/leases.ts';
import { CARDS_ATTEMPTS_ACTS } from './tables/migrations/001-cards-attempts-acts.ts';
import { EVENTS_LISTENINGS } from './tables/migrations/002-events-listenings.ts';
import { KIOSKS } from './tables/migrations/003-kiosks.ts';
import { AUDIT_TRAIL } from './tables/migrations/004-audit-trail.ts';
import { RUNS } from './tables/migrations/005-runs.ts';
import { GroupCommit, type Store } from './write-queue.ts';

const MIGRATIONS = [CARDS_ATTEMPTS_ACTS, EVENTS_LISTENINGS, KIOSKS, AUDIT_TRAIL, RUNS];

/** Which version of the schema this kioskctl writes. */
export const JOURNAL_SCHEMA: number = MIGRATIONS.length;

/** What ends with the sandbox's state; acts stay. */
const FORGOTTEN = ['cards', 'attempts', 'order_requests', 'events', 'runs', 'run_cards'];

export interface SqliteJournalOptions {
  /** Made if it isn't there; the journals of all environments share it. */
  file: string;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** How long it waits for another process that writes, in milliseconds. */
  patience?: number | undefined;
}

/**
 * The journal of one environment in a SQLite file. Asynchronous by its interface, so that a server may take its place.
 * @throws Failure `journal-unusable`
 */
export function openSqliteJournal({ file, environment, now, patience }: SqliteJournalOptions): Journal {
  const fault = (reason: string) => unusable(file, reason);
  const db = new Database({ file, migrations: MIGRATIONS, durability: 'full', patience, fault });
  const commit = new GroupCommit(db);
  const store: Store = { db, commit, environment, now, holder: currentOwner() };
  return {
    ...sqliteCards(store),
    ...sqliteAttempts(store),
    ...sqliteEvents(store),
    ...sqliteListenings(store),
    ...sqliteActions(store),
    ...sqliteCardStates(store),
    ...sqliteKiosks(store),
    ...sqliteLeases(store),
    ...sqliteRuns(store),
    forget: async () =>
      db.transaction(() => {
        for (const table of FORGOTTEN)
          db.run(`DELETE FROM ${table} WHERE environment = :environment`, { environment });
      }),
    close: () => {
      commit.flush();
      db.close();
    },
  };
}

function unusable(file: string, reason: string): Failure {
  return new Failure('journal-unusable', `The journal ${file} ${reason}.`, {
    hint: 'Nothing is sent without the journal. Free or repair the file, or set KIOSKCTL_HOME to another folder.',
  });
}
