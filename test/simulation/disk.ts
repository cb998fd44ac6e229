import type { Database, Parameters, Transaction } from '../../src/database/database.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { openJournalFile } from '../../src/journal/open-journal.ts';

export interface AttemptClaim {
  correlationId: string;
  outcome: string;
}

type Row = Record<string, null | number | string>;

/** A file of a journal: one database in memory, which all processes share that opened it. */
export class JournalFile {
  readonly db: Database = openJournalFile({ file: ':memory:' });
  #tables: string[] = [];
  #backup: Map<string, Row[]> | null = null;

  async wipe(): Promise<void> {
    this.#backup = null;
    for (const table of await this.#listTables()) await this.db.run(`DELETE FROM ${table}`);
  }

  async attempts(): Promise<AttemptClaim[]> {
    return this.db.all(
      `SELECT correlation_id AS correlationId, outcome FROM attempts WHERE correlation_id IS NOT NULL`,
    );
  }

  async hasEvent(deliveryId: string): Promise<boolean> {
    return (await this.db.get('SELECT 1 FROM events WHERE delivery_id = :deliveryId', { deliveryId })) !== undefined;
  }

  async backUp(): Promise<void> {
    this.#backup = new Map();
    for (const table of await this.#listTables()) this.#backup.set(table, await this.db.all(`SELECT * FROM ${table}`));
  }

  /** @returns false without a backup */
  async restore(): Promise<boolean> {
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
    });
    return true;
  }

  async #listTables(): Promise<string[]> {
    if (this.#tables.length === 0) {
      const rows = await this.db.all<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`,
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

/** The place of the journal on the disk, and the files that are or were there. */
export class Disk {
  current = new JournalFile();
  /** Each restore makes another one. */
  generation = 1;
  readonly #all = [this.current];
  #used = 1;

  async reset(): Promise<void> {
    for (const file of this.#all.slice(0, this.#used)) await file.wipe();
    this.current = this.#all[0] ?? this.current;
    this.#used = 1;
    this.generation = 1;
  }

  /** Puts an empty file in the place of the journal, as `mv` or `rm` of the old one do. */
  replace(): void {
    const file = this.#all[this.#used] ?? new JournalFile();
    this.#all[this.#used] = file;
    this.#used += 1;
    this.current = file;
  }

  async restore(): Promise<void> {
    if (await this.current.restore()) this.generation += 1;
  }

  /** Opens the journal for one process. */
  open(onCheck: (check: 'identity' | 'generation') => boolean): MountedJournal {
    return new MountedJournal(this, onCheck);
  }
}

/** The journal as one process has it open: after each statement it makes sure that the file is still in its place. */
export class MountedJournal implements Database {
  readonly file: JournalFile;
  readonly #disk: Disk;
  readonly #generation: number;
  readonly #onCheck: (check: 'identity' | 'generation') => boolean;

  constructor(disk: Disk, onCheck: (check: 'identity' | 'generation') => boolean) {
    this.#disk = disk;
    this.file = disk.current;
    this.#generation = disk.generation;
    this.#onCheck = onCheck;
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    return this.#checked(await this.file.db.run(sql, parameters));
  }

  async get<Result>(sql: string, parameters?: Parameters): Promise<Result | undefined> {
    return this.#checked(await this.file.db.get<Result>(sql, parameters));
  }

  async all<Result>(sql: string, parameters?: Parameters): Promise<Result[]> {
    return this.#checked(await this.file.db.all<Result>(sql, parameters));
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#checked(await this.file.db.transaction(work));
  }

  // oxlint-disable-next-line require-yield -- nothing waits for a change in a simulation
  async *watch(): AsyncIterable<void> {
    throw new TypeError('nobody watches the journal of a simulation');
  }

  async close(): Promise<void> {}

  /** @throws Failure `journal-unusable` */
  check(): void {
    if (this.#disk.current !== this.file && this.#onCheck('identity')) throw replaced();
    if (this.#disk.generation !== this.#generation && this.#onCheck('generation')) throw replaced();
  }

  #checked<Result>(result: Result): Result {
    this.check();
    return result;
  }
}

function replaced(): Failure {
  return new Failure('journal-unusable', 'The journal was replaced.', { hint: 'Nothing more is sent.' });
}
