import { AnswerLimit } from '../database/answer-limit.ts';
import type {
  BatchOptions,
  BatchResult,
  Database,
  Parameters,
  Statement,
  Transaction,
  Value,
} from '../database/database.ts';
import { Failure } from '../domain/errors/failure.ts';
import { Changes, channelOf } from './changes.ts';
import { Connection } from './connection.ts';
import { faultOf, isConflict } from './faults.ts';
import { type ConnectionOptions, Identity } from './identity.ts';
import { LostWrites } from './lost-writes.ts';
import { Presence } from './presence.ts';
import { type Begun, ConnectionLost, PostgresSession } from './session.ts';
import { CLOCK } from './statements.ts';
import { openTransaction } from './transaction.ts';

const MOST_TRIES = 3;

/** Time for an answer of the server, in milliseconds, in addition to the wait for other writers. */
const MARGIN_MS = 2_000;

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
  readonly #lost: LostWrites;
  readonly #limit: AnswerLimit;
  /** Settles when all earlier work has ended. */
  #queue: Promise<unknown> = Promise.resolve();
  #presence: Presence | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#identity = new Identity(options);
    const { address, patience, longest = Number.POSITIVE_INFINITY } = options;
    this.#connection = new Connection(this.#identity, async (signal) =>
      PostgresSession.open(address, { patience, answer: patience + MARGIN_MS, signal }),
    );
    this.#changes = new Changes(options);
    this.#limit = new AnswerLimit({ longest, drop: () => this.#drop(), fault: options.fault });
    this.#lost = new LostWrites(options, {
      identity: this.#identity,
      connection: this.#connection,
      limit: this.#limit,
    });
  }

  async within<Result>(left: () => number, work: () => Promise<Result>): Promise<Result> {
    return this.#limit.within(left, work);
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
    const presence = (this.#presence ??= new Presence(this.#options, { owner, identity: this.#identity }));
    await this.#limit
      .apply(async () => presence.confirm())
      .catch((error: unknown) => {
        throw this.#faultOf(error);
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

  async allValues(sql: string, parameters?: Parameters): Promise<Value[][]> {
    return (await this.all<Record<string, Value>>(sql, parameters)).map(Object.values<Value>);
  }

  async clockSql(): Promise<string> {
    return Promise.resolve(CLOCK);
  }

  async clock(): Promise<number> {
    return (await this.get<{ at: number }>(`SELECT ${CLOCK} AS at`))?.at ?? Number.NaN;
  }

  async findAnnounced(owners: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#inTurn(async () => (await this.#connection.session()).findLocked(owners));
  }

  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => this.#write(work));
  }

  async batch(statements: readonly Statement[], options: BatchOptions = {}): Promise<BatchResult> {
    let isRepeated = false;
    return this.#inTurn(async () => {
      const session = await this.#connection.session();
      try {
        return { rows: await this.#runBatch(session, statements, options), isRepeated };
      } catch (error) {
        isRepeated ||= error instanceof ConnectionLost;
        throw error;
      }
    }, !options.isQuiet);
  }

  version(): string {
    return this.#changes.version();
  }

  watch(signal: AbortSignal): AsyncIterable<void> {
    return this.#changes.watch(signal);
  }

  async close(): Promise<void> {
    if (this.#limit.isSilent) this.#drop();
    await this.#queue;
    await Promise.all([this.#presence?.close(), this.#changes.close(), this.#connection.close()]);
  }

  /**
   * Runs work after all earlier work has ended. Retries it after a lost connection or a conflict.
   * @param hasBudget false for a heartbeat, which may belong to several cards
   */
  async #inTurn<Result>(work: () => Promise<Result>, hasBudget = true): Promise<Result> {
    const inTurn = async () => {
      const turn = this.#queue.then(async () => this.#repeatedly(work));
      this.#queue = turn.catch(() => undefined);
      return turn;
    };
    return this.#limit.apply(inTurn, { hasBudget });
  }

  async #repeatedly<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#limit.assertAnswering();
        return await work();
      } catch (error) {
        const isRepeatable = !this.#limit.isSilent && (error instanceof ConnectionLost || isConflict(error));
        if (!isRepeatable || tries === MOST_TRIES) throw this.#faultOf(error);
      }
    }
  }

  #faultOf(error: unknown): unknown {
    // After a missing answer, the lost connection is only its consequence.
    if (this.#limit.isSilent && !(error instanceof Failure)) return this.#limit.fault();
    return faultOf(error, this.#options.fault);
  }

  /** Ends all connections without waiting for the server. */
  #drop(): void {
    this.#connection.drop();
    this.#presence?.drop();
    this.#changes.drop();
  }

  async #write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const session = await this.#connection.session();
    // The first statement of the transaction does not wait for this response.
    const begun = session.begin();
    try {
      return await this.#run(work, { session, begun });
    } catch (error) {
      if (!session.isLost) await session.script('ROLLBACK').catch(() => undefined);
      // If the transaction was not started, its statements failed for that reason.
      await begun;
      throw error;
    }
  }

  async #runBatch(
    session: PostgresSession,
    statements: readonly Statement[],
    { isQuiet = false }: BatchOptions,
  ): Promise<unknown[][]> {
    const { backend } = this.#connection;
    try {
      const rows = await session.batch(statements, isQuiet ? [] : [this.#notification]);
      if (!isQuiet) this.#changes.report();
      return rows;
    } catch (error) {
      if (error instanceof ConnectionLost) await this.#lost.terminate(backend);
      throw error;
    }
  }

  get #notification(): string {
    return `NOTIFY ${channelOf(this.#options.address)}`;
  }

  async #run<Result>(
    work: (tx: Transaction) => Promise<Result>,
    { session, begun }: { session: PostgresSession; begun: Promise<Begun> },
  ): Promise<Result> {
    const tx = openTransaction(session, begun);
    try {
      const result = await work(tx);
      if (tx.conflict !== null) throw tx.conflict;
      const { id } = await begun;
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
    try {
      const results = await session.script(...(hasWritten ? [this.#notification] : []), 'COMMIT');
      if (results.at(-1)?.command !== 'COMMIT')
        throw new TypeError('a transaction in which a statement failed');
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (!hasWritten || !(await this.#lost.isCommitted(id))) throw error;
    }
    if (hasWritten) this.#changes.report();
  }
}
