import type { Database } from '../database/database.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { PostgresAddress } from '../postgres/address.ts';
import { PostgresDatabase } from '../postgres/postgres-database.ts';
import type { PostgresSession } from '../postgres/session.ts';
import type { Journal } from './journal.ts';
import { OTHER_JOURNAL } from './journal-faults.ts';
import { JOURNAL_SCHEMA, type JournalOptions, makeJournal } from './open-journal.ts';
import { POSTGRES_MIGRATIONS } from './tables/migrations/postgres.ts';

export interface PostgresJournalOptions extends JournalOptions {
  address: PostgresAddress;
  /** True for a server: it has to answer a webhook within 5 seconds. */
  isServer?: boolean;
}

/** Milliseconds that a write waits for those of other processes; a frozen one ends within 20 seconds. */
const PATIENCE_MS = 15_000;
const SERVER_PATIENCE_MS = 3_500;

/** Opens the journal of one environment in a PostgreSQL database. It connects when it is first used. */
export function openPostgresJournal(options: PostgresJournalOptions): Journal {
  const database = openPostgresDatabase(options);
  return makeJournal(() => database, options);
}

export function openPostgresDatabase({
  address,
  isServer = false,
}: Pick<PostgresJournalOptions, 'address' | 'isServer'>): Database {
  return new PostgresDatabase({
    address,
    schema: JOURNAL_SCHEMA,
    patience: isServer ? SERVER_PATIENCE_MS : PATIENCE_MS,
    fault: (reason, fix) => unusable(address, reason, fix),
    replaced: (reason) => replacedJournal(address, reason),
  });
}

/** Creates the schema of the journal, or brings it to the current version, in one transaction. */
export async function createSchema(session: PostgresSession, { schema }: PostgresAddress): Promise<void> {
  const scripts = POSTGRES_MIGRATIONS.map(
    ({ version, script }) => `${script}; INSERT INTO schema_versions (version) VALUES (${version})`,
  );
  await session.script('BEGIN', `CREATE SCHEMA ${schema}`, ...scripts, 'COMMIT');
}

function unusable({ name }: PostgresAddress, reason: string, fix: string | null = null): Failure {
  const repair = fix ?? 'Check the server with kioskctl doctor';
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
