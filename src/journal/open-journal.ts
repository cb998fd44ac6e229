import type { Database } from '../database/database.ts';
import { faultOf } from '../database/faults.ts';
import { FileGuard, inodeOf, isEmptyFile, placeOf } from '../database/file-guard.ts';
import { networkFileSystem } from '../database/network-file-system.ts';
import { IN_MEMORY, SqliteConnection } from '../database/sqlite.ts';
import { SqliteDatabase } from '../database/sqlite-database.ts';
import type { OwnerProcess } from '../domain/attempt.ts';
import { uptimeNow } from '../machine/boot.ts';
import type { ProgramSchema } from '../postgres/schema-version.ts';
import type { Journal, JournalGroups, WholeJournal } from './journal.ts';
import { assertFolder, movedJournal, onNetwork, replacedJournal, unusable } from './journal-faults.ts';
import { noticesTable } from './servers/notices.ts';
import { outboxTable } from './servers/outbox.ts';
import { plansTable } from './servers/plans.ts';
import { currentOwner } from './store/owner.ts';
import { Store, type StoreOptions } from './store/store.ts';
import { DamagedRow } from './store/stored-json.ts';
import { actionsTable } from './tables/actions.ts';
import { attemptsTable } from './tables/attempts.ts';
import { cardLists, cardNames } from './tables/card-states.ts';
import { cardsTable } from './tables/cards.ts';
import { eventsTable } from './tables/events.ts';
import { holdsTable, kioskLists } from './tables/kiosks.ts';
import { leasesTable } from './tables/leases.ts';
import { listenersTable } from './tables/listeners.ts';
import { MIGRATIONS } from './tables/migrations/sqlite.ts';
import { orderRequestsTable } from './tables/order-requests.ts';
import { runsTable } from './tables/runs.ts';
import { environmentsTable, restoresTable } from './tables/state.ts';

/** Schema version of this version of kioskctl. */
export const JOURNAL_SCHEMA: number = MIGRATIONS.length;

/**
 * Schema versions in PostgreSQL that this kioskctl can use. Commands do not upgrade the schema there. Statements must
 * check the version before they use additions to the oldest one.
 */
export const SERVER_SCHEMA: ProgramSchema = { oldest: 10, current: JOURNAL_SCHEMA };

/** Tables that `forget` empties. */
const FORGOTTEN = [
  'cards',
  'attempts',
  'order_requests',
  'events',
  'outbox',
  'notices',
  'runs',
  'run_cards',
  'plans',
  'plan_cards',
];

export interface JournalOptions {
  environment: string;
  /** Returns milliseconds since the epoch. */
  now: () => number;
  /** Returns milliseconds on a clock that can't be set (since the boot). */
  uptime?: () => number;
  /** The process that owns new records. Default: this process. */
  owner?: OwnerProcess;
  /** The clock that all processes of the journal share. Default: the clock of the journal's server, if it is on one. */
  clock?: StoreOptions['clock'];
}

export interface SqliteJournalOptions extends JournalOptions {
  /** Path of the file, created if missing. All environments share it. */
  file: string;
  /** True if the user configured the path. A missing folder is then an error, because a disk may not be mounted. */
  isNamed?: boolean;
  /** True for a server: while another process writes, statements are retried without blocking the event loop. */
  isServer?: boolean;
}

/** Opens the journal of one environment in a SQLite file. @throws Failure `journal-unusable` */
export function openSqliteJournal(options: SqliteJournalOptions): Journal {
  const database = openJournalFile(options);
  return makeJournal(() => database, options);
}

/** Maximum wait of a server for other writers, in milliseconds. A webhook needs its response within 5 seconds. */
export const SERVER_PATIENCE_MS = 3_500;

/** Opens the SQLite file of a journal. @throws Failure `journal-unusable` */
export function openJournalFile({
  file,
  isNamed = false,
  isServer = false,
  environment = 'local',
}: Pick<SqliteJournalOptions, 'file' | 'isNamed' | 'isServer'> & { environment?: string }): Database {
  const fault = (reason: string, fix: string | null = null) => unusable(file, reason, fix);
  if (isNamed) assertFolder(file);
  const place = file === IN_MEMORY ? file : placeOfJournal(file);
  const network = file === IN_MEMORY ? null : networkFileSystem(place);
  if (network !== null) throw onNetwork(file, network);
  const opened = inodeOf(file);
  // SQLite would treat an empty file as a new database.
  if (opened !== null && isEmptyFile(file)) throw unusable(file, 'is damaged: it is empty (0 bytes)');
  const replaced = (reason: string) => replacedJournal(file, reason);
  const connection = new SqliteConnection({
    file: place,
    migrations: MIGRATIONS,
    durability: 'full',
    fault,
    assertInPlace: () => {
      if (opened !== null && inodeOf(file) !== opened) throw replaced('was replaced while it was opened');
    },
  });
  if (environment !== 'local') assertNotMoved(connection, file);
  const guard =
    file === IN_MEMORY
      ? null
      : new FileGuard(connection, {
          file,
          opened,
          fault: replaced,
        });
  // SQLite would wait for a lock without letting the event loop run, so the database retries instead.
  if (isServer) connection.exec('PRAGMA busy_timeout = 0');
  return new SqliteDatabase(connection, { guard, retryFor: isServer ? SERVER_PATIENCE_MS : 0 });
}

