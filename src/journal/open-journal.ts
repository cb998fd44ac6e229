import type { Database } from '../database/database.ts';
import { SqliteConnection } from '../database/sqlite.ts';
import { SqliteDatabase } from '../database/sqlite-database.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { Journal, JournalGroups, WholeJournal } from './journal.ts';
import { currentOwner } from './store/owner.ts';
import { Store } from './store/store.ts';
import { actionsTable } from './tables/actions.ts';
import { attemptsTable } from './tables/attempts.ts';
import { cardLists } from './tables/card-states.ts';
import { cardsTable } from './tables/cards.ts';
import { environmentsTable } from './tables/environments.ts';
import { eventsTable } from './tables/events.ts';
import { holdsTable, kioskLists } from './tables/kiosks.ts';
import { leasesTable } from './tables/leases.ts';
import { listenersTable } from './tables/listeners.ts';
import { CARDS_ATTEMPTS_ACTS } from './tables/migrations/001-cards-attempts-acts.ts';
import { EVENTS_LISTENINGS } from './tables/migrations/002-events-listenings.ts';
import { KIOSKS } from './tables/migrations/003-kiosks.ts';
import { AUDIT_TRAIL } from './tables/migrations/004-audit-trail.ts';
import { RUNS } from './tables/migrations/005-runs.ts';
import { ATTEMPT_ENDS } from './tables/migrations/006-attempt-ends.ts';
import { orderRequestsTable } from './tables/order-requests.ts';
import { runsTable } from './tables/runs.ts';

const MIGRATIONS = [CARDS_ATTEMPTS_ACTS, EVENTS_LISTENINGS, KIOSKS, AUDIT_TRAIL, RUNS, ATTEMPT_ENDS];

/** The version of the schema that this kioskctl writes. */
export const JOURNAL_SCHEMA: number = MIGRATIONS.length;

/** Tables whose rows end with the sandbox's state. */
const FORGOTTEN = ['cards', 'attempts', 'order_requests', 'events', 'runs', 'run_cards'];

export interface SqliteJournalOptions {
  /** Made if it isn't there; the journals of all environments share it. */
  file: string;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds to wait for another process that writes. */
  patience?: number | undefined;
}

/**
 * Opens the journal of one environment in a SQLite file.
 * @throws Failure `journal-unusable`
 */
export function openSqliteJournal(options: SqliteJournalOptions): Journal {
  const database = openJournalFile(options);
  return makeJournal(() => database, options);
}

/** @throws Failure `journal-unusable` */
export function openJournalFile({
  file,
  patience,
}: Pick<SqliteJournalOptions, 'file' | 'patience'>): Database {
  const fault = (reason: string) => unusable(file, reason);
  return new SqliteDatabase(
    new SqliteConnection({ file, migrations: MIGRATIONS, durability: 'full', patience, fault }),
  );
}

/** @param databaseOf the database for a group of methods, which may be the same for all */
export function makeJournal(
  databaseOf: (group: keyof JournalGroups) => Database,
  { environment, now }: Pick<SqliteJournalOptions, 'environment' | 'now'>,
): Journal {
  const owner = currentOwner();
  const stores = new Map<Database, Store>();
  const storeOf = (group: keyof JournalGroups): Store => {
    const db = databaseOf(group);
    const store = stores.get(db) ?? new Store({ db, environment, now, owner });
    stores.set(db, store);
    return store;
  };
  const groups: JournalGroups = {
    cards: cardsTable(storeOf('cards')),
    cardLists: cardLists(storeOf('cardLists')),
    clock: environmentsTable(storeOf('clock')),
    attempts: attemptsTable(storeOf('attempts')),
    orderRequests: orderRequestsTable(storeOf('orderRequests')),
    actions: actionsTable(storeOf('actions')),
    events: eventsTable(storeOf('events')),
    listeners: listenersTable(storeOf('listeners')),
    kiosks: kioskLists(storeOf('kiosks')),
    holds: holdsTable(storeOf('holds')),
    leases: leasesTable(storeOf('leases')),
    runs: runsTable(storeOf('runs')),
    whole: wholeJournal(storeOf('whole')),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the methods of all groups
  return Object.assign({}, ...Object.values(groups)) as Journal;
}

function wholeJournal(store: Store): WholeJournal {
  return {
    forget: async () =>
      store.transaction(async ({ db, environment }) => {
        for (const table of FORGOTTEN)
          await db.run(`DELETE FROM ${table} WHERE environment = :environment`, { environment });
      }),
    close: async () => {
      await store.flush();
      await store.db.close();
    },
  };
}

function unusable(file: string, reason: string): Failure {
  return new Failure('journal-unusable', `The journal ${file} ${reason}.`, {
    hint: 'Nothing is sent without the journal. Free or repair the file, or set KIOSKCTL_HOME to another folder.',
  });
}
