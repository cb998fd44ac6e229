import { randomUUID } from 'node:crypto';
import type { BatchResult, Database, Statement, Statements, Transaction } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { Failure } from '../../domain/errors/failure.ts';
import { Heartbeats } from './heartbeats.ts';
import { announcementOf } from './owner.ts';

/** Access to the rows of one environment, in or outside a transaction. */
export interface Scope {
  readonly db: Statements;
  readonly environment: string;
}

interface Waiting {
  /** Performs the write. @returns a function that resolves its promise; called after the commit */
  write: (tx: Transaction) => Promise<() => void>;
  reject: (error: unknown) => void;
  batch: Batch | null;
}

/** A write of several statements that can be sent together, because none depends on the result of another. */
interface Batch {
  statements: readonly Statement[];
  resolve: (result: BatchResult) => void;
}

export interface StoreOptions {
  db: Database;
  environment: string;
  /** Returns milliseconds since the epoch. */
  now: () => number;
  /** Returns milliseconds since the boot, on a clock that can't be set. */
  uptime: () => number;
  /** This process. */
  owner: OwnerProcess;
  /** Returns the time of the clock that all processes share. Default: the clock of the database. */
  clock?: (db: Statements) => Promise<number | null>;
}

/** The database of a journal, with its environment and the writing process. */
export class Store implements Scope {
  readonly db: Database;
  readonly environment: string;
  readonly now: () => number;
  readonly uptime: () => number;
  readonly owner: OwnerProcess;
  readonly heartbeats: Heartbeats;
  readonly #ends: (() => void)[] = [];
  #connection: string | null = null;
  #waiting: Waiting[] = [];
  /** Highest known schema version of a server. It never decreases. */
  #schema = 0;

  constructor({ db, environment, now, uptime, owner, clock }: StoreOptions) {
    this.db = db;
    this.environment = environment;
    this.now = now;
    this.uptime = uptime;
    this.heartbeats = new Heartbeats({ owner, now, uptime, db, ...(clock && { clock }) });
    this.owner = owner;
  }

  /** Id of this open journal. Created on demand: most commands acquire no lease, and Node's crypto is slow to load. */
  get connection(): string {
    return (this.#connection ??= randomUUID());
  }

  /** Registers what ends before the database is closed, such as a timer that would open it again. */
  onClose(end: () => void): void {
    this.#ends.push(end);
  }

  /** Ends what was registered, writes what waits, and closes the database. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    await this.flush();
    await this.db.close();
  }

  /** Announces this process to the others on the server, so that they treat its leases and listeners as valid. */
  async announce(): Promise<void> {
    await this.db.announce(announcementOf(this.owner));
  }

  /**
   * True if the schema of the journal has at least this version. A file always has the version of this kioskctl; on a
   * server, the schema changes only with `journal upgrade`.
   */
  async hasSchema(version: number): Promise<boolean> {
    if (this.#schema >= version || (await this.db.clockSql()) === null) return true;
    const row = await this.db.get<{ version: number }>('SELECT max(version) AS version FROM schema_versions');
    this.#schema = row?.version ?? 0;
    return this.#schema >= version;
  }

  /**
   * Runs a write in one transaction with all writes of the same iteration of the event loop (group commit), because
   * each commit waits for the disk. A failed write does not affect the others.
   * @param work reads and writes, while no other process writes
   * @returns the result, after the commit
   */
  write<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const write = async (tx: Transaction) => {
        const result = await work({ db: tx, environment: this.environment });
        return () => resolve(result);
      };
      this.#enqueue({ write, reject, batch: null });
    });
  }

  /**
   * Executes statements in one transaction, as `write` does. On a server, all batches of a group take one round trip.
   * After a lost connection, the statements may be executed twice.
   */
  batch(statements: readonly Statement[]): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      const write = async (tx: Transaction) => {
        const rows: unknown[][] = [];
        for (const { sql, parameters } of statements) rows.push(await tx.all(sql, parameters));
        return () => resolve({ rows, isRepeated: false });
      };
      this.#enqueue({ write, reject, batch: { statements, resolve } });
    });
  }

  #enqueue(one: Waiting): void {
    this.#waiting.push(one);
    if (this.#waiting.length === 1) setImmediate(() => void this.flush());
  }

  /** Runs work in a transaction of its own. */
  async transaction<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
    return this.db.transaction(async (db) => work({ db, environment: this.environment }));
  }

  /** Commits the pending writes immediately. */
  async flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    if (await this.#executeTogether(batch)) return;
    const resolvers: (() => void)[] = [];
    try {
      await this.db.transaction(async (tx) => {
        resolvers.length = 0;
        for (const one of batch)
          resolvers.push(await (batch.length > 1 ? writePart(tx, one) : one.write(tx)));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const resolve of resolvers) resolve();
  }

  /** Executes a group of batches together. @returns false if each batch must be executed on its own */
  async #executeTogether(group: readonly Waiting[]): Promise<boolean> {
    const batches = group.map(({ batch }) => batch).filter((batch) => batch !== null);
    if (batches.length < group.length) return false;
    try {
      const { rows, isRepeated } = await this.db.batch(batches.flatMap(({ statements }) => statements));
      let from = 0;
      for (const { statements, resolve } of batches) {
        resolve({ rows: rows.slice(from, from + statements.length), isRepeated });
        from += statements.length;
      }
    } catch (error) {
      // Any error except a Failure is caused by one of the statements, so the other batches can succeed.
      if (group.length > 1 && !(error instanceof Failure)) return false;
      for (const { reject } of group) reject(error);
    }
    return true;
  }
}

/** Performs one write of a group. @throws an error that rolled back the whole transaction */
async function writePart(tx: Transaction, { write, reject }: Waiting): Promise<() => void> {
  try {
    return await tx.part(write);
  } catch (error) {
    if (!tx.isOpen) throw error;
    return () => reject(error);
  }
}

/** Asserts that a row that was just written exists. */
export function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new TypeError('a row that was just written is not there');
  return value;
}
