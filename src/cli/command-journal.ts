import type { Context } from '../context/context.ts';
import type { Database, Parameters } from '../database/database.ts';
import { IN_MEMORY } from '../database/sqlite.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { Journal, JournalGroups } from '../journal/journal.ts';
import { JournalFile } from '../journal/journal-file.ts';
import { makeJournal, openJournalFile, type SqliteJournalOptions } from '../journal/open-journal.ts';
import { loadJobQueue, loadPostgres, type PostgresJournalOptions } from '../journal/postgres-journal.ts';
import { isJournalUrl, parseJournalUrl } from '../postgres/journal-url.ts';
import type { Effect } from './production-guard.ts';
import { journalAddressOf } from './settings/journal-address.ts';

/** The location of a command's journal, and the data for opening it. */
export type JournalLocation = Pick<SqliteJournalOptions, 'file' | 'isNamed' | 'environment' | 'now'> &
  Required<Pick<PostgresJournalOptions, 'timeout'>>;

/** Hides the password of a server in all output. */
type Hiding = { hide(secret: string): void };

interface JournalWorld {
  effect: Effect;
  isServer: boolean;
  warn: (text: string) => void;
  credentials: Hiding;
}

/**
 * Prepares the journal of a command (file or server), and opens it at its first use. Commands that only read can
 * continue without it; actions require it.
 */
export async function findJournal(
  location: JournalLocation,
  { effect, warn, ...world }: JournalWorld,
): Promise<() => Journal> {
  const open = isJournalUrl(location.file)
    ? await openerOf(location, { ...world, isDispensable: effect === 'reads' })
    : () => openJournalFile({ ...location, isServer: world.isServer });
  return () => {
    if (effect === 'reads') return openFallbackJournal({ open, warn, ...location });
    const database = open();
    return makeJournal(() => database, location);
  };
}

async function openerOf(
  { file, timeout }: JournalLocation,
  { credentials, ...user }: Omit<JournalWorld, 'effect' | 'warn'> & { isDispensable: boolean },
): Promise<() => Database> {
  const open = await loadPostgres();
  return () => open({ address: journalAddressOf(file, credentials), timeout, ...user });
}

/** Returns the operations on the whole journal, as a file and on a server, and the jobs of a server. */
export function findJournalPlace(
  location: JournalLocation,
  credentials: Hiding,
): Pick<Context, 'journalFile' | 'journalServer' | 'jobQueue'> {
  const [{ file }, journalFile] = [location, new JournalFile(location)];
  if (!isJournalUrl(file)) return { journalFile, journalServer: null, jobQueue: null };
  const addressOf = (login?: string) => journalAddressOf(file, credentials, login);
  return {
    journalFile,
    journalServer: async (login) => {
      const { JournalServer } = await import('../journal/journal-server.ts');
      return new JournalServer({ ...location, name: parseJournalUrl(file).name, address: addressOf(login) });
    },
    jobQueue: async () => loadJobQueue(addressOf()),
  };
}

/**
 * The behaviour of each group of methods if the file is unusable. Commands on single cards continue with an empty
 * journal. Lists fail, because an empty list would hide the cards of the file.
 */
const WITHOUT_FILE: Readonly<Record<keyof JournalGroups, 'fails' | 'is empty'>> = {
  cards: 'is empty',
  cardLists: 'fails',
  cardNames: 'is empty',
  clock: 'is empty',
  attempts: 'is empty',
  orderRequests: 'is empty',
  actions: 'fails',
  events: 'is empty',
  outbox: 'fails',
  notices: 'fails',
  listeners: 'is empty',
  kiosks: 'fails',
  holds: 'fails',
  leases: 'is empty',
  runs: 'fails',
  plans: 'is empty',
  restores: 'fails',
  whole: 'is empty',
};

/** Delay of the warning in milliseconds: a command that needs the file fails earlier, and shows only that. */
const WARNING_DELAY_MS = 100;

/** Milliseconds between two checks if an unusable journal is usable again. */
const RETRY_MS = 2_000;

interface FallbackOptions {
  /** Opens the database. @throws Failure `journal-unusable` */
  open: () => Database;
  environment: string;
  now: () => number;
  warn: (text: string) => void;
}

/**
 * Opens a journal for commands that only read. While the journal is unusable, it either fails (where the journal is
 * needed), or warns once and continues with an empty in-memory journal.
 */
export function openFallbackJournal({ open, warn, ...options }: FallbackOptions): Journal {
  const source = new Source(open, warn);
  const databases = {
    fails: fallbackDatabase(source, 'fails'),
    'is empty': fallbackDatabase(source, 'is empty'),
  };
  return makeJournal((group) => databases[WITHOUT_FILE[group]], options);
}

