import { randomUUID } from 'node:crypto';
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { isBusy } from './faults.ts';
import { CHECKPOINT_PAGES, type SqliteConnection } from './sqlite.ts';

const MOST_TRIES = 3;

interface IdentityRow {
  id: string;
  generation: string;
  mainFile: string | null;
  epoch: string | null;
  checkpoint: string | null;
}

/** The state of the database files at one moment. */
interface Files {
  /** Device and inode of the main file and of the write-ahead log. */
  inodes: string;
  /** Size and modification time of the main file. */
  mainFile: string;
  walSize: bigint;
}

const SELECT = 'SELECT id, generation, main_file AS "mainFile", epoch, checkpoint FROM identity';

interface GuardOptions {
  /** Path of the file or of a symbolic link, whose target must not change while the file is in use. */
  file: string;
  opened: string | null;
  /** Creates the error for a replaced file. @param reason continues “The journal FILE …” */
  fault: (reason: string) => Error;
}

/**
 * Detects that a SQLite file in use was replaced: moved, removed, overwritten in place, or truncated. It compares
 * device and inode of the main file and of the write-ahead log, and an id and generation stored inside (table
 * `identity`). While a process uses the file, only checkpoints change its main file. Automatic checkpoints are
 * disabled: the guard runs them and records size and modification time of the main file after each. Any other change is
 * a replacement, which SQLite itself would not detect.
 */
export class FileGuard {
  readonly #connection: SqliteConnection;
  readonly #file: string;
  readonly #wal: string;
  readonly #inodes: string;
  readonly #id: string;
  readonly #generation: string;
  readonly #fault: (reason: string) => Error;
  /**
   * Random id of this connection; null until it is needed. Created on demand, because loading Node's crypto is slow,
   * and a connection that only reads needs no id.
   */
  #ownNonce: string | null = null;
  /**
   * Id shared by all connections that use the file at the same time; null until the first write of this connection,
   * which verifies the main file.
   */
  #epoch: string | null = null;
  #isArmed = false;
  #walSize: bigint;

  constructor(connection: SqliteConnection, { file, opened, fault }: GuardOptions) {
    this.#connection = connection;
    this.#file = file;
    this.#wal = `${placeOf(file) ?? file}-wal`;
    this.#fault = fault;
    connection.exec('PRAGMA wal_autocheckpoint = 0');
    const { id, generation } = this.#row();
    const files = this.#files();
    if (opened !== null && !files.inodes.startsWith(`${opened} `)) throw this.#replaced();
    this.#inodes = files.inodes;
    this.#walSize = files.walSize;
    this.#id = id;
    this.#generation = generation;
  }

  get generation(): string {
    return this.#generation;
  }

  /** Checks that the file was not replaced. @throws Failure */
  assertCurrent(): void {
    this.#currentRow();
  }

  #currentRow(): IdentityRow {
    // Retries, because a checkpoint may run between the two reads.
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { mainFile } = this.assertFiles();
      const row = this.#row();
      if (row.id !== this.#id || row.generation !== this.#generation) break;
      if (!this.#isArmed || row.checkpoint !== null) return row;
      if (row.epoch === this.#epoch && row.mainFile === mainFile) return row;
    }
    throw this.#replaced();
  }

  /** Checks the files without an SQL statement, so that it also works after an SQLite error. */
  assertFiles(): Files {
    const files = this.#files();
    // While in use, a write-ahead log never shrinks.
    if (files.inodes !== this.#inodes || files.walSize < this.#walSize) throw this.#replaced();
    this.#walSize = files.walSize;
    return files;
  }

  get #nonce(): string {
    return (this.#ownNonce ??= randomUUID());
  }

  /** True after the first committed write. */
  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** Verifies the main file within the first write transaction of the connection. */
  arm(): void {
    if (this.#isArmed) return;
    const { mainFile } = this.assertFiles();
    const row = this.#row();
    // If the main file is not as recorded, it was changed by the last process that closed it. No process has used it
    // since.
    const isRecorded = row.epoch !== null && (row.mainFile === mainFile || row.checkpoint !== null);
    const epoch = isRecorded ? row.epoch : this.#nonce;
    if (!isRecorded) this.#connection.run('UPDATE identity SET main_file = ?, epoch = ?', [mainFile, epoch]);
    this.#epoch = epoch;
  }

  /**
   * Checks the file after a commit, and runs a checkpoint if the write-ahead log is long.
   * @throws Failure if the file was replaced
   */
  afterCommit(): void {
    this.#isArmed ||= this.#epoch !== null;
    const { checkpoint } = this.#currentRow();
    const pages = this.#connection.get<{ log: number; checkpointed: number }>('PRAGMA wal_checkpoint(NOOP)');
    const isLong = pages !== undefined && pages.log - pages.checkpointed >= CHECKPOINT_PAGES;
    // A marked checkpoint is repeated: its process may have been killed, or the database may have been busy.
    if (!isLong && checkpoint === null) return;
    try {
      this.#checkpoint();
    } catch (error) {
      // The write is committed already. The next write tries the checkpoint again.
      if (!isBusy(error)) throw error;
    }
  }

  #checkpoint(): void {
    // While this mark is set, other processes accept any change of the main file, even if this process is killed.
    this.#connection.run('UPDATE identity SET checkpoint = ?', [this.#nonce]);
    const result = this.#connection.get<{ busy: number }>('PRAGMA wal_checkpoint(PASSIVE)');
    if (result?.busy !== 0) return;
    const { mainFile } = this.assertFiles();
    this.#connection.run('UPDATE identity SET main_file = ?, checkpoint = NULL WHERE checkpoint = ?', [
      mainFile,
      this.#nonce,
    ]);
  }

  #row(): IdentityRow {
    const row = this.#connection.get<IdentityRow>(SELECT);
    if (!row) throw this.#replaced();
    return row;
  }

  #files(): Files {
    const main = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
    const wal = statSync(this.#wal, { bigint: true, throwIfNoEntry: false });
    if (!main || !wal) throw this.#replaced();
    return {
      inodes: `${main.dev} ${main.ino} ${wal.dev} ${wal.ino}`,
      mainFile: `${main.size} ${main.mtimeNs}`,
      walSize: wal.size,
    };
  }

  #replaced(): Error {
    return this.#fault('was replaced, moved, removed or overwritten while this command used it');
  }
}

/**
 * Resolves symbolic links, because SQLite stores the write-ahead log next to the actual file.
 * @returns null for a broken link
 */
export function placeOf(file: string): string | null {
  if (statSync(file, { throwIfNoEntry: false })) return realpathSync(file);
  return lstatSync(file, { throwIfNoEntry: false }) ? null : file;
}

/** Returns device and inode of a file before it is opened; null if the file does not exist. */
export function inodeOf(file: string): string | null {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.dev} ${stats.ino}` : null;
}

/** True for a file of 0 bytes. */
export function isEmptyFile(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && stats.isFile() && stats.size === 0;
}
