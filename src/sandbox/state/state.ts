import { Database } from '../../database/sqlite.ts';
import { Failure } from '../../domain/errors/failure.ts';
import { findSandboxRow, type Moment, moveClock, readSandboxRow } from './tables/clock.ts';
import { isDue } from './tables/productions.ts';
import { resetState } from './tables/profiles.ts';
import { RequestLog } from './tables/request-log.ts';
import { SANDBOX_STATE, WEBHOOK_DELIVERIES } from './tables/schema.ts';
import { applyDue } from './transitions.ts';

/** The virtual clock stops here, so that its times stay four-digit years: 1 January 9000. */
const END_OF_TIME = Date.UTC(9000, 0, 1);

export interface StateOptions {
  file: string;
  speed: number;
  /** How many kiosks there are. */
  kiosks: number;
  seed: number | undefined;
  /** The real clock, in milliseconds since the epoch. */
  now: () => number;
}

/**
 * The state file. Several processes serve it at once, so nothing of it is kept in memory, and every change is one
 * write transaction that first applies what is due.
 */
export class State {
  readonly db: Database;
  readonly log: RequestLog;
  readonly #options: StateOptions;

  /** Opens the file, or makes and seeds it. @throws Failure `storage-unusable` */
  constructor(options: StateOptions) {
    const fault = (reason: string) => unusable(options.file, reason);
    this.#options = options;
    this.db = new Database({
      file: options.file,
      migrations: [SANDBOX_STATE, WEBHOOK_DELIVERIES],
      durability: 'normal',
      fault,
    });
    this.log = new RequestLog(this.db);
    if (findSandboxRow(this.db)) return;
    this.db.transaction(() => {
      if (!findSandboxRow(this.db)) resetState(this.db, options.seed);
    });
  }

  /** The virtual clock, in milliseconds since the epoch. */
  now(): number {
    return this.#moment().at;
  }

  /** The real clock, in milliseconds since the epoch. */
  realNow(): number {
    return Math.floor(this.#options.now());
  }

  /**
   * Runs `work` on one snapshot, without the write lock.
   * @returns null when something is due, which has to be written first
   */
  read<Result>(work: (moment: Moment) => Result): Result | null {
    this.db.run('BEGIN');
    try {
      const moment = this.#moment();
      return isDue(this.db, moment.at) ? null : work(moment);
    } finally {
      this.db.run('ROLLBACK');
    }
  }

  /** Runs `work` in one write transaction, after everything that is due, at its time in order of time. */
  change<Result>(work: (moment: Moment) => Result): Result {
    return this.db.transaction(() => {
      // The clock is read with the write lock held: no change of another process carries a later time.
      const moment = this.#moment();
      applyDue(moment);
      this.log.write();
      return work(moment);
    });
  }

  /** @param seed for the same ids again; without one, that of the options, else a random one */
  reset(seed: number | undefined = this.#options.seed): void {
    this.log.forget();
    this.db.transaction(() => resetState(this.db, seed));
  }

  /**
   * Moves the virtual clock, never back and never beyond the year 8999, and applies what became due.
   * @returns the virtual time after it
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
      // Only entries of the log for tests: no reason to fail an end.
    }
    this.db.close();
  }

  #moment(): Moment {
    const { clock_offset: offset } = readSandboxRow(this.db);
    const { speed, kiosks } = this.#options;
    return { db: this.db, at: this.realNow() + offset, speed, kiosks };
  }
}

function unusable(file: string, reason: string): Failure {
  return new Failure('storage-unusable', `The state of the sandbox ${file} ${reason}.`, {
    hint: 'Free the file or move it away (a new one is made), or set KIOSKCTL_HOME to another folder.',
  });
}
