import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Parameters, Transaction } from '../../src/database/database.ts';
import { IN_MEMORY } from '../../src/database/sqlite.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { openJournalFile } from '../../src/journal/open-journal.ts';
import { nextGeneration } from '../../src/journal/tables/state.ts';

export interface AttemptClaim {
  cardToken: string;
  correlationId: string;
  outcome: string;
}

type Row = Record<string, null | number | string>;

/** A journal: a database in memory, which all processes share that opened it, or a real file. */
export class JournalFile {
  readonly db: Database;
  readonly #file: string;
  #tables: string[] = [];
  #backup: Map<string, Row[]> | null = null;

  constructor(file: string) {
    this.#file = file;
    this.db = openJournalFile({ file });
  }

  /** Opens it for one process. */
  connect(): Database {
    return this.#file === IN_MEMORY ? this.db : openJournalFile({ file: this.#file });
  }

  async wipe(): Promise<void> {
    this.#backup = null;
    for (const table of await this.#listTables()) await this.db.run(`DELETE FROM ${table}`);
    await this.db.run('UPDATE identity SET restored_at = NULL');
  }

  async attempts(): Promise<AttemptClaim[]> {
    return this.db.all(
      `SELECT card_token AS cardToken, correlation_id AS correlationId, outcome FROM attempts
       WHERE correlation_id IS NOT NULL`,
    );
  }

  async hasEvent(deliveryId: string): Promise<boolean> {
    return (
      (await this.db.get('SELECT 1 FROM events WHERE delivery_id = :deliveryId', { deliveryId })) !==
      undefined
    );
  }

  async backUp(): Promise<void> {
    this.#backup = new Map();
    for (const table of await this.#listTables())
      this.#backup.set(table, await this.db.all(`SELECT * FROM ${table}`));
  }

  /**
   * Restores the backup as the next generation of the journal.
   * @param options.isMarked false to leave out what tells that it was restored
   * @returns false without a backup
   */
  async restore({ isMarked }: { isMarked: boolean }): Promise<boolean> {
    const backup = this.#backup;
    if (!backup) return false;
    await this.db.transaction(async (tx) => {
      for (const [table, rows] of backup) {
        await tx.run(`DELETE FROM ${table}`);
        for (const row of rows) {
          const names = Object.keys(row);
          const values = names.map((name) => `:${name}`).join(', ');
          await tx.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${values})`, row);
        }
      }
      if (isMarked) for (const statement of nextGeneration(1)) await tx.run(statement);
    });
    return true;
  }

  async #listTables(): Promise<string[]> {
    if (this.#tables.length === 0) {
      const rows = await this.db.all<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'identity'`,
      );
      this.#tables = rows.map(({ name }) => name);
      // They keep the audit trail from being deleted.
      const triggers = await this.db.all<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
      );
      for (const { name } of triggers) await this.db.run(`DROP TRIGGER ${name}`);
    }
    return this.#tables;
  }
}

const NAME = 'journal.db';

/** The place of the journal on the disk, and the files that are or were there. */
export class Disk {
  current: JournalFile;
  /** Each restore makes another one. */
  generation = 1;
  readonly #folder: string | null;
  /** The journals of this schedule, and those in memory that it may use. */
  #used: JournalFile[];
  #unused: JournalFile[] = [];

  /** @param folder where its files are, with which kioskctl itself finds out what becomes of them; null for memory */
  constructor(folder: string | null = null) {
    this.#folder = folder;
    this.current = this.#make();
    this.#used = [this.current];
  }

  get isReal(): boolean {
    return this.#folder !== null;
  }

  async reset(): Promise<void> {
    if (this.isReal) for (const file of this.#used) await file.db.close();
    else {
      for (const file of this.#used) await file.wipe();
      this.#unused.push(...this.#used);
    }
    this.#used = [];
    this.#moveAway();
    this.#use();
    this.generation = 1;
  }

  /** Puts an empty file in the place of the journal, as `mv` or `rm` of the old one do. */
  replace(): void {
    this.#moveAway();
    this.#use();
  }

  /** Overwrites the journal by its backup. kioskctl itself refuses that while anyone has the file open. */
  async restore(options: { isMarked: boolean }): Promise<void> {
    if (!this.isReal && (await this.current.restore(options))) this.generation += 1;
  }

  /** Opens the journal for one process. */
  open(onCheck: (check: 'identity' | 'generation') => boolean): MountedJournal {
    return new MountedJournal(this, onCheck);
  }

  #use(): void {
    this.current = this.#unused.pop() ?? this.#make();
    this.#used.push(this.current);
  }

  #make(): JournalFile {
    return new JournalFile(this.#folder === null ? IN_MEMORY : join(this.#folder, NAME));
  }

  #moveAway(): void {
    if (this.#folder === null) return;
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(this.#folder, `${NAME}${suffix}`), { force: true });
  }
}

/** The journal as one process has it open: after each statement it makes sure that the file is still in its place. */
export class MountedJournal implements Database {
  readonly file: JournalFile;
  readonly #db: Database;
  readonly #disk: Disk;
  readonly #generation: number;
  readonly #onCheck: (check: 'identity' | 'generation') => boolean;

  constructor(disk: Disk, onCheck: (check: 'identity' | 'generation') => boolean) {
    this.#disk = disk;
    this.file = disk.current;
    this.#db = this.file.connect();
    this.#generation = disk.generation;
    this.#onCheck = onCheck;
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    return this.#checked(await this.#db.run(sql, parameters));
  }

  async get<Result>(sql: string, parameters?: Parameters): Promise<Result | undefined> {
    return this.#checked(await this.#db.get<Result>(sql, parameters));
  }

  async all<Result>(sql: string, parameters?: Parameters): Promise<Result[]> {
    return this.#checked(await this.#db.all<Result>(sql, parameters));
  }

  async clock(): Promise<number | null> {
    return this.#db.clock();
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#checked(await this.#db.transaction(work));
  }

  get generation(): string {
    return this.#db.generation;
  }

  assertCurrent(): void {
    this.check();
  }

  fault(reason: string): Error {
    return this.#db.fault(reason);
  }

  version(): string {
    return this.#checked(this.#db.version());
  }

  /** Reports no change: waits poll slowly. */
  async *watch(): AsyncGenerator<void> {}

  async close(): Promise<void> {
    if (this.#db !== this.file.db) await this.#db.close();
  }

  /** True while no other journal, and no backup, has taken its place. */
  get isInPlace(): boolean {
    return this.#disk.current === this.file && this.#disk.generation === this.#generation;
  }

  /** @throws Failure `journal-unusable` */
  check(): void {
    if (this.#disk.isReal) return this.#db.assertCurrent();
    if (this.#disk.current !== this.file && this.#onCheck('identity')) throw replaced();
    if (this.#disk.generation !== this.#generation && this.#onCheck('generation')) throw replaced();
  }

  #checked<Result>(result: Result): Result {
    if (!this.#disk.isReal) this.check();
    return result;
  }
}

function replaced(): Failure {
  return new Failure('journal-unusable', 'The journal was replaced.', { hint: 'Nothing more is sent.' });
}
