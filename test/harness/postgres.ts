// A schema of its own for each test, on the PostgreSQL server of the run.
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import {
  JOURNAL_SCHEMA,
  type JournalOptions,
  makeJournal,
  SERVER_SCHEMA,
} from '../../src/journal/open-journal.ts';
import { loadPostgres } from '../../src/journal/postgres-journal.ts';
import { rolesOf } from '../../src/journal/server-roles.ts';
import { createSchema } from '../../src/journal/server-schema.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { Fixture } from './journal.ts';
import { testUnless } from './suite/machine.ts';
import { askForServer, TEST_USER, type TestServer } from './suite/postgres.ts';

const server = await askForServer();
if ('failure' in server) throw new Error(server.failure);

/** The reason why this machine has no PostgreSQL; null if it has. */
export const obstacle: string | null = 'obstacle' in server ? server.obstacle : null;

/** A test that needs the server. */
export const testWithPostgres = testUnless(obstacle);

const PATIENCE_MS = 15_000;

/** Returns the address of a schema that does not exist yet. */
export function newAddress(at: TestServer | null = server): PostgresAddress {
  if (!at || !('port' in at)) throw new Error('there is no PostgreSQL');
  const { port, password } = at;
  return {
    name: `postgres://${TEST_USER}@127.0.0.1/postgres`,
    host: '127.0.0.1',
    port,
    user: TEST_USER,
    database: 'postgres',
    // Not the id of the process, which another one of the same run may have had.
    schema: `test_${randomBytes(6).toString('hex')}`,
    tls: null,
    password: () => password,
  };
}

/** Opens a session beside those of a journal, which ends with the test. */
export async function openTestSession(address: PostgresAddress): Promise<PostgresSession> {
  const session = await PostgresSession.open(address, { patience: PATIENCE_MS });
  onTestFinished(async () => session.end());
  return session;
}

/** Creates a schema of a journal. */
export async function makeSchema(at: TestServer | null = server): Promise<PostgresAddress> {
  const address = newAddress(at);
  const session = await PostgresSession.open(address, { patience: PATIENCE_MS });
  await createSchema(session);
  await session.end();
  return address;
}

/** Statements that undo the versions of the schema after the oldest one that commands can use. */
const UNDO: Readonly<Record<number, string>> = {
  11: 'DROP TABLE moved_journals',
  12: 'DROP TABLE shared_rates',
  13: 'DROP TRIGGER events_are_forwarded ON events; DROP FUNCTION events_are_forwarded; DROP TABLE outbox, outbox_targets',
  14: 'DROP TABLE notices',
  15: `DROP TABLE plans, plan_cards; DROP FUNCTION plans_end_once, plans_stay, plan_cards_stay, plans_are_approved,
    plan_cards_are_approved;
    DROP TRIGGER acts_keep_their_plan ON acts; DROP FUNCTION acts_keep_their_plan;
    ALTER TABLE acts DROP COLUMN plan, DROP COLUMN approval`,
};

/** Changes the schema of a journal to the oldest version that commands can use. */
export async function downgrade(session: PostgresSession): Promise<void> {
  for (let version = JOURNAL_SCHEMA; version > SERVER_SCHEMA.oldest; version -= 1) {
    const undo = UNDO[version];
    if (undo === undefined) throw new Error(`no statements undo version ${version}`);
    await session.script(undo, `DELETE FROM schema_versions WHERE version = ${version}`);
  }
}

/** A session of the superuser, which all tests of a process share: a session takes as long as fifty statements. */
let admin: Promise<PostgresSession> | null = null;

async function administer(address: PostgresAddress, ...statements: string[]): Promise<void> {
  const isShared = 'port' in server && server.port === address.port;
  const open = async () => PostgresSession.open({ ...address, user: TEST_USER }, { patience: PATIENCE_MS });
  const session = await (isShared ? (admin ??= open()) : open());
  await session.script(...statements);
  if (!isShared) await session.end();
}

/** Creates a login, by default with the operator role of a journal, which most commands have. @returns its address */
export async function makeLogin(
  address: PostgresAddress,
  { role = rolesOf(address.schema).operator, options = '' }: { role?: string | null; options?: string } = {},
): Promise<PostgresAddress> {
  logins += 1;
  const user = `${address.schema}_login${logins}`;
  const membership = role === null ? '' : `IN ROLE "${role}"`;
  await administer(
    address,
    `CREATE ROLE "${user}" LOGIN PASSWORD '${address.password()}' ${options} ${membership}`,
  );
  return { ...address, user };
}

let logins = 0;

const openDatabase = await loadPostgres();

/** Opens a journal, which is closed at the end of the test. */
export function openPostgresJournal(
  options: JournalOptions & { address: PostgresAddress; isServer?: boolean },
): Journal {
  const database = openDatabase(options);
  const journal = makeJournal(() => database, options);
  onTestFinished(async () => journal.close());
  return journal;
}

/** Logins of schemas that no test uses at the moment. */
const unused: PostgresAddress[] = [];

/** Returns a journal like a new one to its next test: a schema takes a hundred times as long as its rows. */
async function empty({ schema, ...address }: PostgresAddress): Promise<void> {
  await administer(
    { schema, ...address },
    // Processes of the last test may have been killed only now.
    `SELECT pg_terminate_backend(pid, ${PATIENCE_MS}) FROM pg_stat_activity WHERE usename = '${address.user}'`,
    'BEGIN',
    // Without the triggers that protect what is recorded.
    'SET LOCAL session_replication_role = replica',
    `DO $$ DECLARE name text; BEGIN
       FOR name IN SELECT tablename FROM pg_tables
         WHERE schemaname = '${schema}' AND tablename NOT IN ('schema_versions', 'identity')
       LOOP EXECUTE format('DELETE FROM %I.%I', '${schema}', name); END LOOP;
     END $$`,
    `UPDATE "${schema}".identity SET place = NULL, restored_at = NULL, backed_up_at = NULL, backup_file = NULL`,
    `SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences
       WHERE schemaname = '${schema}'`,
    'COMMIT',
  );
}

/** Journals in a schema of a PostgreSQL database. */
export class PostgresFixture extends Fixture {
  static async make(): Promise<PostgresFixture> {
    const old = unused.pop();
    if (old) await empty(old);
    const address = old ?? (await makeLogin(await makeSchema()));
    onTestFinished(() => void unused.push(address));
    return new PostgresFixture(address);
  }

  override readonly repetitions = 20;
  readonly address: PostgresAddress;
  #environments = 0;

  private constructor(address: PostgresAddress) {
    super();
    this.address = address;
  }

  override get place(): string {
    return JSON.stringify({ ...this.address, password: this.address.password() });
  }

  override open(environment = 'sandbox'): Journal {
    return openPostgresJournal({
      address: this.address,
      environment,
      now: () => this.now,
      clock: async () => Promise.resolve(this.now),
      uptime: this.uptime,
    });
  }

  /** A journal shows the rows of its environment only. */
  override openEmpty(): Journal {
    this.#environments += 1;
    return this.open(`sandbox ${this.#environments}`);
  }
}
