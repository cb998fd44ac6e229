import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { type Client, DatabaseError } from 'pg';
import type { Parameters, Statement, Value } from '../database/database.ts';
import type { PostgresAddress } from './address.ts';
import { type ClientOptions, clientOf } from './client.ts';
import { CLOCK, type NumberedStatement, numbered, valuesOf } from './statements.ts';

/** Namespace of the advisory locks of writers: “kctl” in ASCII. */
const WRITERS = 0x6b63746c;
/** Namespace of the advisory locks of running processes: the next number. */
const OWNERS = 0x6b63746d;

const GOODBYE_MS = 300;
/** Maximum wait for the end of another session, in milliseconds. */
const TERMINATION_MS = 3_000;

/** Error for a session that ended before the response. It is unknown if the server executed the statement. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('the connection was lost', { cause });
  }
}

interface SessionOptions extends ClientOptions {
  /** Ends the session without waiting for the server. */
  signal?: AbortSignal;
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

/** Identifies a session to the server. */
export interface Backend {
  /** Process id. */
  processId: number;
  startedAt: string;
}

/** A statement with its values, ready to be sent. */
interface Prepared extends NumberedStatement {
  values: Value[];
}

/** A session with a PostgreSQL server. Statements are sent without waiting for the responses of earlier ones. */
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
    const { onLost, onNotification, signal } = options;
    signal?.addEventListener('abort', () => session.#drop(), { once: true });
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

  /** Id of the server process that serves this session. A pooler returns an invented id. */
  get processId(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a property that pg's types lack
    return (this.#client as Client & { processID: number }).processID;
  }

  /** Executes a statement. The caller declares the type of its rows. @throws ConnectionLost, DatabaseError */
  async run<Row>(sql: string, parameters: Parameters = {}): Promise<Answer<Row>> {
    return this.#send(prepare({ sql, parameters }));
  }

  async #send<Row>({ name, text, values }: Prepared): Promise<Answer<Row>> {
    const { rows, command, rowCount } = await this.#guarded(async () =>
      this.#client.query({ name, text, values }),
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

  /**
   * Executes statements in one write transaction and one round trip.
   * @param last statements without parameters to execute before the commit
   * @returns the rows of each statement
   * @throws ConnectionLost, after which the server may still execute the statements; DatabaseError
   */
  async batch(statements: readonly Statement[], last: readonly string[]): Promise<unknown[][]> {
    const prepared = statements.map(prepare);
    this.#socket.cork();
    const begun = this.begin();
    const answers = prepared.map(async (one) => this.#send<unknown>(one));
    // Sent separately from the statements, so that COMMIT ends the transaction even after an error.
    const end = [...last, 'COMMIT'].map(async (one) => this.script(one));
    this.#socket.uncork();
    // After an error, the server rejects the later statements.
    const failed = (await Promise.allSettled([begun, ...answers, ...end])).find(isRejected);
    if (failed) throw failed.reason;
    return (await Promise.all(answers)).map(({ rows }) => rows);
  }

  /** Ends another session of the same login. @returns false if it may still be running */
  async terminate(backend: Backend): Promise<boolean> {
    const { rows } = await this.run<{ hasEnded: number }>(
      `SELECT pg_terminate_backend(pid, ${TERMINATION_MS}) AS "hasEnded" FROM pg_stat_activity
       WHERE pid = :processId AND CAST(backend_start AS text) = :startedAt`,
      { processId: backend.processId, startedAt: backend.startedAt },
    );
    return rows.every(({ hasEnded }) => hasEnded === 1);
  }

  /** Acquires the lock that shows that a process is running. Several sessions of the process may have it. */
  async lockOwner(owner: string): Promise<void> {
    await this.script(`SELECT pg_advisory_lock_shared(${OWNERS}, ${ownerNumber(this.schema, owner)})`);
  }

  /** Returns the processes whose lock is held. @param owners the processes to look up */
  async findLocked(owners: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.run<{ number: number }>(
      `SELECT objid AS number FROM pg_locks WHERE locktype = 'advisory' AND classid = ${OWNERS} AND objsubid = 2
         AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    // pg_locks shows the numbers as unsigned.
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

  #drop(): void {
    this.#isLost = true;
    this.#socket.destroy();
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

function prepare({ sql, parameters }: Statement): Prepared {
  const statement = numbered(sql);
  return { ...statement, values: valuesOf(statement, parameters) };
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected';
}

function ownerNumber(schema: string, owner: string): number {
  return lockNumber(`${schema} ${owner}`);
}

/** Returns the number of an advisory lock from its name. */
function lockNumber(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE();
}
