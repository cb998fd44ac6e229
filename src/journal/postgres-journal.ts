import type { Database } from '../database/database.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { PostgresAddress } from '../postgres/address.ts';
import type { PostgresSession } from '../postgres/session.ts';
import { OTHER_JOURNAL } from './journal-faults.ts';
import { JOURNAL_SCHEMA } from './open-journal.ts';
import { nextServerGeneration } from './tables/state.ts';

interface PostgresJournalOptions {
  address: PostgresAddress;
  /** True for a server, which must answer a webhook within 5 seconds. */
  isServer?: boolean;
}

/** Maximum wait for other writers, in milliseconds. A suspended writer loses the lock within 20 seconds. */
const PATIENCE_MS = 15_000;
const SERVER_PATIENCE_MS = 3_500;

/**
 * Loads the PostgreSQL client, which journals in files don't need.
 * @returns a function that opens a journal's database; the database connects at its first statement
 */
export async function loadPostgres(): Promise<(options: PostgresJournalOptions) => Database> {
  const { PostgresDatabase } = await import('../postgres/postgres-database.ts');
  return ({ address, isServer = false }) =>
    new PostgresDatabase({
      address,
      schema: JOURNAL_SCHEMA,
      patience: isServer ? SERVER_PATIENCE_MS : PATIENCE_MS,
      nextGeneration: nextServerGeneration,
      fault: (reason, fix) => unusable(address, reason, fix),
      replaced: (reason) => replacedJournal(address, reason),
    });
}

const VERSIONS = `CREATE TABLE IF NOT EXISTS schema_versions (
  version bigint PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`;

/**
 * Creates or migrates the journal's schema, in one transaction. Other writers wait meanwhile.
 * @returns the previous schema version; 0 for a new schema
 * @throws DatabaseError, ConnectionLost
 */
export async function migrateSchema(session: PostgresSession): Promise<number> {
  const { POSTGRES_MIGRATIONS } = await import('./tables/migrations/postgres.ts');
  await session.begin();
  await session.script(`CREATE SCHEMA IF NOT EXISTS ${session.schema}`, VERSIONS);
  const last = 'SELECT COALESCE(max(version), 0) AS version FROM schema_versions';
  const known = (await session.run<{ version: number }>(last)).rows[0]?.version ?? 0;
  for (const { version, script } of POSTGRES_MIGRATIONS.filter((one) => one.version > known))
    await session.script(script, `INSERT INTO schema_versions (version) VALUES (${version})`);
  await session.script('COMMIT');
  return known;
}

function unusable({ name }: PostgresAddress, reason: string, fix: string | null = null): Failure {
  const repair = fix ?? 'Check the server and the network';
  return failure(
    'journal-unusable',
    `The journal ${name} ${reason}.`,
    `Nothing is sent without the journal. ${repair}. ${OTHER_JOURNAL}`,
  );
}

function replacedJournal({ name }: PostgresAddress, reason: string): Failure {
  return failure(
    'journal-replaced',
    `The journal ${name} ${reason}.`,
    `Nothing more is sent. Run the command again once the right database is in place. ${OTHER_JOURNAL}`,
  );
}
