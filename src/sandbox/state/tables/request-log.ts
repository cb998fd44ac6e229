import type { SqliteConnection } from '../../../database/sqlite.ts';

/** The number of requests that are stored. */
const MOST_REQUESTS = 10_000;

/** Longer paths are cut: they belong to no endpoint. */
const LONGEST_PATH = 300;

/** A request to the API of Wise, without its body and token. */
export interface LoggedRequest {
  /** Virtual time, in milliseconds. */
  at: number;
  method: string;
  /** As sent, without the query. */
  path: string;
  /** 0 if the connection was reset. */
  status: number;
  /** True if it changed something. */
  effect: boolean;
  /** The kiosk of a produce request. */
  kioskId: string | null;
}

export const REQUESTS_TABLE = `
CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  effect INTEGER NOT NULL,
  kiosk_id TEXT
);
`;

/**
 * The log of requests. Reads must not take the write lock, so their entries wait in this process for the next write, for
 * a read of the log, or for the end.
 */
export class RequestLog {
  readonly #db: SqliteConnection;
  #waiting: LoggedRequest[] = [];

  constructor(db: SqliteConnection) {
    this.#db = db;
  }

  defer(entry: LoggedRequest): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > MOST_REQUESTS) this.#waiting.shift();
  }

  /** Writes the waiting entries. Needs the write transaction of the caller. */
  write(): void {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    this.#waiting = [];
    for (const entry of entries)
      this.#db.run(
        `INSERT INTO requests (at, method, path, status, effect, kiosk_id)
         VALUES (:at, :method, :path, :status, :effect, :kioskId)`,
        { ...entry, path: entry.path.slice(0, LONGEST_PATH), effect: entry.effect ? 1 : 0 },
      );
    this.#db.run('DELETE FROM requests WHERE id <= (SELECT MAX(id) FROM requests) - :kept', {
      kept: MOST_REQUESTS,
    });
  }

  hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  forget(): void {
    this.#waiting = [];
  }
}

/** Oldest first. */
export function listRequests(db: SqliteConnection): (LoggedRequest & { id: number })[] {
  return db
    .all<Omit<LoggedRequest, 'effect'> & { id: number; effect: number }>(
      `SELECT id, at, method, path, status, effect, kiosk_id AS kioskId FROM requests ORDER BY at, id`,
    )
    .map((row) => ({ ...row, effect: row.effect === 1 }));
}