/** Checks that the records of a file were not moved elsewhere. @throws Failure `journal-moved` */
function assertNotMoved(connection: SqliteConnection, file: string): void {
  const moved = connection.get<{ name: string; at: number | null }>(
    'SELECT moved_to AS name, moved_at AS at FROM identity WHERE moved_to IS NOT NULL',
  );
  if (!moved) return;
  connection.close();
  throw movedJournal(file, { name: moved.name, isComplete: moved.at !== null });
}

/** Combines the methods of all tables. @param databaseOf returns the database for a group of methods */
export function makeJournal(
  databaseOf: (group: keyof JournalGroups) => Database,
  { environment, now, uptime = uptimeNow, owner = currentOwner(), clock }: JournalOptions,
): Journal {
  const stores = new Map<Database, Store>();
  const storeOf = (group: keyof JournalGroups): Store => {
    const db = databaseOf(group);
    const store =
      stores.get(db) ?? new Store({ db, environment, now, uptime, owner, ...(clock && { clock }) });
    stores.set(db, store);
    return store;
  };
  const groups: JournalGroups = {
    cards: cardsTable(storeOf('cards')),
    cardLists: cardLists(storeOf('cardLists')),
    cardNames: cardNames(storeOf('cardNames')),
    clock: environmentsTable(storeOf('clock')),
    attempts: attemptsTable(storeOf('attempts')),
    orderRequests: orderRequestsTable(storeOf('orderRequests')),
    actions: actionsTable(storeOf('actions')),
    events: eventsTable(storeOf('events')),
    outbox: outboxTable(storeOf('outbox')),
    notices: noticesTable(storeOf('notices')),
    listeners: listenersTable(storeOf('listeners')),
    kiosks: kioskLists(storeOf('kiosks')),
    holds: holdsTable(storeOf('holds')),
    leases: leasesTable(storeOf('leases')),
    runs: runsTable(storeOf('runs')),
    plans: plansTable(storeOf('plans')),
    restores: restoresTable(storeOf('restores')),
    whole: wholeJournal(storeOf('whole')),
  };
  const journal: object = Object.assign(
    {},
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
    ...(Object.keys(groups) as (keyof JournalGroups)[]).map((group) =>
      reportingDamage(groups[group], storeOf(group).db),
    ),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the methods of all groups
  return journal as Journal;
}

/** Wraps the methods of a group: the error for a damaged row becomes a Failure. */
function reportingDamage(methods: object, db: Database): object {
  const convert = (error: unknown) => {
    throw error instanceof DamagedRow ? db.fault(`is damaged: ${error.message}`) : error;
  };
  const entries = Object.entries(methods).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]) => {
      const result = method(...args);
      return result instanceof Promise ? result.catch(convert) : result;
    },
  ]);
  return Object.fromEntries(entries);
}

function wholeJournal(store: Store): WholeJournal {
  return {
    assertCurrent: () => store.db.assertCurrent(),
    within: async (left, work) => store.db.within(left, work),
    forget: async () =>
      store.transaction(async ({ db, environment }) => {
        for (const table of FORGOTTEN)
          await db.run(`DELETE FROM ${table} WHERE environment = :environment`, { environment });
      }),
    close: async () => store.close(),
  };
}

/**
 * Resolves the path of a journal.
 * @throws Failure `journal-unusable` for a broken link: its disk may not be mounted, and a new journal would have no
 * attempts
 */
export function placeOfJournal(path: string): string {
  const fault = (reason: string, fix: string | null = null) => unusable(path, reason, fix);
  try {
    const place = placeOf(path);
    if (place !== null) return place;
  } catch (error) {
    throw faultOf(error, { file: path, fault });
  }
  throw fault('is a link to a file that does not exist');
}
