import { SCHEMA_VERSION, type SchemaVersion } from '../postgres/schema-version.ts';
import type { PostgresSession } from '../postgres/session.ts';
import { CLOCK } from '../postgres/statements.ts';
import type { JournalInspection } from './journal-file.ts';
import { PRIVILEGES } from './server-roles.ts';
import type { JournalIdentity } from './tables/state.ts';

/** A login that is connected to the journal, with the number of its sessions. */
interface ConnectedLogin {
  login: string;
  sessions: number;
}

/** Properties of the server and the connection. */
export interface ServerState {
  /** Version, like `18.1`. */
  version: string;
  /** TLS version; null for a connection without TLS. */
  tls: string | null;
  login: string;
  /** Milliseconds of a round trip. */
  latency: number;
  /** Milliseconds by which the server's clock is ahead of ours. */
  clockOffset: number;
  connected: readonly ConnectedLogin[];
}

/** The result of inspecting a journal on a server. */
export interface ServerInspection extends JournalInspection, SchemaVersion {
  server: ServerState;
}

/**
 * Qualifies a table with the schema. If the login can't use the schema, the error then says so, instead of reporting a
 * missing table.
 */
const schemaState = (schema: string) => `SELECT ${SCHEMA_VERSION},
  (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = to_regnamespace(:schema) AND relkind = 'r') AS bytes,
  CASE WHEN EXISTS (SELECT 1 FROM attempts WHERE environment = 'production') THEN 1 ELSE 0 END AS "knowsProduction",
  id, generation, created_at AS "createdAt", restored_at AS "restoredAt", backed_up_at AS "backedUpAt",
  backup_file AS "backupFile" FROM "${schema}".identity`;

/** @throws DatabaseError, also for a schema that does not exist; ConnectionLost */
export async function inspectServer(session: PostgresSession): Promise<ServerInspection | null> {
  const { schema } = session;
  const server = await inspectConnection(session);
  const { rows } = await session.run<
    JournalIdentity & SchemaVersion & { bytes: number; knowsProduction: number }
  >(schemaState(schema), { schema });
  const [row] = rows;
  if (!row) return null;
  const { schema: version, oldestProgram, bytes, knowsProduction, ...identity } = row;
  return {
    schema: version,
    oldestProgram,
    isOurs: true,
    damage: [],
    bytes,
    identity,
    knowsProduction: knowsProduction === 1,
    movedTo: null,
    server,
  };
}

const CONNECTION = `SELECT current_setting('server_version') AS version,
  (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls, CAST(session_user AS text) AS login`;

const CONNECTED = `SELECT CAST(usename AS text) AS login, count(*) AS sessions FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = current_setting('application_name')
    AND pid <> pg_backend_pid() GROUP BY usename ORDER BY usename`;

async function inspectConnection(session: PostgresSession): Promise<ServerState> {
  const { rows } = await session.run<Pick<ServerState, 'version' | 'tls' | 'login'>>(CONNECTION);
  const [row = { version: '', tls: null, login: '' }] = rows;
  const connected = (await session.run<ConnectedLogin>(CONNECTED)).rows;
  // The first statement of its kind is prepared, which takes longer.
  await readClock(session);
  return { ...row, version: row.version.replace(/ .*/, ''), ...(await readClock(session)), connected };
}

async function readClock(session: PostgresSession): Promise<Pick<ServerState, 'latency' | 'clockOffset'>> {
  const [start, calendar] = [performance.now(), Date.now()];
  const { rows } = await session.run<{ at: number }>(`SELECT ${CLOCK} AS at`);
  const latency = performance.now() - start;
  return { latency, clockOffset: (rows[0]?.at ?? Number.NaN) - (calendar + latency / 2) };
}

/** State of a server and a login, for `doctor`. */
export interface ServerChecks {
  /** Privileges that the login lacks, like `UPDATE on attempts`. */
  missing: readonly string[];
  /** True if the login can change the schema. */
  isOwner: boolean;
  /**
   * True if a pooler is between this machine and the server: the session's process id is then not that of the server.
   */
  isPooled: boolean;
  /** Setting `synchronous_commit` of the session. */
  synchronousCommit: string;
  /** Setting `fsync` of the server. */
  fsync: string;
  /** True if no COMMIT waits for a standby. */
  isAsynchronous: boolean;
  /** Number of standbys that are connected. */
  standbys: number;
}

const CHECKS = `SELECT CASE WHEN has_schema_privilege(:schema, 'CREATE') THEN 1 ELSE 0 END AS "isOwner",
  pg_backend_pid() AS pid, current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync,
  current_setting('synchronous_standby_names') AS names, (SELECT count(*) FROM pg_stat_replication) AS standbys`;

/** @throws DatabaseError, ConnectionLost */
export async function checkServer(session: PostgresSession): Promise<ServerChecks> {
  const { schema } = session;
  const { rows } = await session.run<{
    isOwner: number;
    pid: number;
    synchronousCommit: string;
    fsync: string;
    names: string;
    standbys: number;
  }>(CHECKS, { schema });
  const [row] = rows;
  if (!row) throw new TypeError('a SELECT without FROM has one row');
  const { isOwner, pid, names, ...settings } = row;
  return {
    ...settings,
    missing: await findMissing(session),
    isOwner: isOwner === 1,
    isPooled: pid !== session.processId,
    isAsynchronous: names === '',
  };
}

async function findMissing(session: PostgresSession): Promise<string[]> {
  const needed = Object.entries(PRIVILEGES).flatMap(([table, privileges]) =>
    (privileges.match(/[A-Z]{2,}/g) ?? []).map((privilege) => `('${table}', '${privilege}')`),
  );
  const { rows } = await session.run<{ missing: string }>(
    `SELECT privilege || ' on ' || name AS missing FROM (VALUES ${needed.join(', ')}) AS needed (name, privilege)
     WHERE NOT CASE
       -- A table of a later version.
       WHEN to_regclass(format('%I.%I', CAST(:schema AS text), name)) IS NULL THEN true
       WHEN privilege = 'DELETE' THEN has_table_privilege(format('%I.%I', CAST(:schema AS text), name), privilege)
       ELSE has_any_column_privilege(format('%I.%I', CAST(:schema AS text), name), privilege) END`,
    { schema: session.schema },
  );
  return rows.map(({ missing }) => missing);
}
