import type { MakeFault } from '../database/faults.ts';
import type { PostgresAddress } from './address.ts';
import { PostgresSession } from './session.ts';

export interface ConnectionOptions {
  address: PostgresAddress;
  /** The version of the schema that the statements need. */
  schema: number;
  /** Milliseconds that a write waits for those of other processes. */
  patience: number;
  fault: MakeFault;
  /** Makes the error for a database that took the place of this one; `reason` continues “The journal NAME …” */
  replaced: (reason: string) => Error;
}

/** The identity of a database, as the server and its contents have it. */
interface Identity {
  /** Differs after a failover, and in a copy: the system, its timeline, the database, and the id of the journal. */
  place: string;
  /** Changes when a backup is restored. */
  generation: string;
  /** The version of the schema. */
  schema: number;
  isStandby: number;
}

const SELECT = `
SELECT generation, (SELECT max(version) FROM schema_versions) AS schema,
  CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS "isStandby",
  concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
    CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
    (SELECT oid FROM pg_database WHERE datname = current_database()), id) AS place
FROM identity`;

/** A session that is opened when it is first used, and again after it was lost, with the same database. */
export class Connection {
  readonly #options: ConnectionOptions;
  #session: PostgresSession | null = null;
  #identity: Identity | null = null;
  #replaced: Error | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The generation of the database; empty before it is first used. */
  get generation(): string {
    return this.#identity?.generation ?? '';
  }

  /** @throws the error for a replaced database */
  assertCurrent(): void {
    if (this.#replaced) throw this.#replaced;
  }

  /** @throws the error for a replaced database; Error of the system, of TLS or of the server */
  async session(): Promise<PostgresSession> {
    this.assertCurrent();
    if (this.#session && !this.#session.isLost) return this.#session;
    const { address, patience } = this.#options;
    const session = await PostgresSession.open(address, { patience });
    try {
      await this.#check(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.#session = session;
    return session;
  }

  async close(): Promise<void> {
    await this.#session?.end();
  }

  /** Checks that a session leads to the same database as those before it. */
  async #check(session: PostgresSession): Promise<void> {
    const [identity] = (await session.run<Identity>(SELECT)).rows;
    const { schema, fault, replaced } = this.#options;
    if (!identity) throw fault('is damaged: it has no identity');
    if (identity.isStandby === 1)
      throw fault('can not be written: its server is a standby', 'Use the primary server');
    if (identity.schema < schema)
      throw fault('has the schema of an older version', 'Upgrade it: kioskctl journal upgrade');
    const known = (this.#identity ??= identity);
    if (known.place === identity.place && known.generation === identity.generation) return;
    this.#replaced = replaced('was replaced or restored while this command used it');
    throw this.#replaced;
  }
}
