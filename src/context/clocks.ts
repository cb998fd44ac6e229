/**
 * A point in the time of this process, read from its stopwatch. A class of its own, so that it can't be mixed up with a
 * time of the calendar.
 */
export class Reading {
  readonly #milliseconds: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Returns the milliseconds from an earlier reading to this one. */
  minus(earlier: Reading): number {
    return this.#milliseconds - earlier.#milliseconds;
  }

  plus(milliseconds: number): Reading {
    return new Reading(this.#milliseconds + milliseconds);
  }
}

/**
 * The time of this process, which never jumps: for durations, deadlines, pauses, heartbeats and staleness. Its readings
 * mean nothing to another process, and are never recorded.
 */
export class Stopwatch {
  readonly #read: () => number;
  /** @throws the signal's reason, when it is aborted before the time is over */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;

  /** @param read returns milliseconds since any start */
  constructor(read: () => number, sleep: Stopwatch['sleep']) {
    this.#read = read;
    this.sleep = sleep;
  }

  now(): Reading {
    return new Reading(this.#read());
  }

  /** Returns the milliseconds since a reading. */
  since(earlier: Reading): number {
    return this.now().minus(earlier);
  }

  /** Returns the milliseconds until a deadline, negative after it; infinite without one. */
  until(deadline: Reading | null): number {
    return deadline === null ? Number.POSITIVE_INFINITY : deadline.minus(this.now());
  }

  /** Returns the deadline in some milliseconds; null without a limit. */
  after(milliseconds: number): Reading;
  after(milliseconds: number | null): Reading | null;
  after(milliseconds: number | null): Reading | null {
    return milliseconds === null ? null : this.now().plus(milliseconds);
  }
}

/** The time of day, which may be set at any moment: for display, records and comparison with the times of Wise. */
export interface Calendar {
  /** Milliseconds since the epoch. */
  now(): number;
}
