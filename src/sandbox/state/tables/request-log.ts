import type { Database } from '../../../database/sqlite.ts';

/** How many of the newest requests are kept. */
const KEPT = 10_000;

/** Longer paths are cut: they are no path of ours. */
const LONGEST_PATH = 300;

/** One request to the vendor's API, without its body and its token. */
export interface LoggedRequest {
  /** Virtual time, in milliseconds. */
  at: number;
  method: string;
  /** As it was sent, without the query. */
  path: string;
  /** 0 when the connection was reset instead of an answer. */
  status: number;
  /** Did it change anything? */
  effect: boolean;
  /** Of a produce request. */
  kioskId: string | null;
}

interface RequestRow extends Omit<LoggedRequest, 'effect'> {
  id: number;
  effect: number;
}

/**
 * The log of vendor requests. A plain read must not take the write lock, so its entry waits in this process for the
 * next write, for somebody who reads the log here, or for the end.
 */
export class RequestLog {
  readonly #db: Database;
  #waiting: LoggedRequest[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps an entry for later. */
  defer(entry: LoggedRequest): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
  }

  /** Writes the entries that wait, inside the write transaction of the caller. */
  write(): void {
    const entries = this.#waiting;
    this.#waiting = [];
    for (const entry of entries) insertRequest(this.#db, entry);
    if (entries.length > 0) deleteOldRequests(this.#db);
  }

  hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  forget(): void {
    this.#waiting = [];
  }
}

/** Oldest first. */
export function listRequests(db: Database): (LoggedRequest & { id: number })[] {
  return db
    .all<RequestRow>(
      `SELECT id, at, method, path, status, effect, kiosk_id AS kioskId FROM requests ORDER BY at, id`,
    )
    .map((row) => ({ ...row, effect: row.effect === 1 }));
}

function insertRequest(db: Database, entry: LoggedRequest): void {
  db.run(
    `INSERT INTO requests (at, method, path, status, effect, kiosk_id)
     VALUES (:at, :method, :path, :status, :effect, :kioskId)`,
    { ...entry, path: entry.path.slice(0, LONGEST_PATH), effect: entry.effect ? 1 : 0 },
  );
}

function deleteOldRequests(db: Database): void {
  db.run('DELETE FROM requests WHERE id <= (SELECT MAX(id) FROM requests) - :kept', { kept: KEPT });
}
