import { randomUUID } from 'node:crypto';
import type { Database, Statements, Transaction } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { Heartbeats } from './heartbeats.ts';

/** The rows of one environment, within a transaction or outside of any. */
export interface Scope {
  readonly db: Statements;
  readonly environment: string;
}

interface Waiting {
  /** Makes the write. @returns a function that resolves its promise, to call once everything is committed */
  write: (tx: Transaction) => Promise<() => void>;
  reject: (error: unknown) => void;
}

export interface StoreOptions {
  db: Database;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds since the boot, on a clock that nobody sets. */
  uptime: () => number;
  /** This process. */
  owner: OwnerProcess;
}

/** The database of a journal with its environment and the process that writes. */
export class Store implements Scope {
  readonly db: Database;
  readonly environment: string;
  readonly now: () => number;
  readonly uptime: () => number;
  readonly owner: OwnerProcess;
  readonly heartbeats: Heartbeats;
  #connection: string | null = null;
  #waiting: Waiting[] = [];

  constructor({ db, environment, now, uptime, owner }: StoreOptions) {
    this.db = db;
    this.environment = environment;
    this.now = now;
    this.uptime = uptime;
    this.heartbeats = new Heartbeats(owner, uptime);
    this.owner = owner;
  }

  /** Names this open journal. Made when it is first needed: most commands take no lease, and Node's crypto is slow to load. */
  get connection(): string {
    return (this.#connection ??= randomUUID());
  }

  /**
   * Writes, together with all that is written in the same iteration of the event loop: a commit waits for the disk, and
   * one for all costs as much as one for each. Each write succeeds or fails alone.
   * @param work reads and writes; no other process writes meanwhile
   * @returns its result, once it is on the disk
   */
  write<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const write = async (tx: Transaction) => {
        const result = await work({ db: tx, environment: this.environment });
        return () => resolve(result);
      };
      this.#waiting.push({ write, reject });
      if (this.#waiting.length === 1) setImmediate(() => void this.flush());
    });
  }

  /** Runs reads and writes in a transaction of their own. */
  async transaction<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
    return this.db.transaction(async (db) => work({ db, environment: this.environment }));
  }

  /** Makes the waiting writes now. */
  async flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
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
}

/** Makes one write of a group. @throws an error that ended the whole transaction */
async function writePart(tx: Transaction, { write, reject }: Waiting): Promise<() => void> {
  try {
    return await tx.part(write);
  } catch (error) {
    if (!tx.isOpen) throw error;
    return () => reject(error);
  }
}

/** Returns a row that was just written, which must exist. */
export function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new TypeError('a row that was just written is not there');
  return value;
}
