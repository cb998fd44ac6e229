import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import type { Parameters } from '../database/database.ts';
import type { PostgresAddress } from './address.ts';
import { CLOCK, numbered, parserOf, valuesOf } from './statements.ts';

/** Namespaces of advisory locks: “kctl” in ASCII, and the next number. */
const WRITERS = 0x6b63746c;
const OWNERS = 0x6b63746d;

/** A suspended or disconnected client must not hold the writers' lock for more than 20 seconds. */
const IDLE_IN_TRANSACTION_MS = 10_000;
const STATEMENT_MS = 20_000;
const SILENCE_MS = 20_000;
const KEEPALIVES = { idle: 10, interval: 3, count: 3 };

const CONNECT_MS = 10_000;
/** Time without a response after which the server counts as unreachable. */
const ANSWER_MS = STATEMENT_MS + 2_000;
const GOODBYE_MS = 1_000;

/** Error for a session that ended before the response. It is unknown if the server executed the statement. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('the connection was lost', { cause });
  }
}

interface SessionOptions {
  /** Maximum wait of a statement for a lock, in milliseconds. */
  patience: number;
  /** Maximum time for a response, in milliseconds. Without one, the session ends. */
  answer?: number;
  /** Called once if the session ends without a call of `end`. */
  onLost?: () => void;
  /** Called for each notification. */
  onNotification?: () => void;
}

/** A write transaction that the server has started. */
export interface Begun {
  /** Transaction id, for looking up the outcome. */
  id: string;
  /** Time of the server, in milliseconds since the epoch. */
  at: number;
}

interface Answer<Row> {
  rows: Row[];
  /** Number of rows that the statement changed. */
  changes: number;
}

/** A session with a PostgreSQL server. Statements are sent one after another. */
export class PostgresSession {
  readonly schema: string;
  readonly #client: Client;
  readonly #socket: Socket;
  #isLost = false;

  private constructor(schema: string, { client, socket }: { client: Client; socket: Socket }) {
    this.schema = schema;
    this.#client = client;
    this.#socket = socket;
  }

  /** Opens a session. @throws Error of the system, of TLS or of the server */
  static async open(address: PostgresAddress, options: SessionOptions): Promise<PostgresSession> {
    const socket = new Socket();
    const client = clientOf(address, { ...options, socket });
    const session = new PostgresSession(address.schema, { client, socket });
    const { onLost, onNotification } = options;
    client.on('error', () => {
      if (!session.#isLost) onLost?.();
      session.#isLost = true;
    });
    if (onNotification) client.on('notification', onNotification);
    try {
      await client.connect();
    } catch (error) {
      await session.end();
      throw error;
    }
    return session;
  }

  /** True after the connection has ended. A session is never reopened. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The process id of the server by which it knows this session; a pooler makes one up. */
  get processId(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a property that pg's types lack
    return (this.#client as Client & { processID: number }).processID;
  }

  /** Executes a statement. The caller declares the type of its rows. @throws ConnectionLost, DatabaseError */
  async run<Row>(sql: string, parameters: Parameters = {}): Promise<Answer<Row>> {
    const statement = numbered(sql);
    const values = valuesOf(statement, parameters);
    const { rows, command, rowCount } = await this.#guarded(async () =>
      this.#client.query({ name: statement.name, text: statement.text, values }),
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pg can't know the columns of a statement
    return { rows: rows as Row[], changes: command === 'SELECT' ? 0 : (rowCount ?? 0) };
  }

  /**
   * Executes several statements without parameters in one round trip.
   * @returns command and first row of each statement
   */
  async script(...statements: string[]): Promise<{ command: string; row: unknown }[]> {
    const results: unknown = await this.#guarded(async () => this.#client.query(statements.join('; ')));
    return [results].flat().map((result) => {
      // With several statements, pg returns a list, which its types don't have.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const { command, rows } = result as { command: string; rows: unknown[] };
      return { command, row: rows[0] };
    });
  }

  /** Starts a transaction while no other process has one open. Its statements see all earlier commits. */
  async begin(): Promise<Begun> {
    const results = await this.script(
      'BEGIN',
      `SELECT pg_advisory_xact_lock(${WRITERS}, ${lockNumber(this.schema)})`,
      `SELECT pg_current_xact_id()::text AS id, ${CLOCK} AS at`,
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row of the last statement
    return results.at(-1)?.row as Begun;
  }

  /** Acquires the lock that shows that a process is running. Several sessions of the process may have it. */
  async lockOwner(owner: string): Promise<void> {
    await this.script(`SELECT pg_advisory_lock_shared(${OWNERS}, ${ownerNumber(this.schema, owner)})`);
  }

  /** Returns those of the processes whose lock is held. */
  async findLocked(owners: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.run<{ number: number }>(
      `SELECT objid AS number FROM pg_locks WHERE locktype = 'advisory' AND classid = ${OWNERS} AND objsubid = 2
         AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    // The view shows numbers without their sign.
    const numbers = new Set(rows.map(({ number }) => number | 0));
    return new Set(owners.filter((owner) => numbers.has(ownerNumber(this.schema, owner))));
  }

  /** Ends the session, even if the server does not respond. */
  async end(): Promise<void> {
    this.#isLost = true;
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    await this.#client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isLost) throw new ConnectionLost(null);
    try {
      return await work();
    } catch (error) {
      const isAnswer = error instanceof DatabaseError && error.severity === 'ERROR';
      if (isAnswer && !this.#isLost) throw error;
      // After a FATAL error, or an error without a response of the server, the connection is unusable.
      void this.end();
      throw new ConnectionLost(error);
    }
  }
}

/** An option that pg's types lack. */
const UNTYPED = { replication: 'false' };

/** Creates a client with all options set, so that PG* environment variables have no effect. */
function clientOf(
  address: PostgresAddress,
  { socket, patience, answer: limit = ANSWER_MS }: SessionOptions & { socket: Socket },
): Client {
  const answer = Math.min(limit, ANSWER_MS);
  const { host, port, user, database, password, tls } = address;
  return new Client({
    host,
    port,
    user,
    database,
    stream: () => socket,
    password: async () => Promise.resolve(password()),
    ssl: tls ?? false,
    sslnegotiation: 'postgres',
    application_name: 'kioskctl',
    client_encoding: 'utf8',
    ...UNTYPED,
    options: Object.entries(settingsOf(address, patience))
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    connectionTimeoutMillis: Math.min(CONNECT_MS, answer),
    query_timeout: answer,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVES.idle * 1_000,
    types: { getTypeParser: parserOf },
  });
}

/** Returns the settings of each session. They override the settings of server, database and user. */
function settingsOf({ schema }: PostgresAddress, patience: number): Record<string, string | number> {
  return {
    // Without an explicit pg_temp, it would be searched first.
    search_path: `${schema},pg_temp`,
    TimeZone: 'UTC',
    default_transaction_isolation: 'read\\ committed',
    default_transaction_read_only: 'off',
    synchronous_commit: 'on',
    lock_timeout: patience,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    idle_session_timeout: 0,
    tcp_user_timeout: SILENCE_MS,
    tcp_keepalives_idle: KEEPALIVES.idle,
    tcp_keepalives_interval: KEEPALIVES.interval,
    tcp_keepalives_count: KEEPALIVES.count,
  };
}

function ownerNumber(schema: string, owner: string): number {
  return lockNumber(`${schema} ${owner}`);
}

/** Returns the number of an advisory lock from its name. */
function lockNumber(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE();
}
