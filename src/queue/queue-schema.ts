import type { PostgresAddress } from '../postgres/address.ts';
import type { PostgresSession } from '../postgres/session.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { type Graphile, loadGraphile, type Obstacle } from './graphile.ts';

/** Namespace of the advisory locks of running workers: the next number after those of sessions. */
const WORKERS = 0x6b63746e;

/** Returns the name of the queue's schema. */
export function queueSchemaOf(schema: string): string {
  return `${schema}_jobs`;
}

interface State {
  /** Number of the newest applied migration; null for none. */
  migration: number | null;
  /** Number of the newest applied migration that older versions of graphile-worker don't support; null for none. */
  breaking: number | null;
}

const UPGRADE = 'Upgrade the journal: kioskctl journal upgrade';

/** Returns the obstacle if a version of graphile-worker can't use the queue of a journal; null if it can. */
export async function findObstacle(
  session: PostgresSession,
  { migration, version }: Pick<Graphile, 'migration' | 'version'>,
): Promise<Obstacle | null> {
  const found = await readState(session);
  if (found.migration === null) return { reason: 'The journal has no job queue', fix: UPGRADE };
  if (found.migration < migration)
    return { reason: 'The job queue of the journal is that of an older graphile-worker', fix: UPGRADE };
  if ((found.breaking ?? 0) <= migration) return null;
  return {
    reason: `The job queue of the journal is that of a newer graphile-worker than ${version}`,
    fix: 'Update graphile-worker',
  };
}

async function readState(session: PostgresSession): Promise<State> {
  const schema = queueSchemaOf(session.schema);
  const { rows: tables } = await session.run(
    'SELECT 1 FROM pg_tables WHERE schemaname = :schema AND tablename = :table',
    { schema, table: 'migrations' },
  );
  if (tables.length === 0) return { migration: null, breaking: null };
  const { rows } = await session.run<State>(
    `SELECT max(id) AS migration, max(id) FILTER (WHERE breaking) AS breaking FROM "${schema}".migrations`,
  );
  return rows[0] ?? { migration: null, breaking: null };
}

interface InstallOptions {
  address: PostgresAddress;
  roles: { owner: string; operator: string };
}

/** The result of installing or upgrading the queue. */
export type QueueChange = { change: 'installed' | 'unchanged'; version: string } | Obstacle;

/**
 * Installs or upgrades the schema of the queue, if graphile-worker is installed. The owner of the journal owns the
 * schema; operators can use it. A lock until the end of the session prevents concurrent installations.
 * @throws DatabaseError, ConnectionLost
 */
export async function installQueue(session: PostgresSession, options: InstallOptions): Promise<QueueChange> {
  const graphile = await loadGraphile();
  if ('fix' in graphile) return graphile;
  const { version } = graphile;
  await session.run(`SELECT pg_advisory_lock(${WORKERS}, hashtext(:schema))`, { schema: session.schema });
  if ((await findObstacle(session, graphile)) === null) return { change: 'unchanged', version };
  await createSchema(session, options);
  await migrate(graphile, options);
  await grant(session, options);
  return { change: 'installed', version };
}

/** Creates the schema and its first table, so that graphile-worker needs no privilege to create schemas. */
async function createSchema(session: PostgresSession, { roles }: InstallOptions): Promise<void> {
  const schema = queueSchemaOf(session.schema);
  await inTransaction(session, async () => {
    const { rows } = await session.run('SELECT 1 FROM pg_namespace WHERE nspname = :schema', { schema });
    await session.script(
      ...(rows.length === 0 ? [`CREATE SCHEMA "${schema}" AUTHORIZATION "${roles.owner}"`] : []),
      `SET LOCAL ROLE "${roles.owner}"`,
      `CREATE TABLE IF NOT EXISTS "${schema}".migrations (
         id int PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now(), breaking boolean NOT NULL DEFAULT false)`,
    );
  });
}

