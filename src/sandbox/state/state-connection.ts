import type { Parameters } from '../../database/database.ts';
import { SqliteConnection } from '../../database/sqlite.ts';

/** Maximum number of results in memory. At this number, all are dropped. */
const MOST_RESULTS = 5_000;

/**
 * A connection for many small reads. Reads in one turn of the event loop share a read transaction, because acquiring its
 * locks takes longer than most reads. No read misses an earlier change, because the requests arrived before the turn.
 * Results of reads are kept in memory until any process changes the file.
 */
export class StateConnection extends SqliteConnection {
  /** Results in memory, by statement and by parameters (JSON). */
  readonly #results = new Map<string, Map<string, readonly object[]>>();
  #size = 0;
  #version: number | undefined;
  #end: NodeJS.Immediate | null = null;
  #isSnapshot = false;

  /** Runs reads that all see the same state of the file. */
  snapshot<Result>(work: () => Result): Result {
    if (!this.#end) this.#begin();
    this.#isSnapshot = true;
    try {
      return work();
    } finally {
      this.#isSnapshot = false;
    }
  }

  override transaction<Result>(work: () => Result): Result {
    this.#leave();
    // `data_version` counts only the changes of other connections.
    this.#forget();
    return super.transaction(work);
  }

  override run(sql: string, parameters: Parameters = {}): { changes: number; lastId: number } {
    this.#leave();
    this.#forget();
    return super.run(sql, parameters);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  override get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.all<Row>(sql, parameters)[0];
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  override all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    if (this.#isSnapshot) return this.#remembered<Row>(sql, parameters);
    this.#leave();
    return super.all<Row>(sql, parameters);
  }

  override close(): void {
    this.#leave();
    super.close();
  }

  #begin(): void {
    super.run('BEGIN');
    this.#end = setImmediate(() => this.#leave());
    const version = super.get<{ data_version: number }>('PRAGMA data_version')?.data_version;
    if (version !== this.#version) this.#forget();
    this.#version = version;
  }

  /** Ends the read transaction, if one is open. */
  #leave(): void {
    if (!this.#end) return;
    clearImmediate(this.#end);
    this.#end = null;
    super.run('ROLLBACK');
  }

  #forget(): void {
    this.#results.clear();
    this.#size = 0;
  }

  #remembered<Row>(sql: string, parameters: Parameters): Row[] {
    const results = this.#results.get(sql) ?? new Map<string, readonly object[]>();
    const key = JSON.stringify(parameters);
    const known = results.get(key);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller declares the type of a row
    if (known) return known as Row[];
    const rows = super.all<Row & object>(sql, parameters);
    for (const row of rows) Object.freeze(row);
    if (this.#size >= MOST_RESULTS) this.#forget();
    this.#size += 1;
    this.#results.set(sql, results.set(key, Object.freeze(rows)));
    return rows;
  }
}
