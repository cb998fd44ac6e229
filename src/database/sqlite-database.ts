import { setTimeout as pause } from 'node:timers/promises';
import type { BatchResult, Database, Parameters, Statement, Transaction, Value } from './database.ts';
import { isBusy } from './faults.ts';
import type { FileGuard } from './file-guard.ts';
import type { SqliteConnection } from './sqlite.ts';
import { watchFile } from './watch-file.ts';

const RETRY_MS = 20;

/** State shared by all connections of this process to the same file. */
interface Lock {
  /** Settles when the open transaction ends; null if none is open. */
  open: Promise<void> | null;
  /** Called after each commit. */
  watchers: Set<() => void>;
}

/**
 * The locks by file. They make a second connection of this process wait asynchronously. If it blocked the event loop
 * instead, the open transaction could never end.
 */
const LOCKS = new Map<string, Lock>();

function lockOf(file: string | null): Lock {
  const lock = (file !== null && LOCKS.get(file)) || { open: null, watchers: new Set() };
  if (file !== null) LOCKS.set(file, lock);
  return lock;
}

/**
 * `Database` on a SQLite file. Statements run immediately, unless a transaction is open. Then they wait in a loop,
 * because another waiting caller may open the next transaction first.
 */
export class SqliteDatabase implements Database {
  readonly #connection: SqliteConnection;
  readonly #guard: FileGuard | null;
  readonly #retryFor: number;
  readonly #lock: Lock;
  #commits = 0;

  /**
   * @param options.guard detects a replaced file; null for an in-memory database
   * @param options.retryFor milliseconds to retry while another process writes, without blocking the event loop
   */
  constructor(
    connection: SqliteConnection,
    { guard = null, retryFor = 0 }: { guard?: FileGuard | null; retryFor?: number } = {},
  ) {
    this.#connection = connection;
    this.#guard = guard;
    this.#retryFor = retryFor;
    this.#lock = lockOf(connection.walFile);
  }

  get generation(): string {
    return this.#guard?.generation ?? '';
  }

  fault(reason: string): Error {
    return this.#connection.fault(reason);
  }

  assertCurrent(): void {
    this.#guarded(() => this.#guard?.assertCurrent());
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    return this.#whenFree(() => {
      this.#guard?.assertFiles();
      const isArmed = this.#guard === null || this.#guard.isArmed;
      const result = isArmed
        ? this.#connection.run(sql, parameters)
        : this.#connection.transaction(() => {
            this.#guard?.arm();
            return this.#connection.run(sql, parameters);
          });
      this.#afterCommit();
      return result;
    });
  }

  async get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    return this.#whenFree(() => this.#read(() => this.#connection.get<Row>(sql, parameters)));
  }

  async all<Row>(sql: string, parameters?: Parameters): Promise<Row[]> {
    return this.#whenFree(() => this.#read(() => this.#connection.all<Row>(sql, parameters)));
  }

  async allValues(sql: string, parameters?: Parameters): Promise<Value[][]> {
    return this.#whenFree(() => this.#read(() => this.#connection.allValues(sql, parameters)));
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const end = Promise.withResolvers<void>();
    await this.#whenFree(() => {
      // Check before writing: a write could extend a truncated log to its old length, which would hide the truncation.
      this.#guard?.assertFiles();
      this.#connection.run('BEGIN IMMEDIATE');
      this.#lock.open = end.promise;
    });
    const tx = openTransaction(this.#connection);
    try {
      this.#guard?.arm();
      const result = await work(tx);
      this.#guarded(() => {
        this.#connection.run('COMMIT');
        this.#afterCommit();
      });
      return result;
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    } finally {
      tx.end();
      this.#lock.open = null;
      end.resolve();
    }
  }

  async batch(statements: readonly Statement[]): Promise<BatchResult> {
    return this.transaction(async (tx) => {
      const rows: unknown[][] = [];
      for (const { sql, parameters } of statements) rows.push(await tx.all(sql, parameters));
      return { rows, isRepeated: false };
    });
  }

  async within<Result>(_left: () => number, work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  async clockSql(): Promise<null> {
    return Promise.resolve(null);
  }

  async findAnnounced(): Promise<null> {
    return Promise.resolve(null);
  }

  async announce(): Promise<void> {
    return Promise.resolve();
  }

  async clock(): Promise<null> {
    return Promise.resolve(null);
  }

  version(): string {
    return this.#guarded(() => {
      // `data_version` changes with commits of other connections only.
      const row = this.#read(() => this.#connection.get<{ data_version: number }>('PRAGMA data_version'));
      return `${this.#commits} ${row?.data_version}`;
    });
  }

  watch(signal: AbortSignal): AsyncIterable<void> {
    const { watchers } = this.#lock;
    return watchFile(this.#connection.walFile, { signal, version: () => this.version(), watchers });
  }

  async close(): Promise<void> {
    while (this.#lock.open) await this.#lock.open;
    this.#connection.close();
  }

  /** Runs synchronous work when no transaction is open. Retries while another process has the file locked. */
  async #whenFree<Result>(work: () => Result): Promise<Result> {
    // The clock is read only after a failure: the first use of `performance` loads modules of Node.
    let end: number | null = null;
    for (;;) {
      while (this.#lock.open) await this.#lock.open;
      try {
        return this.#guarded(work);
      } catch (error) {
        if (!isBusy(error)) throw error;
        const now = performance.now();
        end ??= now + this.#retryFor;
        if (now >= end) throw error;
      }
      await pause(RETRY_MS);
    }
  }

  #read<Result>(read: () => Result): Result {
    const result = read();
    this.#guard?.assertFiles();
    return result;
  }

  #afterCommit(): void {
    this.#commits += 1;
    this.#guard?.afterCommit();
    for (const watcher of this.#lock.watchers) watcher();
  }

  /** Runs work. If it fails because the file was replaced, throws that error instead of SQLite's. */
  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      this.#guard?.assertFiles();
      throw error;
    }
  }
}

/**
 * Creates the statements of an open transaction. After its end they throw, instead of silently running outside of it.
 */
function openTransaction(connection: SqliteConnection): Transaction & { end: () => void } {
  let hasEnded = false;
  const current = () => {
    if (hasEnded) throw new TypeError('a statement of a transaction that has ended');
    return connection;
  };
  return {
    get isOpen() {
      return !hasEnded && connection.isTransaction;
    },
    end: () => {
      hasEnded = true;
    },
    run: async (sql, parameters) => current().run(sql, parameters),
    get: async <Row>(sql: string, parameters?: Parameters) => current().get<Row>(sql, parameters),
    all: async <Row>(sql: string, parameters?: Parameters) => current().all<Row>(sql, parameters),
    clock: async () => Promise.resolve(null),
    findAnnounced: async () => Promise.resolve(null),
    async part(work) {
      current().run('SAVEPOINT part');
      try {
        const result = await work(this);
        current().run('RELEASE SAVEPOINT part');
        return result;
      } catch (error) {
        // An error such as a full disk may have rolled back the whole transaction.
        if (this.isOpen) connection.exec('ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part');
        throw error;
      }
    },
  };
}
