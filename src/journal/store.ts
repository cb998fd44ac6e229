import type { Database } from '../database/sqlite.ts';
import type { Holder } from '../domain/attempt.ts';
import type { GroupCommit } from './write-queue.ts';

/** What each part of a journal in a SQLite file works on. */
export interface Store {
  db: Database;
  /** For what is written: together with what others write in the same turn of the event loop. */
  commit: GroupCommit;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** This process, as the journal names it. */
  holder: Holder;
}

/** A row that was just written. */
export function present<Value>(value: Value | null): Value {
  if (value === null) throw new TypeError('a row that was just written is not there');
  return value;
}
