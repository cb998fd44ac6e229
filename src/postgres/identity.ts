import type { MakeFault } from '../database/faults.ts';
import type { PostgresAddress } from './address.ts';
import { isMissingTable, POOLER } from './faults.ts';
import { type ProgramSchema, SCHEMA_VERSION, type SchemaVersion, schemaObstacle } from './schema-version.ts';
import { type Backend, PostgresSession } from './session.ts';
import { inTransaction } from './transaction.ts';

export interface ConnectionOptions {
  address: PostgresAddress;
  schema: ProgramSchema;
  /** Maximum wait for other writers, and for the outcome of a lost COMMIT, in milliseconds. */
  patience: number;
  /** Maximum time for an answer of the server, in milliseconds including the wait for other writers (default: no maximum). */
  longest?: number;
  /** Returns milliseconds on a monotonic clock. */
  stopwatch?: () => number;
  /** Returns the statements that mark the database as restored. @param at milliseconds since the epoch */
  nextGeneration: (at: number) => string[];
  fault: MakeFault;
  /** Creates the error for a replaced database. @param reason continues “The journal NAME …” */
  replaced: (reason: string) => Error;
}

/** The identity of a database, from the server and from the journal's tables. */
interface Place extends Backend, SchemaVersion {
  /**
   * Identifies where the journal is: server, timeline, database and journal id. It changes at a failover, and differs
   * between copies of a database.
   */
  place: string;
  /** Where the journal was when it was opened last; null for a new one. */
  lastPlace: string | null;
  /** Changes when a backup is restored. */
  generation: string;
  isStandby: number;
}

const SELECT = `
SELECT generation, pg_backend_pid() AS "processId",
  (SELECT CAST(backend_start AS text) FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS "startedAt", place AS "lastPlace",
  ${SCHEMA_VERSION},
  CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS "isStandby",
  concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
    CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
    (SELECT oid FROM pg_database WHERE datname = current_database()), id) AS place
FROM identity`;

/** The identity of the database that this process uses. All sessions of the process must find the same identity. */
export class Identity {
  readonly #options: ConnectionOptions;
  #known: Place | null = null;
  #replaced: Error | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Generation of the database; empty before the first session. */
  get generation(): string {
    return this.#known?.generation ?? '';
  }

  /** Checks that the database was not replaced. @throws the error for a replaced database */
  assertCurrent(): void {
    if (this.#replaced) throw this.#replaced;
  }

  /**
   * Checks that a new session is connected to the same database as earlier ones. For the first session, a journal
   * counts as restored if its place has changed since any process last opened it.
   * @returns the identity of the session on the server
   */
  async check(session: PostgresSession): Promise<Backend> {
    const found = await this.#read(session).catch(async (error: unknown) => {
      // A pooler that drops the settings of a session causes errors as well. Report the pooler instead.
      await this.#assertKept(session);
      // Without privileges for the schema, its tables seem to be missing. A table name with the schema gets a clearer
      // error.
      if (isMissingTable(error)) await session.run(`SELECT 1 FROM "${session.schema}".identity`);
      throw error;
    });
    if (found.processId !== session.processId) await this.#assertKept(session);
    const isOther = this.#known === null && found.lastPlace !== found.place;
    const place = isOther ? await this.#move(session) : found;
    const known = (this.#known ??= place);
    if (known.place === place.place && known.generation === place.generation) return found;
    throw this.#replace();
  }

  /**
   * Checks in an open session that the database was not marked as restored since it was checked first.
   * @throws the error for a replaced database
   */
  async confirm(session: PostgresSession): Promise<void> {
    const { rows } = await session.run<Pick<Place, 'generation'>>('SELECT generation FROM identity');
    if (rows[0]?.generation !== this.generation) throw this.#replace();
  }

  #replace(): Error {
    this.#replaced ??= this.#options.replaced('was replaced or restored while this command used it');
    return this.#replaced;
  }

  async #read(session: PostgresSession): Promise<Place> {
    const [place] = (await session.run<Place>(SELECT)).rows;
    const { schema, fault } = this.#options;
    if (!place) throw fault('is damaged: it has no identity');
    if (place.isStandby === 1)
      throw fault('cannot be written: its server is a standby', 'Use the primary server');
    const obstacle = schemaObstacle(place, schema);
    if (obstacle) throw fault(obstacle.reason, obstacle.fix);
    return place;
  }

  /** Checks that a pooler does not give the server's session to another client after a transaction. */
  async #assertKept(session: PostgresSession): Promise<void> {
    if (session.isLost) return;
    const { address, patience } = this.#options;
    const before = await processOf(session);
    if (before === session.processId) return;
    const other = await PostgresSession.open(address, { patience });
    try {
      await other.script('BEGIN');
      const taken = await processOf(other);
      await other.script('ROLLBACK');
      if (taken === before || (await processOf(session)) !== before)
        throw this.#options.fault(POOLER.reason, POOLER.fix);
    } finally {
      await other.end();
    }
  }

  /** Records where the database is now, unless another process did. */
  async #move(session: PostgresSession): Promise<Place> {
    await inTransaction(session, async ({ at }) => {
      const { place, lastPlace } = await this.#read(session);
      if (lastPlace === place) return;
      if (lastPlace !== null) await session.script(...this.#options.nextGeneration(at));
      await session.run('UPDATE identity SET place = :place', { place });
    });
    return this.#read(session);
  }
}

async function processOf(session: PostgresSession): Promise<number> {
  const [{ row } = { row: null }] = await session.script('SELECT pg_backend_pid() AS id');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row of the statement
  return (row as { id: number }).id;
}
