import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import type { Database, Statements, Value } from '../database/database.ts';
import { sqliteCode } from '../database/faults.ts';
import { networkFileSystem } from '../database/network-file-system.ts';
import { SqliteConnection } from '../database/sqlite.ts';
import { SqliteDatabase } from '../database/sqlite-database.ts';
import { Failure } from '../domain/errors/failure.ts';
import {
  type PermitGrant,
  type PermitRequest,
  type RateLimit,
  type SharedRate,
  takePermits,
  UNUSED_RATE,
} from '../domain/times/rate-limit.ts';
import { bootId, uptimeNow } from '../machine/boot.ts';
import { hostName } from '../machine/system.ts';
import { unusable } from './journal-faults.ts';
import { placeOfJournal } from './open-journal.ts';
import { parseStored } from './store/stored-json.ts';

const SCHEMA = `
CREATE TABLE shared_rates (
  environment TEXT NOT NULL,
  -- The client of Wise; empty if it is unknown.
  client TEXT NOT NULL,
  -- The boot of the machine whose clock the times are of: those of another one can't be compared.
  clock TEXT NOT NULL,
  rate TEXT NOT NULL,
  PRIMARY KEY (environment, client)
);
`;

/** Maximum wait of a statement for another process, in milliseconds. A write normally takes less than 1. */
const PATIENCE_MS = 20;
const RETRIES_MS = 1_500;
/** SQLite error codes of a file that is damaged or no database. */
const DAMAGED: ReadonlySet<number | null> = new Set([11, 26]);

interface SharedRatesOptions {
  /** Path of the journal, whose users share the limits. */
  journal: string;
  environment: string;
  /** Client key of the application; empty if unknown. */
  client: string;
  limits: readonly RateLimit[];
  /** Returns milliseconds since the boot of the machine. */
  uptime?: () => number;
}

/**
 * Rate limits shared by all processes that use a journal. They are stored in a separate file: their writes need not
 * survive a power failure, so they don't wait for the disk, and commands that only read don't write to the journal.
 */
export class SharedRates {
  readonly #options: SharedRatesOptions;
  #file: RatesFile | null = null;

  constructor(options: SharedRatesOptions) {
    this.#options = options;
  }

  /**
   * Takes permits for this process, and reports the use of the permits that it took before.
   * @returns null if the limits can't be shared: there is no journal (this call creates none), or the file is not
   * accessible
   */
  async takePermits(request: PermitRequest): Promise<PermitGrant | null> {
    try {
      this.#file ??= openFile(this.#options.journal);
      return this.#file && (await this.#takeFrom(this.#file, request));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (DAMAGED.has(sqliteCode(error.cause))) await this.#discard();
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#file?.database.close();
    this.#file = null;
  }

  async #takeFrom({ database, user, clock }: RatesFile, request: PermitRequest): Promise<PermitGrant> {
    const { environment, client, limits, uptime = uptimeNow } = this.#options;
    const key = { environment, client, clock };
    return database.transaction(async (tx) => {
      const stored = await findRate(tx, key);
      const { rate, grant } = takePermits(stored, request, { user, limits, now: uptime() });
      await putRate(tx, { ...key, rate: JSON.stringify(rate) });
      return grant;
    });
  }

  /** Deletes a file that a power failure has damaged. */
  async #discard(): Promise<void> {
    await this.close();
    const file = placeOfRates(this.#options.journal);
    for (const suffix of ['', '-journal']) rmSync(`${file}${suffix}`, { force: true });
  }
}

/** Returns the path of the rates file, which is the same for all paths to a journal. */
function placeOfRates(journal: string): string {
  return `${placeOfJournal(journal)}-rates`;
}

interface RatesFile {
  database: Database;
  /** Id of this process. */
  user: string;
  clock: string;
}

/** Opens the rates file. @returns null without a journal, and on a network file system, where locks are unreliable */
function openFile(journal: string): RatesFile | null {
  if (!existsSync(journal)) return null;
  const file = placeOfRates(journal);
  if (networkFileSystem(file) !== null) return null;
  const connection = new SqliteConnection({
    file,
    migrations: [SCHEMA],
    durability: 'off',
    patience: PATIENCE_MS,
    fault: (reason, fix) => unusable(file, reason, fix),
  });
  const database = new SqliteDatabase(connection, { retryFor: RETRIES_MS });
  return { database, user: randomUUID(), clock: bootId() ?? hostName() ?? '' };
}

interface Key extends Record<string, Value> {
  environment: string;
  client: string;
  clock: string;
}

async function findRate(db: Statements, key: Key): Promise<SharedRate> {
  const row = await db.get<{ rate: string }>(
    'SELECT rate FROM shared_rates WHERE environment = :environment AND client = :client AND clock = :clock',
    key,
  );
  return row ? parseStored<SharedRate>(row.rate, 'at', 'blockedUntil', 'users', 'answered') : UNUSED_RATE;
}

async function putRate(db: Statements, row: Key & { rate: string }): Promise<void> {
  await db.run(
    `INSERT INTO shared_rates (environment, client, clock, rate) VALUES (:environment, :client, :clock, :rate)
     ON CONFLICT (environment, client) DO UPDATE SET clock = excluded.clock, rate = excluded.rate`,
    row,
  );
}