/** The database of the file while it is usable, otherwise an in-memory database. */
class Source {
  readonly #open: () => Database;
  readonly #warn: (text: string) => void;
  #database: Database | null = null;
  #memory: Database | null = null;
  #failure: Failure | null = null;
  /** True once an error or warning has reported the failure. */
  #isReported = false;
  #warning: NodeJS.Timeout | null = null;
  /** Time of `performance.now()` from which the next check is due. */
  #retryAt = 0;
  #retrying: Promise<void> | null = null;

  constructor(open: () => Database, warn: (text: string) => void) {
    this.#open = open;
    this.#warn = warn;
  }

  async use<Result>(
    withoutFile: 'fails' | 'is empty',
    work: (database: Database) => Promise<Result>,
  ): Promise<Result> {
    try {
      if (!this.#failure) return await work((this.#database ??= this.#open()));
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'journal-unusable') throw error;
      this.#failure = error;
      this.#retryAt = performance.now() + RETRY_MS;
    }
    this.#retrySoon();
    if (withoutFile === 'fails') throw this.#reported(this.#failure);
    this.#warnSoon();
    return work((this.#memory ??= openJournalFile({ file: IN_MEMORY })));
  }

  /** The database of the file; null if it is closed or unusable. */
  get database(): Database | null {
    return this.#failure ? null : this.#database;
  }

  fault(reason: string): Error {
    return (this.database ?? this.#memory ?? this.#open()).fault(reason);
  }

  async close(): Promise<void> {
    this.#warnNow();
    await this.#database?.close();
    await Promise.all([this.#retrying, this.#memory?.close()]);
  }

  /** Checks in the background if the journal is usable again: a server that does not answer must not delay the command. */
  #retrySoon(): void {
    if (performance.now() < this.#retryAt) return;
    this.#retrying ??= this.#retry().finally(() => {
      this.#retryAt = performance.now() + RETRY_MS;
      this.#retrying = null;
    });
  }

  async #retry(): Promise<void> {
    try {
      this.#database ??= this.#open();
      await this.#database.get('SELECT 1 AS one');
    } catch (error) {
      // The next use reports any other failure.
      if (error instanceof Failure && error.code === 'journal-unusable') return;
    }
    this.#failure = null;
    if (this.#isReported) this.#warn('The journal is usable again.');
    this.#isReported = false;
  }

  #reported(failure: Failure): Failure {
    this.#isReported = true;
    clearTimeout(this.#warning ?? undefined);
    this.#warning = null;
    return failure;
  }

  #warnSoon(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#warning = setTimeout(() => this.#warnNow(), WARNING_DELAY_MS).unref();
  }

  #warnNow(): void {
    if (!this.#warning) return;
    clearTimeout(this.#warning);
    this.#warning = null;
    this.#warn(`${this.#failure?.message} Continuing without it: its cards and attempts are missing here.`);
  }
}

/** Creates a database that delegates each call to the current database of its source. */
function fallbackDatabase(source: Source, withoutFile: 'fails' | 'is empty'): Database {
  const use = async <Result>(work: (database: Database) => Promise<Result>) => source.use(withoutFile, work);
  return {
    run: async (...statement) => use(async (database) => database.run(...statement)),
    get: async <Row>(sql: string, values?: Parameters) => use(async (db) => db.get<Row>(sql, values)),
    all: async <Row>(sql: string, values?: Parameters) => use(async (db) => db.all<Row>(sql, values)),
    allValues: async (...statement) => use(async (database) => database.allValues(...statement)),
    clock: async () => use(async (database) => database.clock()),
    findAnnounced: async (owners) => use(async (database) => database.findAnnounced(owners)),
    announce: async (owner) => use(async (database) => database.announce(owner)),
    transaction: async (work) => use(async (database) => database.transaction(work)),
    batch: async (...batch) => use(async (database) => database.batch(...batch)),
    clockSql: async () => use(async (database) => database.clockSql()),
    fault: (reason) => source.fault(reason),
    within: async (left, work) => (await use(async (db) => Promise.resolve(db))).within(left, work),
    assertCurrent: () => source.database?.assertCurrent(),
    // The version also changes when the file becomes unusable, which the next read handles.
    version: () => {
      try {
        return source.database?.version() ?? '';
      } catch {
        return '';
      }
    },
    async *watch(signal) {
      yield* (await use(async (database) => Promise.resolve(database))).watch(signal);
    },
    close: async () => source.close(),
    get generation() {
      return source.database?.generation ?? '';
    },
  };
}
