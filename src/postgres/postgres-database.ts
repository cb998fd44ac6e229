import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Parameters, Transaction } from '../database/database.ts';
import { Changes, channelOf } from './changes.ts';
import { Connection } from './connection.ts';
import { faultOf, isConflict } from './faults.ts';
import { type ConnectionOptions, Identity } from './identity.ts';
import { Presence } from './presence.ts';
import { type Begun, ConnectionLost, PostgresSession } from './session.ts';
import { CLOCK } from './statements.ts';
import { openTransaction } from './transaction.ts';

const MOST_TRIES = 3;

/** Time for an answer, in milliseconds, beyond the wait for other writers. */
const MARGIN_MS = 2_000;

const CONFIRMATION_PAUSE_MS = 100;

/**
 * A PostgreSQL database with the semantics of a SQLite file. It uses one connection, opened on demand and reopened
 * after it was lost. A lock serializes writers. A statement outside the open transaction waits for the end of the
 * transaction.
 */
export class PostgresDatabase implements Database {
  readonly #options: ConnectionOptions;
  readonly #identity: Identity;
  readonly #connection: Connection;
  readonly #changes: Changes;
  /** Settles when all earlier work has ended. */
  #queue: Promise<unknown> = Promise.resolve();
  #presence: Presence | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#identity = new Identity(options);
    const { address, patience } = options;
    this.#connection = new Connection(this.#identity, async () =>
      PostgresSession.open(address, { patience, answer: patience + MARGIN_MS }),
    );
    this.#changes = new Changes(options);
  }

  get generation(): string {
    return this.#identity.generation;
  }

  fault(reason: string): Error {
    return this.#options.fault(reason);
  }

  assertCurrent(): void {
    this.#identity.assertCurrent();
    this.#presence?.assertAnswered();
  }

  async announce(owner: string): Promise<void> {
    this.#presence ??= new Presence(this.#options, { owner, identity: this.#identity });
    await this.#presence.confirm().catch((error: unknown) => {
      throw faultOf(error, this.#options.fault);
    });
  }

  async run(sql: string, parameters?: Parameters): Promise<{ changes: number }> {
    return this.transaction(async (tx) => tx.run(sql, parameters));
  }

  async get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    return (await this.all<Row>(sql, parameters))[0];
  }

  async all<Row>(sql: string, parameters?: Parameters): Promise<Row[]> {
    return this.#inTurn(
      async () => (await (await this.#connection.session()).run<Row>(sql, parameters)).rows,
    );
  }

  async clock(): Promise<number> {
    const row = await this.get<{ at: number }>(`SELECT ${CLOCK} AS at`);
    return row?.at ?? Number.NaN;
  }

  async findAnnounced(owners: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#inTurn(async () => (await this.#connection.session()).findLocked(owners));
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => this.#write(work));
  }

  version(): string {
    return this.#changes.version();
  }

  watch(signal: AbortSignal): AsyncIterable<void> {
    return this.#changes.watch(signal);
  }

  async close(): Promise<void> {
    await this.#queue;
    await Promise.all([this.#presence?.close(), this.#changes.close(), this.#connection.close()]);
  }

  /** Runs work after all earlier work has ended. Retries it after a lost connection or a conflict. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(async () => this.#repeatedly(work));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #repeatedly<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const isRepeatable = error instanceof ConnectionLost || isConflict(error);
        if (!isRepeatable || tries === MOST_TRIES) throw faultOf(error, this.#options.fault);
      }
    }
  }

  async #write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const session = await this.#connection.session();
    try {
      const { id, at } = await session.begin();
      return await this.#run(work, { session, id, at });
    } catch (error) {
      if (!session.isLost) await session.script('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async #run<Result>(
    work: (tx: Transaction) => Promise<Result>,
    { session, id, at }: Begun & { session: PostgresSession },
  ): Promise<Result> {
    const tx = openTransaction(session, at);
    try {
      const result = await work(tx);
      if (tx.conflict !== null) throw tx.conflict;
      await this.#commit(session, { id, hasWritten: tx.hasWritten });
      return result;
    } catch (error) {
      throw tx.conflict ?? error;
    } finally {
      tx.end();
    }
  }

  async #commit(
    session: PostgresSession,
    { id, hasWritten }: { id: string; hasWritten: boolean },
  ): Promise<void> {
    const notification = hasWritten ? [`NOTIFY ${channelOf(this.#options.address)}`] : [];
    try {
      const results = await session.script(...notification, 'COMMIT');
      if (results.at(-1)?.command !== 'COMMIT')
        throw new TypeError('a transaction in which a statement failed');
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (!hasWritten || !(await this.#isCommitted(id))) throw error;
    }
    if (hasWritten) this.#changes.report();
  }

  /**
   * Checks if a transaction was committed.
   * @throws Error if this can't be determined; the caller must not rely on either
   */
  async #isCommitted(id: string): Promise<boolean> {
    const end = performance.now() + this.#options.patience;
    for (;;) {
      const status = await this.#statusOf(id).catch((error: unknown) => {
        this.#identity.assertCurrent();
        if (performance.now() < end) return 'in progress';
        throw this.#unconfirmed(error);
      });
      if (status === 'committed' || status === 'aborted') return status === 'committed';
      if (status !== 'in progress' || performance.now() >= end) throw this.#unconfirmed(null);
      await pause(CONFIRMATION_PAUSE_MS);
    }
  }

  async #statusOf(id: string): Promise<string | null> {
    const session = await this.#connection.session();
    const { rows } = await session.run<{ status: string | null }>(
      'SELECT pg_xact_status(CAST(:id AS xid8)) AS status',
      { id },
    );
    return rows[0]?.status ?? null;
  }

  #unconfirmed(cause: unknown): Error {
    const error = this.#options.fault(
      'lost its connection while it was written: what was written last is unknown',
    );
    error.cause = cause;
    return error;
  }
}
