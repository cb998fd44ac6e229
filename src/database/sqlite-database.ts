import type { Database, Parameters, Transaction } from './database.ts';
import type { SqliteConnection } from './sqlite.ts';
import { watchFile } from './watch-file.ts';

/** Settles when the transaction that is open on a file ends; null while none is. */
interface Lock {
  open: Promise<void> | null;
}

/**
 * The locks of files: another connection of this process would wait for the transaction with the event loop blocked, so
 * that it could never end.
 */
const LOCKS = new Map<string, Lock>();

function lockOf(file: string | null): Lock {
  const lock = (file !== null && LOCKS.get(file)) || { open: null };
  if (file !== null) LOCKS.set(file, lock);
  return lock;
}

/**
 * A SQLite file with the interface of a database elsewhere. Statements run immediately, unless a transaction is open. Then
 * they wait in a loop: another one that waited may have opened the next.
 */
export class SqliteDatabase implements Database {
  readonly #connection: SqliteConnection;
  readonly #lock: Lock;
  #commits = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#lock = lockOf(connection.walFile);
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    while (this.#lock.open) await this.#lock.open;
    this.#commits += 1;
    return this.#connection.run(sql, parameters);
  }

  async get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    while (this.#lock.open) await this.#lock.open;
    return this.#connection.get<Row>(sql, parameters);
  }

  async all<Row>(sql: string, parameters?: Parameters): Promise<Row[]> {
    while (this.#lock.open) await this.#lock.open;
    return this.#connection.all<Row>(sql, parameters);
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    while (this.#lock.open) await this.#lock.open;
    const end = Promise.withResolvers<void>();
    this.#lock.open = end.promise;
    const tx = new SqliteTransaction(this.#connection);
    try {
      this.#connection.run('BEGIN IMMEDIATE');
      const result = await work(tx);
      this.#connection.run('COMMIT');
      this.#commits += 1;
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

  watch(signal: AbortSignal): AsyncIterable<void> {
    return watchFile(this.#connection.walFile, { signal, version: () => this.#version() });
  }

  async close(): Promise<void> {
    while (this.#lock.open) await this.#lock.open;
    this.#connection.close();
  }

  /** Changes with each commit, of this connection or another one. */
  #version(): string {
    const row = this.#connection.get<{ data_version: number }>('PRAGMA data_version');
    return `${this.#commits} ${row?.data_version}`;
  }
}

class SqliteTransaction implements Transaction {
  readonly #connection: SqliteConnection;
  #hasEnded = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return !this.#hasEnded && this.#connection.isTransaction;
  }

  end(): void {
    this.#hasEnded = true;
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    return this.#current.run(sql, parameters);
  }

  async get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    return this.#current.get<Row>(sql, parameters);
  }

  async all<Row>(sql: string, parameters?: Parameters): Promise<Row[]> {
    return this.#current.all<Row>(sql, parameters);
  }

  async part<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    this.#current.run('SAVEPOINT part');
    try {
      const result = await work(this);
      this.#current.run('RELEASE SAVEPOINT part');
      return result;
    } catch (error) {
      // A full disk may have ended the whole transaction.
      if (this.isOpen) this.#connection.exec('ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part');
      throw error;
    }
  }

  /** A statement after the end would silently be one outside of any transaction. */
  get #current(): SqliteConnection {
    if (this.#hasEnded) throw new TypeError('a statement of a transaction that has ended');
    return this.#connection;
  }
}
