import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { faultOf, isBusy, type MakeFault, sqliteCode } from '../database/faults.ts';
import { inodeOf, isEmptyFile } from '../database/file-guard.ts';
import { type Check, copyInto, type Inspection, inspect, readRow } from '../database/inspect.ts';
import { replaceDatabase } from '../database/replace-file.ts';
import { makeFolder, SqliteConnection } from '../database/sqlite.ts';
import { SqliteDatabase } from '../database/sqlite-database.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { removeAbandonedDrafts } from '../machine/drafts.ts';
import { isJournalUrl, parseJournalUrl } from '../postgres/journal-url.ts';
import type { Journal } from './journal.ts';
import { assertFolder, journalInUse, unusable } from './journal-faults.ts';
import {
  JOURNAL_SCHEMA,
  makeJournal,
  openJournalFile,
  placeOfJournal,
  type SqliteJournalOptions,
} from './open-journal.ts';
import { MIGRATIONS } from './tables/migrations/sqlite.ts';
import { type JournalIdentity, nextGeneration } from './tables/state.ts';

/** The result of inspecting a journal file, without modifying it. */
export interface JournalInspection extends Inspection {
  /** Size in bytes, including the write-ahead log. */
  bytes: number;
  /** null for a damaged journal, and for a schema version without identity. */
  identity: JournalIdentity | null;
  /** True if the journal has any attempts in the environment `production`. */
  knowsProduction: boolean;
  /** Name of the journal that has the records of this one; null if they were not moved. */
  movedTo: string | null;
}

/** The first schema version with an identity. */
const IDENTITY_SCHEMA = 7;
/** The first schema version that can store the journal to which a file was moved. */
const MOVE_SCHEMA = 11;

const MOVED_TO = 'SELECT moved_to AS name FROM identity';

const IDENTITY = `SELECT id, generation, created_at AS "createdAt", restored_at AS "restoredAt",
  backed_up_at AS "backedUpAt", backup_file AS "backupFile" FROM identity`;

/** Distinguishes a journal from the sandbox's state file, which has the same application id. */
const HAS_ATTEMPTS = "SELECT 1 FROM sqlite_master WHERE name = 'attempts'";

const IN_PRODUCTION = "SELECT 1 FROM attempts WHERE environment = 'production' LIMIT 1";

const DISK_FULL = 13;
/**
 * SQLite error codes that concern the journal itself: busy (5), damaged (11, 20), not a database (26). Other codes
 * concern the copy.
 */
const OF_SOURCE: ReadonlySet<number> = new Set([5, 11, 20, 26]);

/** Pattern of the suffix of drafts (new or restored journals), and of the files that SQLite keeps next to a draft. */
const DRAFT = /^\.\d+\.[\da-f-]{36}(-journal|-wal|-shm)?$/;

/** Operations on the journal as a file: inspect, copy, restore. */
export class JournalFile {
  /** The path as configured; may be a symbolic link. */
  readonly path: string;
  readonly #options: Omit<SqliteJournalOptions, 'isServer'>;

  constructor(options: Omit<SqliteJournalOptions, 'isServer'>) {
    this.path = options.file;
    this.#options = options;
  }

  /**
   * The path of the actual file, next to which SQLite keeps its log.
   * @throws Failure `journal-unusable` for a broken link
   */
  get place(): string {
    this.#assertFile();
    return placeOfJournal(this.path);
  }

