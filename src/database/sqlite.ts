import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, linkSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { systemCode } from '../domain/errors/failure.ts';
import type { Parameters, Value } from './database.ts';
import { faultOf, type MakeFault } from './faults.ts';

interface DatabaseOptions {
  file: string;
  /** SQL scripts, in order; the n-th brings the schema to version n. */
  migrations: readonly string[];
  /** `full` survives a power cut after each commit; `normal` may lose the last commits then, and is faster. */
  durability: 'full' | 'normal';
  fault: MakeFault;
  /** Checks, before the first write, that the file is still in its place. @throws Error */
  assertInPlace?: () => void;
}

/** The `application_id` of kioskctl's files: “kctl”. */
export const APPLICATION_ID = 0x6b63746c;

/** Pages in the write-ahead log after which they are written to the main file: the default of SQLite. */
export const CHECKPOINT_PAGES = 1_000;

/** Milliseconds that a statement waits for another process that writes. */
const PATIENCE_MS = 5_000;

/** The file name of a database in memory, which ends with its process. */
export const IN_MEMORY = ':memory:';

/** A SQLite file that several processes share, in WAL mode, with cached statements; all methods are synchronous. */
export class SqliteConnection {
  readonly #options: DatabaseOptions;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file. Creates it (0600, in a 0700 folder) or migrates its schema if needed. */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    const { file } = options;
    this.#connection = this.#guarded(() => {
      if (file === IN_MEMORY) return openPrepared(file, options);
      if (!existsSync(file)) makeFile(options);
      return openPrepared(file, options);
    });
  }

  /** Runs a statement. @returns the number of rows that changed, and the id of the inserted row */
  run(sql: string, parameters: Parameters = {}): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.run(...parameters) : statement.run(parameters);
    });
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  /** Runs statements without parameters or result, which are not cached. */
  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql));
  }

  /** Returns the first row; the caller names its type. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    // node:sqlite can't know the columns of a statement.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.get(...parameters) : statement.get(parameters);
    }) as Row | undefined;
  }

  /** Returns all rows; the caller names their type. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#guarded(() => {
      const statement = this.#prepare(sql);
      return isList(parameters) ? statement.all(...parameters) : statement.all(parameters);
    }) as Row[];
  }

  /**
   * Runs `work` in one write transaction, taken at its start so that what it reads stays true until it writes. Inside of
   * another one it is a part of that.
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

  /** The write-ahead log, which each commit writes; null for a database in memory. */
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
 * Creates a file under another name, and renames it when it is complete. Switching a file to WAL locks it without waiting,
 * so processes that create the same file at once would make each other fail.
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
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
  }
}

/** Creates a folder of mode 0700, level by level: Node's `recursive` never ends where that is impossible, as below /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}

/** Gives a draft its name, with a link where there are links: unlike a rename, a link fails if the name is taken. */
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
  // The reads above wait while another process replaces the file; the log of the old one would belong to the new one.
  assertInPlace?.();
  connection.exec('PRAGMA journal_mode = WAL');
  connection.exec(`PRAGMA synchronous = ${durability}`);
  if (versionOf() === migrations.length) return;
  // A checkpoint that is not recorded would look like a replaced file to others (see FileGuard).
  connection.exec('PRAGMA wal_autocheckpoint = 0');
  connection.exec('BEGIN IMMEDIATE');
  for (const script of migrations.slice(versionOf())) connection.exec(script);
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  connection.exec(`PRAGMA user_version = ${migrations.length}`);
  connection.exec('COMMIT');
  connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
}

/** True if the database is empty, or kioskctl created it. */
function isOurs(connection: DatabaseSync, version: number): boolean {
  const id = Number(connection.prepare('PRAGMA application_id').get()?.application_id);
  const isEmpty = connection.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
  return id === APPLICATION_ID || (version === 0 && isEmpty);
}

/** Opens a file and prepares it. If that fails, the file is closed, which also releases its locks. */
function openPrepared(file: string, options: DatabaseOptions): DatabaseSync {
  const connection = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    prepare(connection, options);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
