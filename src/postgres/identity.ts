import type { MakeFault } from '../database/faults.ts';
import type { PostgresAddress } from './address.ts';
import type { PostgresSession } from './session.ts';

export interface ConnectionOptions {
  address: PostgresAddress;
  /** Schema version that the statements require. */
  schema: number;
  /** Maximum wait for other writers, and for the outcome of a lost COMMIT, in milliseconds. */
  patience: number;
  /** Returns milliseconds on a monotonic clock. */
  stopwatch?: () => number;
  fault: MakeFault;
  /** Creates the error for a replaced database. @param reason continues “The journal NAME …” */
  replaced: (reason: string) => Error;
}

/** The identity of a database, from the server and from the journal's tables. */
interface Place {
  /** Differs after a failover and in a copy. Consists of system, timeline, database and journal id. */
  place: string;
  /** Changes when a backup is restored. */
  generation: string;
  /** Schema version. */
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

/** The identity of the database that this process uses. All its sessions must find the same. */
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

  /** Checks that a new session is connected to the same database as earlier ones. */
  async check(session: PostgresSession): Promise<void> {
    const [place] = (await session.run<Place>(SELECT)).rows;
    const { schema, fault, replaced } = this.#options;
    if (!place) throw fault('is damaged: it has no identity');
    if (place.isStandby === 1)
      throw fault('can not be written: its server is a standby', 'Use the primary server');
    if (place.schema < schema)
      throw fault('has the schema of an older version', 'Upgrade it: kioskctl journal upgrade');
    const known = (this.#known ??= place);
    if (known.place === place.place && known.generation === place.generation) return;
    this.#replaced = replaced('was replaced or restored while this command used it');
    throw this.#replaced;
  }
}
