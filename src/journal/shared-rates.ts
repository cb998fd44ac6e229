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

/** Another process has the file for less than a millisecond, unless the machine is so busy that it stands still. */
const PATIENCE_MS = 20;
const RETRIES_MS = 1_500;
/** Codes of SQLite for a file that is damaged, or no database. */
const DAMAGED: ReadonlySet<number | null> = new Set([11, 26]);

interface SharedRatesOptions {
  /** The journal, whose users share the limits. */
  journal: string;
  environment: string;
  /** The client of Wise; empty if it is unknown. */
  client: string;
  limits: readonly RateLimit[];
  /** Milliseconds since the boot of the machine. */
  uptime?: () => number;
}

/**
 * The rate limits that all processes on a journal share. They are stored in a file beside the journal: no write of them
 * must survive the machine, so none waits for the disk, and commands that only read don't write to the journal.
 */
export class SharedRates {
  readonly #options: SharedRatesOptions;
  #file: RatesFile | null = null;

  constructor(options: SharedRatesOptions) {
    this.#options = options;
  }

  /**
   * Takes permits for this process, and reports the use of earlier ones.
   * @returns null while the limits can't be shared: without a journal, which is not created for this, or without access
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

  /** Deletes a file that lost its content in a power cut. */
  async #discard(): Promise<void> {
    await this.close();
    const file = placeOfRates(this.#options.journal);
    for (const suffix of ['', '-journal']) rmSync(`${file}${suffix}`, { force: true });
  }
}

/** Returns the file that all paths to a journal have in common. */
function placeOfRates(journal: string): string {
  return `${placeOfJournal(journal)}-rates`;
}

interface RatesFile {
  database: Database;
  /** Names this process. */
  user: string;
  clock: string;
}

/** @returns null without a journal, and on a network file system, where locks don't work */
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
