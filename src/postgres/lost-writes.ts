import { setTimeout as pause } from 'node:timers/promises';
import type { AnswerLimit } from '../database/answer-limit.ts';
import type { Connection } from './connection.ts';
import type { ConnectionOptions, Identity } from './identity.ts';
import type { Backend, PostgresSession } from './session.ts';

const PAUSE_MS = 100;

/** Determines whether writes were committed, on a new connection, if their connection was lost before the response. */
export class LostWrites {
  readonly #options: ConnectionOptions;
  readonly #identity: Identity;
  readonly #connection: Connection;
  readonly #limit: AnswerLimit;

  constructor(
    options: ConnectionOptions,
    { identity, connection, limit }: { identity: Identity; connection: Connection; limit: AnswerLimit },
  ) {
    this.#options = options;
    this.#identity = identity;
    this.#connection = connection;
    this.#limit = limit;
  }

  /**
   * Checks if a transaction was committed.
   * @throws Error if this can't be determined: the transaction may have been committed or not
   */
  async isCommitted(id: string): Promise<boolean> {
    const status = await this.#untilKnown(async (session) => {
      const { rows } = await session.run<{ status: string | null }>(
        'SELECT pg_xact_status(CAST(:id AS xid8)) AS status',
        { id },
      );
      const found = rows[0]?.status ?? 'forgotten';
      return found === 'in progress' ? null : found;
    });
    if (status === 'forgotten') throw this.#unknown(null);
    return status === 'committed';
  }

  /**
   * Ends a lost session on the server. The server may not have noticed the loss, and would execute its statements
   * later.
   * @throws Error if the session may still be running
   */
  async terminate(lost: Backend | null): Promise<void> {
    if (lost === null) return;
    await this.#untilKnown(async (session) => ((await session.terminate(lost)) ? true : null));
  }

  /** Repeats a check until its result is not null, at most for the time that a statement may wait. */
  async #untilKnown<Result>(check: (session: PostgresSession) => Promise<Result | null>): Promise<Result> {
    const end = performance.now() + this.#options.patience;
    for (;;) {
      const result = await this.#connection
        .session()
        .then(check)
        .catch((error: unknown) => {
          this.#identity.assertCurrent();
          if (performance.now() < end && !this.#limit.isSilent) return null;
          throw this.#unknown(error);
        });
      if (result !== null) return result;
      if (performance.now() >= end) throw this.#unknown(null);
      await pause(PAUSE_MS);
    }
  }

  #unknown(cause: unknown): Error {
    const error = this.#options.fault(
      'lost its connection while it was written: what was written last is unknown',
    );
    error.cause = cause;
    return error;
  }
}