  /** @throws Failure `usage` for a database on a server */
  #assertFile(): void {
    if (!isJournalUrl(this.path)) return;
    const { name } = parseJournalUrl(this.path);
    throw failure(
      'usage',
      `The journal ${name} is a PostgreSQL database, not a file.`,
      'Back it up with pg_dump. After pg_restore, mark it as restored: kioskctl journal restored',
    );
  }

  /**
   * Inspects the journal.
   * @returns null if the file is missing
   * @throws Failure `journal-unusable` if it is unreadable
   */
  inspect({ check = 'quick' }: { check?: Check } = {}): JournalInspection | null {
    this.#assertFile();
    if (this.#options.isNamed) assertFolder(this.path);
    if (!this.#isThere()) return null;
    if (isEmptyFile(this.path)) throw unusable(this.path, 'is damaged: it is empty (0 bytes)');
    return inspectFile(this.place, { check, fault: (reason, fix) => unusable(this.path, reason, fix) });
  }

  /** True if the file exists. @throws Failure `journal-unusable` if a parent folder is not accessible */
  #isThere(): boolean {
    const { path } = this;
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      throw faultOf(error, { file: path, fault: (reason, fix) => unusable(path, reason, fix) });
    }
  }

  /** True if a path is the journal, or a file that SQLite keeps next to it. */
  isPart(file: string): boolean {
    const inode = inodeOf(file);
    return (
      inode !== null && ['', '-wal', '-shm'].some((suffix) => inodeOf(`${this.place}${suffix}`) === inode)
    );
  }

  /**
   * Writes a consistent copy of the journal to an empty file, even while it is in use.
   * @throws Failure `journal-unusable` for an unreadable journal; an error with `code` if the copy can't be written
   */
  async copyTo(copy: string, at: number): Promise<void> {
    const { path } = this;
    // Opening the journal migrates it and reports problems.
    await openJournalFile(this.#options).close();
    try {
      copyInto(copy, path);
      // Plain SQLite connection without WAL mode, so that the backup is a single file.
      const connection = new DatabaseSync(copy);
      try {
        for (const statement of nextGeneration(at)) connection.exec(statement);
        connection.exec(`UPDATE identity SET backed_up_at = ${Math.trunc(at)}, backup_file = NULL`);
      } finally {
        connection.close();
      }
    } catch (error) {
      const code = sqliteCode(error);
      if (code === null || OF_SOURCE.has(code))
        throw faultOf(error, { file: path, fault: (reason, fix) => unusable(path, reason, fix) });
      const system = code === DISK_FULL ? 'ENOSPC' : 'EIO';
      throw Object.assign(new Error('write'), { code: system, syscall: 'write' });
    }
  }

  /** Validates a backup. @throws Failure `invalid-input` unless it is an intact journal */
  inspectBackup(file: string): JournalInspection {
    this.#assertFile();
    const fault = (reason: string, fix?: string | null) =>
      failure(
        'invalid-input',
        `${file} can't be restored: it ${reason}.`,
        fix ? `${fix}.` : 'Use a file that was written by a backup: kioskctl journal backup <FILE>',
      );
    if (existsSync(file) && this.isPart(file)) throw fault('is the journal itself');
    return inspectJournal(file, fault);
  }

  /**
   * Replaces the journal by a copy of a backup, with a new generation.
   * @param record writes to the new journal before it replaces the old one
   * @returns the new name of the old journal; null if there was none
   * @throws Failure `journal-in-use` while any process uses it, `journal-unusable` if it can't be written
   */
  async restore(
    backup: string,
    { kept, record }: { kept: string; record: (journal: Journal) => Promise<void> },
  ): Promise<string | null> {
    const { path, place } = this;
    if (this.#options.isNamed) assertFolder(path);
    else makeFolder(dirname(path));
    removeAbandonedDrafts(place, DRAFT);
    const draft = `${place}.${process.pid}.${randomUUID()}`;
    try {
      closeSync(openSync(draft, 'wx', 0o600));
      copyInto(draft, backup);
      await this.#prepare(draft, record);
      return replaceDatabase(draft, place, { kept }) ? kept : null;
    } catch (error) {
      if (isBusy(error)) throw journalInUse(path);
      throw faultOf(error, { file: path, fault: (reason, fix) => unusable(path, reason, fix) });
    } finally {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
    }
  }

  /** Migrates a draft, gives it the next generation, and closes it as a single file. */
  async #prepare(draft: string, record: (journal: Journal) => Promise<void>): Promise<void> {
    const connection = new SqliteConnection({
      file: draft,
      migrations: MIGRATIONS,
      durability: 'full',
      fault: (reason) => unusable(this.path, reason),
    });
    try {
      for (const statement of nextGeneration(this.#options.now())) connection.exec(statement);
      await record(makeJournal(() => new SqliteDatabase(connection), this.#options));
    } finally {
      connection.close();
    }
  }
}

/** Inspects a file that must be an intact journal. @throws the error of `fault` if it is not */
export function inspectJournal(
  file: string,
  fault: (reason: string, fix?: string | null) => Failure,
): JournalInspection {
  if (!existsSync(file)) throw fault('does not exist');
  if (!statSync(file).isFile()) throw fault('is not a file');
  if (isEmptyFile(file)) throw fault('is empty (0 bytes)');
  const journal = inspectFile(file, { check: 'integrity', fault });
  if (!journal.isOurs) throw fault('is not a journal of kioskctl');
  if (journal.schema > JOURNAL_SCHEMA) throw fault('was written by a newer version of kioskctl');
  const [damage] = journal.damage;
  if (damage !== undefined) throw fault(`is damaged: ${damage}`);
  return journal;
}

function inspectFile(file: string, { check, fault }: { check: Check; fault: MakeFault }): JournalInspection {
  try {
    const state = inspect(file, { check });
    const isOurs = state.isOurs && readRow(file, HAS_ATTEMPTS) !== null;
    const isReadable = isOurs && state.damage.length === 0;
    const hasIdentity = isReadable && state.schema >= IDENTITY_SCHEMA;
    const bytes = [file, `${file}-wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    return {
      ...state,
      isOurs,
      bytes,
      identity: hasIdentity ? readRow<JournalIdentity>(file, IDENTITY) : null,
      knowsProduction: isReadable && readRow(file, IN_PRODUCTION) !== null,
      movedTo:
        isReadable && state.schema >= MOVE_SCHEMA
          ? (readRow<{ name: string | null }>(file, MOVED_TO)?.name ?? null)
          : null,
    };
  } catch (error) {
    throw faultOf(error, { file, fault });
  }
}
