export type Value = null | number | bigint | string | Uint8Array;

/** The values of a statement, by name (`:name`) or by position (`?`). */
export type Parameters = Readonly<Record<string, Value>> | readonly Value[];

/** Statements on a database. The caller names the type of a row: a driver can't know it. */
export interface Statements {
  /** Runs a statement. @returns the number of rows that changed */
  run(sql: string, parameters?: Parameters): Promise<{ changes: number }>;
  /** Returns the first row. */
  get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  all<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
}

/** The statements of an open transaction. */
export interface Transaction extends Statements {
  /** False once it was committed or rolled back, also by the database itself. */
  readonly isOpen: boolean;
  /** Runs `work` as a part of the transaction: what it wrote is rolled back when it throws. */
  part<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
}

/** A database that several processes share. */
export interface Database extends Statements {
  /**
   * Runs `work` in one write transaction, taken at its start so that what it reads stays true until it writes. Statements
   * outside of `tx` wait until it ends, so `work` awaits nothing but `tx`.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * Checks, synchronously, that no other database took the place of this one. It is checked after each commit as well.
   * @throws the error for a replaced database
   */
  assertCurrent(): void;
  /** Makes the error for a database that can't be used. @param reason continues “The journal FILE …” */
  fault(reason: string): Error;
  /** Changes when a backup is restored. */
  readonly generation: string;
  /** Changes with each commit by any process. */
  version(): string;
  /** Yields immediately, and then after each change by any process, or after a second without one; ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<void>;
  /** Waits for an open transaction. */
  close(): Promise<void>;
}
