import { AsyncLocalStorage } from 'node:async_hooks';
import { LONGEST_TIMER_MS } from '../domain/times/duration.ts';

/** Minimum time for an answer, in milliseconds, even if the caller has less time left. */
const LEAST_MS = 1_000;

/** Milliseconds after a missing answer for which nothing more is sent, so that a command can end. */
const REST_MS = 2_000;

interface Options {
  /** Maximum time in milliseconds without a budget; may be infinite. */
  longest: number;
  /** Ends the connections, so that pending work fails. */
  drop: () => void;
  /** Creates an error. @param reason continues “The journal NAME …” */
  fault: (reason: string) => Error;
}

/**
 * Limits the time for which a caller waits for the server: a frozen server, or a network that loses all packets, must
 * not delay a command beyond its deadline.
 */
export class AnswerLimit {
  readonly #options: Options;
  readonly #budgets = new AsyncLocalStorage<() => number>();
  #restUntil = Number.NEGATIVE_INFINITY;
  #isSilent = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Runs work, whose statements have a budget. @param left returns the remaining milliseconds; negative if it is used up */
  async within<Result>(left: () => number, work: () => Promise<Result>): Promise<Result> {
    return this.#budgets.run(left, work);
  }

  /** Creates the error for a server that does not answer. */
  fault(): Error {
    return this.#options.fault('cannot be used: its server did not answer in time');
  }

  /** True if the last answer did not arrive in time. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Checks that the server has not just failed to answer. @throws the error for a server that does not answer */
  assertAnswering(): void {
    if (performance.now() < this.#restUntil) throw this.fault();
  }

  /**
   * Runs work, and ends the connections if it takes too long.
   * @param hasBudget false for work that is not part of what its caller does, like a heartbeat
   * @throws the error for a server that does not answer; the errors of the work
   */
  async apply<Result>(work: () => Promise<Result>, { hasBudget = true } = {}): Promise<Result> {
    this.assertAnswering();
    const left = hasBudget ? this.#budgets.getStore()?.() : undefined;
    const limit = Math.min(this.#options.longest, Math.max(LEAST_MS, left ?? Number.POSITIVE_INFINITY));
    // A longer timer would end immediately.
    const timer = limit > LONGEST_TIMER_MS ? undefined : setTimeout(() => this.#giveUp(), limit);
    try {
      const result = await work();
      this.#isSilent = false;
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(): void {
    this.#isSilent = true;
    this.#restUntil = performance.now() + REST_MS;
    this.#options.drop();
  }
}