async function migrate(graphile: Graphile, { address, roles }: InstallOptions): Promise<void> {
  const settings = { role: roles.owner };
  const pool = graphile.openPool(address, { max: 1, patience: 0, settings });
  try {
    await graphile.worker.runMigrations({
      pgPool: pool,
      schema: queueSchemaOf(address.schema),
      logger: quietLogger(graphile),
    });
  } finally {
    await pool.end();
  }
}

/** Returns a logger that discards all messages. Errors are reported by the code that they end. */
export function quietLogger({ worker: { Logger } }: Graphile) {
  return new Logger(() => () => undefined);
}

/** Lets operators use the tables. graphile-worker enables row security on its tables, but defines no policy. */
async function grant(session: PostgresSession, { roles }: InstallOptions): Promise<void> {
  const schema = queueSchemaOf(session.schema);
  await inTransaction(session, async () => {
    await session.script(
      `SET LOCAL ROLE "${roles.owner}"`,
      `GRANT USAGE ON SCHEMA "${schema}" TO "${roles.operator}"`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${roles.operator}"`,
    );
    const { rows } = await session.run<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = :schema AND rowsecurity AND NOT EXISTS
         (SELECT 1 FROM pg_policies WHERE schemaname = :schema AND tablename = pg_tables.tablename)`,
      { schema },
    );
    await session.script(
      'SELECT 1',
      ...rows.map(
        ({ name }) =>
          `CREATE POLICY operators ON "${schema}"."${name}" TO "${roles.operator}" USING (true) WITH CHECK (true)`,
      ),
    );
  });
}

/**
 * Returns a statement that schedules a job, with the parameters `name`, `wait` (milliseconds) and `mode`. Each name has
 * one scheduled job, and a queue that runs one job at a time. While the job is running, the statement schedules its
 * successor.
 */
export function scheduleSql(schema: string, flags: readonly string[]): string {
  const list = flags.map((flag) => `'${flag}'`).join(', ');
  return `SELECT 1 AS one FROM "${schema}".add_job(identifier => :name, queue_name => :name, job_key => :name, job_key_mode => :mode,
    flags => CAST(ARRAY[${list}] AS text[]),
    run_at => clock_timestamp() + CAST(:wait AS float8) * interval '1 millisecond')`;
}

/** Shows other servers that a worker is running, with a lock until the end of the session. */
export async function lockWorker(session: PostgresSession, id: string): Promise<void> {
  await session.run(`SELECT pg_advisory_lock_shared(${WORKERS}, hashtext(:id))`, { id });
}

/**
 * Frees the jobs and queues of workers that have ended. graphile-worker counts an attempt when it fetches a job, so the
 * attempts are reset: otherwise, a job would be lost after its last attempt. A job without a key is deleted, because
 * its successor is already scheduled.
 */
export async function freeDead(session: PostgresSession, schema: string): Promise<void> {
  const [jobs, queues] = [`"${schema}"._private_jobs`, `"${schema}"._private_job_queues`];
  await session.run(`
    WITH running AS (
      SELECT CAST(objid AS bigint) AS number FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKERS} AND objsubid = 2
        AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ), dead AS (
      SELECT locked_by FROM (SELECT locked_by FROM ${jobs} UNION SELECT locked_by FROM ${queues}) AS locks
      WHERE locked_by IS NOT NULL
        AND (CAST(hashtext(locked_by) AS bigint) & 4294967295) NOT IN (SELECT number FROM running)
    ), superseded AS (
      DELETE FROM ${jobs} WHERE key IS NULL AND locked_by IN (SELECT locked_by FROM dead)
    ), freed AS (
      UPDATE ${jobs} SET locked_by = NULL, locked_at = NULL, attempts = 0
      WHERE key IS NOT NULL AND locked_by IN (SELECT locked_by FROM dead)
    )
    UPDATE ${queues} SET locked_by = NULL, locked_at = NULL WHERE locked_by IN (SELECT locked_by FROM dead)`);
}
