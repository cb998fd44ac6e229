import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, linkSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { systemCode } from '../domain/errors/failure.ts';
import type { Parameters, Value } from './database.ts';
import { faultOf, type MakeFault } from './faults.ts';

interface DatabaseOptions {
  file: string;
  /** SQL scripts in order. The n-th migrates the schema to version n. */
  migrations: readonly string[];
  /**
   * `full`: every commit survives a power failure. `normal`: faster, but the last commits may be lost. `off`: never waits for
   * the disk, so that all content may be lost, and uses the cheapest mode for short transactions instead of WAL.
   */
  durability: 'full' | 'normal' | 'off';
  /** Milliseconds that a statement waits for a writing process (default 5,000). */
  patience?: number;
  fault: MakeFault;
  /** Checks before the first write that the file was not replaced. @throws Error */
  assertInPlace?: () => void;
}

/** SQLite `application_id` of kioskctl's files: “kctl” in ASCII. */
export const APPLICATION_ID = 0x6b63746c;

/** Length of the write-ahead log, in pages, at which a checkpoint runs: SQLite's default. */
export const CHECKPOINT_PAGES = 1_000;

const PATIENCE_MS = 5_000;

/** Path of an in-memory database, which exists only within its process. */
export const IN_MEMORY = ':memory:';

/** A SQLite file that several processes share. Caches prepared statements; all methods are synchronous. */
export class SqliteConnection {
  readonly #options: DatabaseOptions;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file. If needed, creates it (0600, in a 0700 folder) or migrates its schema. */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    const { file } = options;
    this.#connection = this.#guarded(() => {
      if (file === IN_MEMORY) return openPrepared(file, options);
      if (!existsSync(file)) makeFile(options);
      return openPrepared(file, options);
    });
  }

  /** Executes a statement. @returns the number of changed rows, and the id of the inserted row */
  run(sql: string, parameters: Parameters = {}): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.run(...parameters) : statement.run(parameters);
    });
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  /** Executes statements without parameters or result. They are not cached. */
  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql));
  }

  /** Returns the first row. The caller declares its type. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    // node:sqlite can't know the columns of a statement.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.get(...parameters) : statement.get(parameters);
    }) as Row | undefined;
  }

  /** Returns all rows. The caller declares their type. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.all(...parameters) : statement.all(parameters);
    }) as Row[];
  }

  /** Returns the values of all rows in the order of their columns. Creates no object per row, which takes most of the time. */
  allValues(sql: string, parameters: Parameters = {}): Value[][] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types of node:sqlite know objects only
    return this.#guarded(() => {
      const statement = this.#prepareValues(sql);
      return isList(parameters) ? statement.all(...parameters) : statement.all(parameters);
    }) as unknown as Value[][];
  }

  /**
   * Runs `work` in a write transaction. The write lock is acquired at the start, so that data read by `work` can't
   * change before it writes. A nested call joins the outer transaction.
   */
  transaction<Result>(work: () => Result): Result {
    if (this.isTransaction) return work();
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.isTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  get isTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  fault(reason: string): Error {
    return this.#options.fault(reason);
  }

  /** Path of the write-ahead log, which changes with each commit; null for an in-memory database. */
  get walFile(): string | null {
    const { file } = this.#options;
    return file === IN_MEMORY ? null : `${file}-wal`;
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Prepares a statement of its own, because `all` may be called with the same SQL. */
  #prepareValues(sql: string): StatementSync {
    const key = `values of ${sql}`;
    const statement = this.#statements.get(key) ?? this.#connection.prepare(sql);
    statement.setReturnArrays(true);
    this.#statements.set(key, statement);
    return statement;
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw faultOf(error, this.#options);
    }
  }
}

function isList(parameters: Parameters): parameters is readonly Value[] {
  return Array.isArray(parameters);
}

/**
 * Creates the file under a temporary name and then renames it. Switching to WAL fails while another process has the
 * file locked, so processes that create the same file concurrently would make each other fail.
 */
function makeFile(options: DatabaseOptions): void {
  const { file } = options;
  makeFolder(dirname(file));
  const draft = `${file}.${process.pid}.${randomUUID()}`;
  try {
    closeSync(openSync(draft, 'wx', 0o600));
    openPrepared(draft, options).close();
    giveName(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${draft}${suffix}`, { force: true });
  }
}

/**
 * Creates a folder and its parents with mode 0700. Node's `recursive` never returns where that is impossible, as below
 * /proc.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have created the folder meanwhile.
    if (!existsSync(folder)) throw error;
  }
}

/** Moves a draft to its final name. Uses a link where possible: unlike a rename, it fails if the name exists. */
function giveName(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (existsSync(file)) return;
    const code = systemCode(error, '');
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    renameSync(draft, file);
  }
}

function prepare(
  connection: DatabaseSync,
  { migrations, durability, fault, assertInPlace }: DatabaseOptions,
): void {
  const versionOf = () => Number(connection.prepare('PRAGMA user_version').get()?.user_version);
  if (versionOf() > migrations.length) throw fault('was written by a newer version of kioskctl');
  if (!isOurs(connection, versionOf())) throw fault('is a database of something else');
  // The reads above wait while another process replaces the file. Check again, before the old log is applied to the new
  // file.
  assertInPlace?.();
  connection.exec(`PRAGMA journal_mode = ${durability === 'off' ? 'PERSIST' : 'WAL'}`);
  connection.exec(`PRAGMA synchronous = ${durability}`);
  if (versionOf() === migrations.length) return;
  // Disables automatic checkpoints: to other processes, an unrecorded one would look like a replaced file (see
  // FileGuard).
  connection.exec('PRAGMA wal_autocheckpoint = 0');
  connection.exec('BEGIN IMMEDIATE');
  for (const script of migrations.slice(versionOf())) connection.exec(script);
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  connection.exec(`PRAGMA user_version = ${migrations.length}`);
  connection.exec('COMMIT');
  connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
}

/** True if the database is empty or was created by kioskctl. */
function isOurs(connection: DatabaseSync, version: number): boolean {
  const id = Number(connection.prepare('PRAGMA application_id').get()?.application_id);
  const isEmpty = connection.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
  return id === APPLICATION_ID || (version === 0 && isEmpty);
}

/** Opens and prepares a file. On failure, closes the file, which releases its locks. */
function openPrepared(file: string, options: DatabaseOptions): DatabaseSync {
  const connection = new DatabaseSync(file, { timeout: options.patience ?? PATIENCE_MS });
  try {
    prepare(connection, options);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
