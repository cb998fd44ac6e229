import { DatabaseSync } from 'node:sqlite';
import type { Value } from '../database/database.ts';
import { isBusy } from '../database/faults.ts';
import { journalInUse } from './journal-faults.ts';
import { openJournalFile, placeOfJournal } from './open-journal.ts';

/** A row with the columns of its table. */
export type FileRow = Readonly<Record<string, Value>>;

/** Identity of a file, and its seal. */
interface FileIdentity {
  id: string;
  generation: string;
  restoredAt: number | null;
  /** Name of the journal that the file was moved to; null if the file is not sealed. */
  movedTo: string | null;
  /** Time at which the move was completed; null if it was not. */
  movedAt: number | null;
}

const IDENTITY = `SELECT id, generation, restored_at AS "restoredAt", moved_to AS "movedTo", moved_at AS "movedAt"
  FROM identity`;

/**
 * Condition for rows to move. Rows of `local` stay, because the state of the embedded sandbox is a file on this
 * machine.
 */
const MOVED = "environment <> 'local'";

const PATIENCE_MS = 500;

/** Number of rows in a group. */
const TOGETHER = 200;

/** A journal file that is moved. While it is open, no other process can open it. */
export class MovedFile {
  readonly path: string;
  readonly #connection: DatabaseSync;

  /**
   * Opens a file, and upgrades it first.
   * @throws Failure `journal-in-use` while another process uses it, `journal-unusable`
   */
  constructor(path: string) {
    this.path = path;
    void openJournalFile({ file: path, isNamed: true }).close();
    this.#connection = new DatabaseSync(placeOfJournal(path), { timeout: PATIENCE_MS });
    try {
      // Fails if another process has the file open.
      this.#connection.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
      this.#connection.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    } catch (error) {
      this.#connection.close();
      throw isBusy(error) ? journalInUse(path) : error;
    }
  }

  get identity(): FileIdentity {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the statement
    return this.#connection.prepare(IDENTITY).get() as unknown as FileIdentity;
  }

  /** Returns the token of a card with an open attempt; null if there is none. */
  findOpenAttempt(): string | null {
    const open = `SELECT card_token FROM attempts WHERE closed_at IS NULL AND ${MOVED} LIMIT 1`;
    const token = this.#connection.prepare(open).get()?.card_token;
    return token === undefined ? null : String(token);
  }

  knowsCard(environment: string, cardToken: string): boolean {
    const known = ['cards', 'attempts'].map(
      (table) => `SELECT 1 FROM ${table} WHERE environment = :environment AND card_token = :cardToken`,
    );
    return this.#connection.prepare(known.join(' UNION ALL ')).get({ environment, cardToken }) !== undefined;
  }

  count(table: string): number {
    const row = this.#connection.prepare(`SELECT count(*) AS total FROM ${table} WHERE ${MOVED}`).get();
    return Number(row?.total);
  }

  /** Yields the rows of a table in groups, in the sequence in which they were added. */
  *batches(table: string): Iterable<FileRow[]> {
    const statement = this.#connection.prepare(`SELECT * FROM ${table} WHERE ${MOVED} ORDER BY rowid`);
    let batch: FileRow[] = [];
    for (const row of statement.iterate()) {
      if (batch.push(row) < TOGETHER) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Seals the file. Later commands refuse to use it, and name the journal to use. */
  seal(name: string): void {
    this.#connection.prepare('UPDATE identity SET moved_to = ?').run(name);
  }

  unseal(): void {
    this.#connection.exec('UPDATE identity SET moved_to = NULL WHERE moved_at IS NULL');
  }

  complete(at: number): void {
    this.#connection.prepare('UPDATE identity SET moved_at = ? WHERE moved_at IS NULL').run(Math.trunc(at));
  }

  close(): void {
    this.#connection.close();
  }
}
