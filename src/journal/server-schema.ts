import type { PostgresSession } from '../postgres/session.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { JOURNAL_SCHEMA } from './open-journal.ts';
import { becomeOwner, createRoles, grantPrivileges, joinOwners, rolesOf } from './server-roles.ts';
import { POSTGRES_MIGRATIONS } from './tables/migrations/postgres.ts';

const VERSIONS = `CREATE TABLE schema_versions (
  version bigint PRIMARY KEY,
  oldest_program bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`;

/** Schema versions before and after a change; 0 for none. */
export interface SchemaChange {
  before: number;
  after: number;
}

/**
 * Creates schema and roles, in one transaction. Does nothing if the schema has a journal of any version.
 * @throws DatabaseError, ConnectionLost
 */
export async function createSchema(session: PostgresSession): Promise<SchemaChange> {
  return inTransaction(session, async () => {
    const before = await findVersion(session);
    if (before > 0) return { before, after: before };
    const { schema } = session;
    await createRoles(session);
    await joinOwners(session);
    await session.script(`CREATE SCHEMA IF NOT EXISTS "${schema}" AUTHORIZATION "${rolesOf(schema).owner}"`);
    await becomeOwner(session);
    await session.script(VERSIONS);
    await migrate(session, 0);
    return { before, after: JOURNAL_SCHEMA };
  });
}

/**
 * Migrates the schema to the version of this kioskctl, in one transaction. Other writers wait meanwhile. A newer schema
 * stays as it is.
 * @throws DatabaseError, ConnectionLost
 */
export async function upgradeSchema(session: PostgresSession): Promise<SchemaChange> {
  return inTransaction(session, async () => {
    const before = await findVersion(session);
    if (before === 0 || before >= JOURNAL_SCHEMA) return { before, after: before };
    await becomeOwner(session);
    await migrate(session, before);
    return { before, after: JOURNAL_SCHEMA };
  });
}

async function findVersion(session: PostgresSession): Promise<number> {
  const { rows: found } = await session.run(
    'SELECT 1 FROM pg_tables WHERE schemaname = :schema AND tablename = :table',
    {
      schema: session.schema,
      table: 'schema_versions',
    },
  );
  if (found.length === 0) return 0;
  const last = `SELECT max(version) AS version FROM "${session.schema}".schema_versions`;
  return (await session.run<{ version: number | null }>(last)).rows[0]?.version ?? 0;
}

async function migrate(session: PostgresSession, before: number): Promise<void> {
  for (const { version, oldestProgram, script } of POSTGRES_MIGRATIONS.filter((one) => one.version > before))
    await session.script(
      script,
      `INSERT INTO schema_versions (version, oldest_program) VALUES (${version}, ${oldestProgram})`,
    );
  await grantPrivileges(session);
}
