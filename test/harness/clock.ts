import { type Calendar, Stopwatch } from '../../src/context/clocks.ts';

type OnSleep = (milliseconds: number, signal: AbortSignal) => unknown;

/** A clock for tests: time passes only while somebody sleeps, or when the test says so. */
export class SimulatedClock {
  /** The calendar, in milliseconds since the epoch; both clocks pass when it is moved. */
  time: number;
  readonly slept: number[] = [];
  readonly calendar: Calendar = { now: () => this.time };
  readonly stopwatch: Stopwatch;
  readonly #onSleep: OnSleep;
  readonly #plans: { at: number; act: () => unknown }[] = [];
  #stepped = 0;

  constructor(time: number = Date.parse('2026-03-01T12:00:00Z'), onSleep: OnSleep = () => undefined) {
    this.time = time;
    this.#onSleep = onSleep;
    this.stopwatch = this.stopwatchWith(() => undefined);
  }

  now(): number {
    return this.time;
  }

  /** A stopwatch of this clock that does something before each sleep. */
  stopwatchWith(onSleep: OnSleep): Stopwatch {
    return new Stopwatch(
      () => this.#elapsed,
      async (milliseconds, signal) => {
        await onSleep(milliseconds, signal);
        await this.sleep(milliseconds, signal);
      },
    );
  }

  /** Sets the calendar while no time passes. */
  stepCalendar(milliseconds: number): void {
    this.time += milliseconds;
    this.#stepped += milliseconds;
  }

  /** Does something in some milliseconds, while somebody sleeps. */
  plan(afterMs: number, act: () => unknown): void {
    this.#plans.push({ at: this.#elapsed + afterMs, act });
    this.#plans.sort((left, right) => left.at - right.at);
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.slept.push(milliseconds);
    const end = this.#elapsed + milliseconds;
    await this.#onSleep(milliseconds, signal);
    for (let next = this.#plans[0]; next && next.at <= end; next = this.#plans[0]) {
      this.#plans.shift();
      this.#passUntil(Math.max(this.#elapsed, next.at));
      await next.act();
    }
    signal.throwIfAborted();
    this.#passUntil(end);
  }

  get #elapsed(): number {
    return this.time - this.#stepped;
  }

  #passUntil(elapsed: number): void {
    this.time = elapsed + this.#stepped;
  }
}

/** A clock whose sleepers wake when the test lets time pass. */
export class ManualClock extends SimulatedClock {
  #wake: (() => void) | null = null;
  #asleep: (() => void) | null = null;

  override async sleep(_: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#asleep?.();
    });
  }

  /** Lets time pass, and what was asleep do its work until it sleeps again. */
  async pass(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    const asleep = new Promise<void>((resolve) => (this.#asleep = resolve));
    this.#wake?.();
    await asleep;
  }
}
