import { randomInt } from 'node:crypto';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { OTHER_HOME } from '../../machine/file-faults.ts';
import { cancelOrder, createDetails, markProduced } from './order-flow.ts';
import { finishAttempt, makeReady, startQueued } from './production-flow.ts';
import { StateConnection } from './state-connection.ts';
import { findSandboxRow, insertSandboxRow, type Moment, moveClock, readSandboxRow } from './tables/clock.ts';
import { isDue, type Transition, takeDue } from './tables/productions.ts';
import { insertProfiles } from './tables/profiles.ts';
import { RequestLog } from './tables/request-log.ts';
import { RESET_TABLES, SANDBOX_STATE, TOKEN_CLIENTS, WEBHOOK_DELIVERIES } from './tables/schema.ts';

/** Maximum of the virtual clock: years must have four digits. */
const END_OF_TIME = Date.UTC(9000, 0, 1);

interface StateOptions {
  file: string;
  speed: number;
  /** The number of kiosks. */
  kiosks: number;
  seed: number | undefined;
  /** Real clock, in milliseconds since the epoch. */
  now: () => number;
}

/**
 * The state file of a sandbox, which several processes can serve. A change is one write transaction, which first applies
 * all due transitions.
 */
export class State {
  readonly db: StateConnection;
  readonly log: RequestLog;
  readonly #options: StateOptions;

  /** Opens the state file; creates and seeds it if missing. @throws Failure `storage-unusable` */
  constructor(options: StateOptions) {
    const fault = (reason: string, fix: string | null = null) => unusable(options.file, reason, fix);
    this.#options = options;
    this.db = new StateConnection({
      file: options.file,
      migrations: [SANDBOX_STATE, WEBHOOK_DELIVERIES, TOKEN_CLIENTS],
      durability: 'normal',
      fault,
    });
    this.log = new RequestLog(this.db);
    if (findSandboxRow(this.db)) return;
    this.db.transaction(() => {
      if (!findSandboxRow(this.db)) resetState(this.db, options.seed);
    });
  }

  /** Virtual time, in milliseconds since the epoch. */
  now(): number {
    return this.#moment().at;
  }

  /** Real time, in milliseconds since the epoch. */
  realNow(): number {
    return Math.floor(this.#options.now());
  }

  /**
   * Runs `work` on a snapshot, without the write lock.
   * @returns the result; null if a transition is due and must be applied first
   */
  read<Result>(work: (moment: Moment) => Result): Result | null {
    return this.db.snapshot(() => {
      const moment = this.#moment();
      return isDue(this.db, moment.at) ? null : work(moment);
    });
  }

  /** Applies all due transitions and runs `work`, in one write transaction. */
  change<Result>(work: (moment: Moment) => Result): Result {
    return this.db.transaction(() => {
      // Reading the clock after taking the write lock keeps the times of all processes in order.
      const moment = this.#moment();
      applyDue(moment);
      this.log.write();
      const result = work(moment);
      this.log.write();
      return result;
    });
  }

  /**
   * Clears and seeds the state.
   * @param seed makes the ids reproducible; default: the seed of the options, or else a random one
   */
  reset(seed: number | undefined = this.#options.seed): void {
    this.log.forget();
    this.db.transaction(() => resetState(this.db, seed));
  }

  /**
   * Advances the virtual clock, up to the end of the year 8999, and applies the transitions that become due.
   * @returns the new virtual time
   */
  advance(milliseconds: number): number {
    return this.db.transaction(() => {
      const left = END_OF_TIME - this.#moment().at;
      moveClock(this.db, Math.max(0, Math.min(Math.floor(milliseconds), left)));
      const moment = this.#moment();
      applyDue(moment);
      return moment.at;
    });
  }

  close(): void {
    try {
      if (this.log.hasWaiting()) this.db.transaction(() => this.log.write());
    } catch {
      // Only diagnostic entries of the request log are lost.
    }
    this.db.close();
  }

  #moment(): Moment {
    const { clock_offset: offset } = readSandboxRow(this.db);
    const { speed, kiosks } = this.#options;
    return { db: this.db, at: this.realNow() + offset, speed, kiosks };
  }
}

function resetState(db: StateConnection, seed: number = randomInt(2 ** 47)): void {
  for (const table of RESET_TABLES) db.run(`DELETE FROM ${table}`);
  insertSandboxRow(db, seed);
  insertProfiles(db);
}

function unusable(file: string, reason: string, fix: string | null): Failure {
  return failure(
    'storage-unusable',
    `The state of the sandbox ${file} ${reason}.`,
    `${fix ?? 'Free the file or move it away (a new one is made)'}, or ${OTHER_HOME}.`,
  );
}

/** Applies due transitions, in order, each at its due time. The caller has the write lock. */
function applyDue(moment: Moment): void {
  for (;;) {
    const next = takeDue(moment.db, moment.at);
    if (!next) return;
    apply({ ...moment, at: next.dueAt }, next.transition);
  }
}

function apply(moment: Moment, transition: Transition): void {
  switch (transition.kind) {
    case 'details-created':
      return createDetails(moment, transition.orderId);
    case 'order-produced':
      return markProduced(moment, transition.orderId);
    case 'cancelled':
      return cancelOrder(moment, transition.orderId);
    case 'ready':
      return makeReady(moment, transition.cardToken);
    case 'started':
      return startQueued(moment, transition);
    case 'finished':
      return finishAttempt(moment, transition);
  }
}
