import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Parameters, Transaction } from './database.ts';
import { isBusy } from './faults.ts';
import type { FileGuard } from './file-guard.ts';
import type { SqliteConnection } from './sqlite.ts';
import { watchFile } from './watch-file.ts';

const RETRY_MS = 20;

/** The state that the connections of this process to one file share. */
interface Lock {
  /** Settles when the transaction that is open ends; null while none is. */
  open: Promise<void> | null;
  /** Called after each commit. */
  watchers: Set<() => void>;
}

/**
 * The locks of files: another connection of this process would wait for the transaction with the event loop blocked, so
 * that it could never end.
 */
const LOCKS = new Map<string, Lock>();

function lockOf(file: string | null): Lock {
  const lock = (file !== null && LOCKS.get(file)) || { open: null, watchers: new Set() };
  if (file !== null) LOCKS.set(file, lock);
  return lock;
}

/**
 * A SQLite file with the interface of a database elsewhere. Statements run immediately, unless a transaction is open. Then
 * they wait in a loop: another one that waited may have opened the next.
 */
export class SqliteDatabase implements Database {
  readonly #connection: SqliteConnection;
  readonly #guard: FileGuard | null;
  readonly #retryFor: number;
  readonly #lock: Lock;
  #commits = 0;

  /**
   * @param options.guard detects a replaced file; null for one in memory
   * @param options.retryFor milliseconds to try again while another process writes, with the event loop free
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

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const end = Promise.withResolvers<void>();
    await this.#whenFree(() => {
      // A write would make an emptied log as long again.
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

  version(): string {
    return this.#guarded(() => {
      // It changes with the commits of other connections.
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

  /** Runs synchronous work once no transaction is open, and again while another process has the file locked. */
  async #whenFree<Result>(work: () => Result): Promise<Result> {
    const end = performance.now() + this.#retryFor;
    for (;;) {
      while (this.#lock.open) await this.#lock.open;
      try {
        return this.#guarded(work);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= end) throw error;
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

  /** Runs work, and reports a replaced file instead of an error of SQLite that it may have caused. */
  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      this.#guard?.assertFiles();
      throw error;
    }
  }
}

/** Makes the statements of an open transaction. One after the end would silently be outside of any transaction. */
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
    async part(work) {
      current().run('SAVEPOINT part');
      try {
        const result = await work(this);
        current().run('RELEASE SAVEPOINT part');
        return result;
      } catch (error) {
        // A full disk may have ended the whole transaction.
        if (this.isOpen) connection.exec('ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part');
        throw error;
      }
    },
  };
}
