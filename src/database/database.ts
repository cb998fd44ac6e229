export type Value = null | number | bigint | string | Uint8Array;

/** Parameter values of a statement, by name (`:name`) or position (`?`). */
export type Parameters = Readonly<Record<string, Value>> | readonly Value[];

/** A statement of a batch. */
export interface Statement {
  sql: string;
  parameters: Parameters;
}

export interface BatchOptions {
  /** True for a write that nobody waits for, such as a heartbeat. On a server, `watch` does not report such writes. */
  isQuiet?: boolean;
}

export interface BatchResult {
  /** The rows of each statement. */
  rows: unknown[][];
  /** True if the statements were executed again after a lost connection. The first execution may have been committed. */
  isRepeated: boolean;
}

/** Executes SQL statements. The caller declares the type of a row, because drivers can't infer it. */
export interface Statements {
  /** Executes a statement. @returns the number of changed rows */
  run(sql: string, parameters?: Parameters): Promise<{ changes: number }>;
  /** Returns the first row; undefined if there is none. */
  get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  all<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /**
   * Returns the time of the server, which all processes share, in milliseconds since the epoch; null for a file,
   * because its processes share the clock of their machine.
   */
  clock(): Promise<number | null>;
  /**
   * Returns the processes that have announced themselves and are still connected to the server; null for a file, which
   * has no server.
   * @param owners the processes to look up
   */
  findAnnounced(owners: readonly string[]): Promise<ReadonlySet<string> | null>;
}

/** Executes statements in an open transaction. */
export interface Transaction extends Statements {
  /** False after a commit or rollback, including a rollback by the database itself. */
  readonly isOpen: boolean;
  /** Runs `work` in a savepoint. If it throws, its writes are rolled back. */
  part<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
}

/** A database that several processes share. */
export interface Database extends Statements {
  /** Returns the values of all rows in the order of their columns. For long lists: much faster than `all` in a file. */
  allValues(sql: string, parameters?: Parameters): Promise<Value[][]>;
  /**
   * Runs `work` in a write transaction. The write lock is acquired first, so that rows that `work` reads can't change
   * before it writes. Statements outside of `tx` wait for the end of the transaction, so `work` must await only
   * statements of `tx`.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * Executes statements in one write transaction, which is committed whatever the statements return. On a server, this
   * takes one round trip. After a lost connection, the statements are executed again, even if the transaction was
   * committed.
   */
  batch(statements: readonly Statement[], options?: BatchOptions): Promise<BatchResult>;
  /**
   * Runs work whose statements end with their caller's deadline, even if the server does not answer. Does nothing more
   * than `work` for a file.
   * @param left returns the remaining milliseconds; negative after the deadline
   */
  within<Result>(left: () => number, work: () => Promise<Result>): Promise<Result>;
  /** Returns the SQL expression for the clock of the server, in milliseconds since the epoch; null for a file. */
  clockSql(): Promise<string | null>;
  /**
   * Announces this process to the other processes on the server. Resolves once the server has confirmed the
   * announcement. It ends with the process or its connection, and is repeated after each outage. Does nothing for a
   * file.
   * @param owner identifies this process
   */
  announce(owner: string): Promise<void>;
  /**
   * Checks synchronously that the database was not replaced by another one. If this process is announced, also checks
   * that the server has responded within the last 5 seconds. Each commit includes the check for a replaced database.
   * @throws the error for a replaced or unusable database
   */
  assertCurrent(): void;
  /** Creates the error for an unusable database. @param reason continues “The journal FILE …” */
  fault(reason: string): Error;
  /** Id that changes when a backup is restored. */
  readonly generation: string;
  /** Returns a value that changes with every commit of any process. */
  version(): string;
  /** Yields immediately, then after each change by any process, at least every second. Ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<void>;
  /** Closes the database after an open transaction has ended. */
  close(): Promise<void>;
}
