import { randomUUID } from 'node:crypto';
import {
  type PermitGrant,
  type PermitRequest,
  type RateLimit,
  type SharedRate,
  takePermits,
  UNUSED_RATE,
} from '../domain/times/rate-limit.ts';
import type { PostgresAddress } from './address.ts';
import { isFault } from './faults.ts';
import { PostgresSession } from './session.ts';
import { CLOCK } from './statements.ts';

/** Maximum time for taking permits, in milliseconds, including the connection and the wait for other processes. */
const LONGEST_MS = 1_000;
/**
 * Time after which a suspended process loses the lock, in milliseconds: short enough for the processes that wait for
 * the lock.
 */
const HELD_MS = 500;

export interface ServerRatesOptions {
  /** Returns the address of the journal. @throws Failure for an unusable setting */
  address: () => PostgresAddress;
  environment: string;
  /** Client key of the application; empty if unknown. */
  client: string;
  limits: readonly RateLimit[];
}

/** Inserts the row that `LOCK` locks, if it does not exist yet. */
const INSERT = `INSERT INTO shared_rates (environment, client, rate) VALUES (:environment, :client, :rate)
  ON CONFLICT (environment, client) DO NOTHING`;
const LOCK = 'SELECT rate FROM shared_rates WHERE environment = :environment AND client = :client FOR UPDATE';
const UPDATE = 'UPDATE shared_rates SET rate = :rate WHERE environment = :environment AND client = :client';

/**
 * Rate limits shared by all processes that use a journal in PostgreSQL. Permits are taken on a separate session, with a
 * lock on one row. They wait neither for the writers of the journal nor for the disk, and wake no `watch`.
 */
export class ServerRates {
  readonly #options: ServerRatesOptions;
  /** Id of this process. */
  readonly #user = randomUUID();
  #session: Promise<PostgresSession> | null = null;

  constructor(options: ServerRatesOptions) {
    this.#options = options;
  }

  /**
   * Takes permits for this process, and reports the use of the permits that it took before.
   * @returns null if the limits can't be shared, because the server did not respond within a second
   */
  async takePermits(request: PermitRequest): Promise<PermitGrant | null> {
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), LONGEST_MS);
    try {
      const grant = await Promise.race([this.#take(request), late]);
      if (grant === null) void this.close();
      return grant;
    } catch (error) {
      void this.close();
      if (!isFault(error)) throw error;
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the session. The next call of `takePermits` opens another one. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await (await session?.catch(() => null))?.end();
  }

  async #take(request: PermitRequest): Promise<PermitGrant> {
    const session = await this.#connect();
    const { environment, client, limits } = this.#options;
    const key = { environment, client };
    // One round trip. The clock is read after the wait for the lock, so that no process sees an earlier time.
    const [, , locked, clock] = await Promise.all([
      session.script('BEGIN', `SET LOCAL idle_in_transaction_session_timeout = ${HELD_MS}`),
      session.run(INSERT, { ...key, rate: JSON.stringify(UNUSED_RATE) }),
      session.run<{ rate: string }>(LOCK, key),
      session.run<{ at: number }>(`SELECT ${CLOCK} AS at`),
    ]);
    const [row] = locked.rows;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this class writes it
    const stored = row ? (JSON.parse(row.rate) as SharedRate) : UNUSED_RATE;
    const now = clock.rows[0]?.at ?? stored.at;
    const { rate, grant } = takePermits(stored, request, { user: this.#user, limits, now });
    await Promise.all([
      session.run(UPDATE, { ...key, rate: JSON.stringify(rate) }),
      session.script('COMMIT'),
    ]);
    return grant;
  }

  /** Returns the open session, or opens one. */
  async #connect(): Promise<PostgresSession> {
    const known = await this.#session;
    if (known && !known.isLost) return known;
    this.#session = PostgresSession.open(this.#options.address(), {
      patience: LONGEST_MS,
      answer: LONGEST_MS,
    });
    return this.#session;
  }
}
