import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type {
  BatchResult,
  Database,
  Parameters,
  Statement,
  Transaction,
  Value,
} from '../../src/database/database.ts';
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

let files = 0;

/** A journal that simulated processes share: an in-memory database, or a real file. */
export class JournalFile {
  readonly db: Database;
  readonly number: number = (files += 1);
  readonly #file: string;
  #tables: string[] = [];
  #backup: Map<string, Row[]> | null = null;

  constructor(file: string) {
    this.#file = file;
    this.db = openJournalFile({ file });
  }

  /** Opens the journal for one process. */
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
   * @param options.isMarked false to omit the mark of the restore
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
      // These triggers prevent deleting the audit log.
      const triggers = await this.db.all<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
      );
      for (const { name } of triggers) await this.db.run(`DROP TRIGGER ${name}`);
    }
    return this.#tables;
  }
}

const NAME = 'journal.db';

/** The disk with the current journal, and with earlier ones. */
export class Disk {
  current: JournalFile;
  /** Incremented by each restore. */
  generation = 1;
  readonly #folder: string | null;
  /** The journals of this schedule, and unused in-memory journals for the next ones. */
  #used: JournalFile[];
  #unused: JournalFile[] = [];

  /** @param folder folder for real files, whose replacement kioskctl itself detects; null for in-memory journals */
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

  /** Replaces the journal by an empty file, like `mv` or `rm`. */
  replace(): void {
    this.#moveAway();
    this.#use();
  }

  /** Overwrites the journal with its backup, even while it is open, which kioskctl itself refuses. */
  async restore(options: { isMarked: boolean }): Promise<boolean> {
    const isRestored = !this.isReal && (await this.current.restore(options));
    if (isRestored) this.generation += 1;
    return isRestored;
  }

  /** Opens the current journal for one process. */
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

/** The journal as opened by one process. After each statement, it checks that the journal was not replaced. */
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

  async allValues(sql: string, parameters?: Parameters): Promise<Value[][]> {
    return this.#checked(await this.#db.allValues(sql, parameters));
  }

  async clock(): Promise<number | null> {
    return this.#db.clock();
  }

  async findAnnounced(owners: readonly string[]): Promise<ReadonlySet<string> | null> {
    return this.#db.findAnnounced(owners);
  }

  async within<Result>(left: () => number, work: () => Promise<Result>): Promise<Result> {
    return this.#db.within(left, work);
  }

  async announce(owner: string): Promise<void> {
    return this.#db.announce(owner);
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#checked(await this.#db.transaction(work));
  }

  async batch(statements: readonly Statement[]): Promise<BatchResult> {
    return this.#checked(await this.#db.batch(statements));
  }

  async clockSql(): Promise<string | null> {
    return this.#db.clockSql();
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

  /** Reports no change, so that waits poll slowly. */
  async *watch(): AsyncGenerator<void> {}

  async close(): Promise<void> {
    if (this.#db !== this.file.db) await this.#db.close();
  }

  readonly isAnnounced: boolean = true;

  /** True until another journal or a backup replaces this one. */
  get isInPlace(): boolean {
    return this.#disk.current === this.file && this.#disk.generation === this.#generation;
  }

  /** Checks that the journal was not replaced. @throws Failure `journal-unusable` */
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
