/** A reading of the stopwatch. A separate class, so that the compiler rejects mixing it with calendar times. */
export class Reading {
  readonly #milliseconds: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Returns the milliseconds between an earlier reading and this one. */
  minus(earlier: Reading): number {
    return this.#milliseconds - earlier.#milliseconds;
  }

  plus(milliseconds: number): Reading {
    return new Reading(this.#milliseconds + milliseconds);
  }
}

/**
 * Monotonic clock for durations, deadlines, pauses and heartbeats. Its readings are valid only within this process and
 * must not be stored.
 */
export class Stopwatch {
  readonly #read: () => number;
  /** Resolves after a pause. @throws the reason of the signal if it is aborted first */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;

  /** @param read returns milliseconds since an arbitrary start */
  constructor(read: () => number, sleep: Stopwatch['sleep']) {
    this.#read = read;
    this.sleep = sleep;
  }

  now(): Reading {
    return new Reading(this.#read());
  }

  since(earlier: Reading): number {
    return this.now().minus(earlier);
  }

  /** Returns the milliseconds until a deadline: negative after it, infinite for null. */
  until(deadline: Reading | null): number {
    return deadline === null ? Number.POSITIVE_INFINITY : deadline.minus(this.now());
  }

  /** Returns the deadline after a number of milliseconds from now; null (no deadline) for null. */
  after(milliseconds: number): Reading;
  after(milliseconds: number | null): Reading | null;
  after(milliseconds: number | null): Reading | null {
    return milliseconds === null ? null : this.now().plus(milliseconds);
  }
}

/** Clock since the boot of the machine. Processes with the same `boot` share it. */
export interface Uptime {
  /** Id of the machine's boot; on systems without one, an id of this process. */
  readonly boot: string;
  /** Milliseconds since the boot, without time in suspend. */
  now(): number;
  /** Milliseconds since the boot, including time in suspend. */
  withSleep(): number;
}

/** The readings of all clocks at one moment. */
export interface Instant {
  reading: Reading;
  time: number;
  uptime: number;
  withSleep: number;
}

interface Clocks {
  stopwatch: Stopwatch;
  calendar: Calendar;
  uptime: Uptime;
}

export function instantOf({ stopwatch, calendar, uptime }: Clocks): Instant {
  return {
    reading: stopwatch.now(),
    time: calendar.now(),
    uptime: uptime.now(),
    withSleep: uptime.withSleep(),
  };
}

/**
 * Returns the milliseconds since an instant, by the clock on which the most time passed: a stopwatch may stop during
 * suspend, and a calendar may be set back.
 */
export function ageOf({ reading, time, withSleep }: Instant, clocks: Clocks): number {
  const { stopwatch, calendar, uptime } = clocks;
  return Math.max(stopwatch.since(reading), calendar.now() - time, uptime.withSleep() - withSleep);
}

/**
 * Clock with the date. Users may set it at any time, so it is only for display, records, and comparison with times of
 * Wise.
 */
export interface Calendar {
  /** Milliseconds since the epoch. */
  now(): number;
}
