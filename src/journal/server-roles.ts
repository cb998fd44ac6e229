import type { PostgresSession } from '../postgres/session.ts';

/** The roles of a journal. Logins become members of them. */
export interface JournalRoles {
  /** Owns the schema: for `journal create`, `journal upgrade` and `journal move`. */
  owner: string;
  /** Uses the journal, and can't change its schema. */
  operator: string;
}

/** Returns the names of the roles. Roles belong to all databases of a server, so their names contain the schema. */
export function rolesOf(schema: string): JournalRoles {
  return { owner: `${schema}_owner`, operator: `${schema}_operator` };
}

/**
 * Privileges of the operator role, by table: those that the statements of `journal/tables` need. Of `attempts`, only
 * claims can be deleted (a trigger).
 */
export const PRIVILEGES: Readonly<Record<string, string>> = {
  acts: `SELECT, UPDATE (order_id, attempt_id, trace_id, exit_code, ended_at), INSERT (environment, context, act, profile_id,
    order_id, card_token, kiosk_id, reason, selection, host, "user", holder_pid, holder_started_at, holder_boot,
    holder_namespace, started_at, plan, approval)`,
  attempts: `SELECT, INSERT, DELETE, UPDATE (number, order_id, kiosk_id, outcome, baseline, production, lease, sent_at, closed_at,
    correlation_id, trace_id, http_status, end_code, settle_window)`,
  cards: 'SELECT, INSERT, UPDATE, DELETE',
  environments: 'SELECT, INSERT, UPDATE',
  events: 'SELECT, INSERT, DELETE',
  holds: 'SELECT, INSERT, UPDATE (released_at)',
  identity: 'SELECT, UPDATE (generation, restored_at, place)',
  leases: 'SELECT, INSERT, UPDATE, DELETE',
  listenings: 'SELECT, INSERT, UPDATE (heartbeat_at, heartbeat_uptime, ended_at)',
  moved_journals: 'SELECT',
  notices: 'SELECT, INSERT, UPDATE, DELETE',
  order_requests: 'SELECT, INSERT, UPDATE (order_id)',
  outbox: 'SELECT, INSERT, UPDATE (tries, due_at), DELETE',
  outbox_targets: 'SELECT, INSERT, UPDATE (seen_at, is_paused), DELETE',
  plan_cards: 'SELECT, INSERT, UPDATE (attempt_id, result, exit_code)',
  plans: `SELECT, INSERT, UPDATE (state, approved_act, last_hold, connection, beat_uptime, beat_server, progress, ended_at, exit_code)`,
  restore_waits: 'SELECT, INSERT',
  run_cards: 'SELECT, INSERT, UPDATE (ended_at, record)',
  runs: 'SELECT, INSERT, UPDATE (sessions, ended_at, exit_code, freed, reads, sends, limited)',
  schema_versions: 'SELECT',
  shared_rates: 'SELECT, INSERT, UPDATE (rate)',
};

/** Grants the operator role its privileges. Executed by the owner. */
export async function grantPrivileges(session: PostgresSession): Promise<void> {
  const { schema } = session;
  const { operator } = rolesOf(schema);
  await session.script(
    `GRANT USAGE ON SCHEMA "${schema}" TO "${operator}"`,
    ...Object.entries(PRIVILEGES).map(
      ([table, privileges]) => `GRANT ${privileges} ON "${schema}".${table} TO "${operator}"`,
    ),
  );
}

/** Creates the roles that do not exist yet. */
export async function createRoles(session: PostgresSession): Promise<void> {
  for (const role of Object.values(rolesOf(session.schema))) {
    const { rows } = await session.run('SELECT 1 FROM pg_roles WHERE rolname = :role', { role });
    if (rows.length === 0) await session.script(`CREATE ROLE "${role}" NOLOGIN`);
  }
}

/** Executes the following statements of the transaction as the owner. @throws DatabaseError 42501 if the login may not */
export async function becomeOwner(session: PostgresSession): Promise<void> {
  await session.script(`SET LOCAL ROLE "${rolesOf(session.schema).owner}"`);
}

/** Makes the login a member of the owner role, unless the login is a member already or a superuser. */
export async function joinOwners(session: PostgresSession): Promise<void> {
  const { owner } = rolesOf(session.schema);
  await session.script('SAVEPOINT joining');
  try {
    await session.script(`SET LOCAL ROLE "${owner}"`, 'RESET ROLE');
  } catch (error) {
    if (session.isLost) throw error;
    await session.script('ROLLBACK TO SAVEPOINT joining', `GRANT "${owner}" TO CURRENT_USER`);
  }
}
