import type { Parameters, Transaction } from '../database/database.ts';
import { isConflict } from './faults.ts';
import type { Begun, PostgresSession } from './session.ts';

/** A transaction with the data that determine how it ends. */
interface OpenTransaction extends Transaction {
  readonly hasWritten: boolean;
  /** The conflict for which the server rolled back the transaction; null for none. */
  readonly conflict: unknown;
  /** Closes the transaction for further statements, which would otherwise silently run outside it. */
  end(): void;
}

/**
 * Creates the statements of an open transaction.
 * @param begun resolves once the server has started the transaction; statements need not wait for it
 */
export function openTransaction(session: PostgresSession, begun: Promise<Begun>): OpenTransaction {
  const clock = begun.then(({ at }) => ({ at, since: performance.now() }));
  // The error of a failed start is reported by the caller.
  clock.catch(() => undefined);
  let hasEnded = false;
  let hasWritten = false;
  let conflict: unknown = null;
  const run = async <Row>(sql: string, parameters?: Parameters) => {
    if (hasEnded) throw new TypeError('a statement of a transaction that has ended');
    try {
      const answer = await session.run<Row>(sql, parameters);
      hasWritten ||= answer.changes > 0;
      return answer;
    } catch (error) {
      if (isConflict(error)) conflict = error;
      throw error;
    }
  };
  return {
    get isOpen() {
      return !hasEnded && conflict === null && !session.isLost;
    },
    get hasWritten() {
      return hasWritten;
    },
    get conflict() {
      return conflict;
    },
    end: () => {
      hasEnded = true;
    },
    clock: async () => {
      const { at, since } = await clock;
      return at + (performance.now() - since);
    },
    findAnnounced: async (owners) => session.findLocked(owners),
    run: async (sql, parameters) => run(sql, parameters),
    get: async <Row>(sql: string, parameters?: Parameters) => (await run<Row>(sql, parameters)).rows[0],
    all: async <Row>(sql: string, parameters?: Parameters) => (await run<Row>(sql, parameters)).rows,
    async part(work) {
      return inSavepoint(this, session, async () => work(this));
    },
  };
}

/**
 * Runs work in a write transaction, which waits for the write transactions of other processes. After an error, the
 * caller ends the session.
 */
export async function inTransaction<Result>(
  session: PostgresSession,
  work: (begun: Begun) => Promise<Result>,
): Promise<Result> {
  const result = await work(await session.begin());
  await session.script('COMMIT');
  return result;
}

async function inSavepoint<Result>(
  tx: Transaction,
  session: PostgresSession,
  work: () => Promise<Result>,
): Promise<Result> {
  await session.script('SAVEPOINT part');
  try {
    const result = await work();
    await session.script('RELEASE SAVEPOINT part');
    return result;
  } catch (error) {
    if (tx.isOpen) await session.script('ROLLBACK TO SAVEPOINT part', 'RELEASE SAVEPOINT part');
    throw error;
  }
}
