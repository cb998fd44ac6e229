import type { SqliteConnection } from '../../../database/sqlite.ts';

/** Maximum number of stored requests. */
const MOST_REQUESTS = 10_000;

/** Maximum length of a stored path. No endpoint has a longer one. */
const LONGEST_PATH = 300;

/** A logged request to the Wise API, without body and token. */
export interface LoggedRequest {
  /** Virtual time, in milliseconds. */
  at: number;
  method: string;
  /** Path as sent, without the query string. */
  path: string;
  /** HTTP status; 0 if the connection was reset. */
  status: number;
  /** True if the request changed the state. */
  effect: boolean;
  /** Kiosk of a produce request; null for other requests. */
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
 * The request log. Requests that only read must not take the write lock. Their entries are therefore buffered in memory
 * until the next write transaction, a listing of the log, or the close.
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

  /** Writes the buffered entries. The caller has an open write transaction. */
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

/** Lists the logged requests, oldest first. */
export function listRequests(db: SqliteConnection): (LoggedRequest & { id: number })[] {
  return db
    .all<Omit<LoggedRequest, 'effect'> & { id: number; effect: number }>(
      `SELECT id, at, method, path, status, effect, kiosk_id AS kioskId FROM requests ORDER BY at, id`,
    )
    .map((row) => ({ ...row, effect: row.effect === 1 }));
}
