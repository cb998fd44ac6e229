import type { Database } from '../database/sqlite.ts';
import type { OwnerProcess } from '../domain/attempt.ts';

/** One write that waits, and how whoever waits for it is told. */
interface Waiting {
  /** Writes, within a transaction. @returns what tells of it, once everything is on the disk */
  write: () => () => void;
  reject: (error: unknown) => void;
}

/**
 * Writes what is asked for in the same turn of the event loop in one transaction: a commit waits for the disk, and one for
 * all costs as much as one for each. Each write succeeds or fails by itself.
 */
export class GroupCommit {
  readonly #db: Database;
  #waiting: Waiting[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * @param work reads and writes; nobody else writes meanwhile
   * @returns its result, once it is on the disk
   */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const write = () => {
        const result = work();
        return () => resolve(result);
      };
      this.#waiting.push({ write, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Writes now what waits. */
  flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const tell: (() => void)[] = [];
    try {
      this.#db.transaction(() => {
        for (const one of batch) tell.push(this.#writeOne(one, batch.length > 1));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const said of tell) said();
  }

  /** @throws only what ended the whole transaction, if it is one of several */
  #writeOne({ write, reject }: Waiting, isOneOfSeveral: boolean): () => void {
    if (!isOneOfSeveral) return write();
    try {
      return this.#db.part(write);
    } catch (error) {
      if (!this.#db.isTransaction) throw error;
      return () => reject(error);
    }
  }
}

/** What each part of a journal in a SQLite file works on. */
export interface Store {
  db: Database;
  /** For what is written: together with what others write in the same turn of the event loop. */
  commit: GroupCommit;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** This process, as the journal names it. */
  holder: OwnerProcess;
}

/** A row that was just written. */
export function present<Value>(value: Value | null): Value {
  if (value === null) throw new TypeError('a row that was just written is not there');
  return value;
}
