/**
 * A time of a stopwatch. It has a class of its own, so that it can't be confused with a time of the calendar.
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
 * The clock for durations, deadlines, pauses and heartbeats, which is never set. Its readings are valid only within this
 * process, and are never stored.
 */
export class Stopwatch {
  readonly #read: () => number;
  /** @throws the reason of the signal, if it is aborted before the time is over */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;

  /** @param read returns milliseconds since any point in time */
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

/**
 * The time since the machine was started. Two processes with the same `boot` have the same uptime.
 */
export interface Uptime {
  /** The id of the boot of the machine; without one, an id of this process. */
  readonly boot: string;
  /** Milliseconds without the time in which the machine was suspended. */
  now(): number;
  /** Milliseconds with that time. */
  withSleep(): number;
}

/** All clocks at one moment. */
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
 * Returns the milliseconds since an instant, by the clock that shows the longest time: a stopwatch may stop while the machine
 * is suspended, and a calendar may be set back.
 */
export function ageOf({ reading, time, withSleep }: Instant, clocks: Clocks): number {
  const { stopwatch, calendar, uptime } = clocks;
  return Math.max(stopwatch.since(reading), calendar.now() - time, uptime.withSleep() - withSleep);
}

/** The clock with the date, which may be set at any moment: for display, records, and comparison with times of Wise. */
export interface Calendar {
  /** Milliseconds since the epoch. */
  now(): number;
}
