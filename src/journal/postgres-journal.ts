import type { Database } from '../database/database.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { PostgresAddress } from '../postgres/address.ts';
import type { ServerRates, ServerRatesOptions } from '../postgres/server-rates.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import { OTHER_JOURNAL, unusable } from './journal-faults.ts';
import { SERVER_PATIENCE_MS, SERVER_SCHEMA } from './open-journal.ts';
import { nextServerGeneration } from './tables/state.ts';

export interface PostgresJournalOptions {
  address: PostgresAddress;
  /** True for `listen` and `serve`, which must answer a webhook within 5 seconds. */
  isServer?: boolean;
  /** True for a command that can continue without the journal. Such a command waits only briefly for the server. */
  isDispensable?: boolean;
  /** Time that the command has for a card, in milliseconds; null for no limit. */
  timeout?: number | null;
}

/** Maximum wait for other writers, in milliseconds. A suspended writer loses the lock within 20 seconds. */
export const PATIENCE_MS = 15_000;
const DISPENSABLE_PATIENCE_MS = 1_500;
/** Minimum time for an answer, in milliseconds, even with a shorter timeout. */
const LEAST_ANSWER_MS = 1_500;

/**
 * Loads the PostgreSQL client, which journals in files don't need.
 * @returns a function that opens a journal's database; the database connects at its first statement
 */
export async function loadPostgres(): Promise<(options: PostgresJournalOptions) => Database> {
  const { PostgresDatabase } = await import('../postgres/postgres-database.ts');
  return ({ address, ...user }) =>
    new PostgresDatabase({
      address,
      schema: SERVER_SCHEMA,
      patience: patienceOf(user),
      longest: longestOf(user),
      nextGeneration: nextServerGeneration,
      fault: (reason, fix) => unusableServer(address, reason, fix),
      replaced: (reason) => replacedServer(address, reason),
    });
}

/** Loads the rate limits that all processes on a journal in PostgreSQL share. */
export async function loadServerRates(options: ServerRatesOptions): Promise<ServerRates> {
  const { ServerRates } = await import('../postgres/server-rates.ts');
  return new ServerRates(options);
}

/** Loads the job queue beside a journal in PostgreSQL. */
export async function loadJobQueue(address: PostgresAddress): Promise<JobQueue> {
  const { JobQueue } = await import('../queue/job-queue.ts');
  return new JobQueue(address, (reason, fix) => unusableServer(address, reason, fix));
}

function patienceOf({ isServer, isDispensable }: Omit<PostgresJournalOptions, 'address'>): number {
  if (isServer) return SERVER_PATIENCE_MS;
  return isDispensable ? DISPENSABLE_PATIENCE_MS : PATIENCE_MS;
}

/** Returns the maximum time for an answer of the server. A command without the journal still needs time for the API. */
function longestOf({ isDispensable, timeout }: Omit<PostgresJournalOptions, 'address'>): number {
  if (timeout == null) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_ANSWER_MS, isDispensable ? timeout / 2 : timeout);
}

/**
 * Creates the failure for an unusable database.
 * @param reason continues “The journal URL …”
 * @param fix sentence without a full stop; null if there is no known fix
 */
export function unusableServer(
  { name }: PostgresAddress,
  reason: string,
  fix: string | null = null,
): Failure {
  return unusable(name, reason, fix ?? 'Check the server and the network');
}

function replacedServer({ name }: PostgresAddress, reason: string): Failure {
  return failure(
    'journal-replaced',
    `The journal ${name} ${reason}.`,
    `Nothing more is sent. Run the command again once the right database is in place. ${OTHER_JOURNAL}`,
  );
}
