import { setImmediate } from 'node:timers/promises';
import { type Calendar, Stopwatch, type Uptime } from '../../src/context/clocks.ts';

type OnSleep = (milliseconds: number, signal: AbortSignal) => unknown;

/** Both clocks of a test: time passes only during a sleep, or when the test moves it. */
export class SimulatedClock {
  /** The calendar, in milliseconds since the epoch; both clocks pass when it is moved. */
  time: number;
  readonly slept: number[] = [];
  readonly calendar: Calendar = { now: () => this.time };
  readonly stopwatch: Stopwatch;
  readonly uptime: Uptime = {
    boot: 'simulated',
    now: () => this.#elapsed,
    withSleep: () => this.#elapsed,
  };
  readonly #onSleep: OnSleep;
  readonly #plans: { at: number; act: () => unknown }[] = [];
  #stepped = 0;
  #isManual = false;
  #wake: (() => void) | null = null;
  #asleep: (() => void) | null = null;

  constructor(time: number = Date.parse('2026-03-01T12:00:00Z'), onSleep: OnSleep = () => undefined) {
    this.time = time;
    this.#onSleep = onSleep;
    this.stopwatch = this.stopwatchWith(() => undefined);
  }

  /** A clock whose sleepers wake only when the test lets time pass. */
  static manual(): SimulatedClock {
    const clock = new SimulatedClock();
    clock.#isManual = true;
    return clock;
  }

  now(): number {
    return this.time;
  }

  /** A stopwatch of this clock that runs an action before each sleep. */
  stopwatchWith(onSleep: OnSleep): Stopwatch {
    return new Stopwatch(
      () => this.#elapsed,
      async (milliseconds, signal) => {
        await onSleep(milliseconds, signal);
        await this.sleep(milliseconds, signal);
      },
    );
  }

  /** Sets the calendar only: no time passes. */
  stepCalendar(milliseconds: number): void {
    this.time += milliseconds;
    this.#stepped += milliseconds;
  }

  /** Runs an action after some milliseconds, during a sleep. */
  plan(afterMs: number, act: () => unknown): void {
    this.#plans.push({ at: this.#elapsed + afterMs, act });
    this.#plans.sort((left, right) => left.at - right.at);
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isManual) return this.#sleepUntilPassed(signal);
    this.slept.push(milliseconds);
    const end = this.#elapsed + milliseconds;
    await this.#onSleep(milliseconds, signal);
    for (let next = this.#plans[0]; next && next.at <= end; next = this.#plans[0]) {
      this.#plans.shift();
      this.#passUntil(Math.max(this.#elapsed, next.at));
      await next.act();
      // What it changed may end the sleep.
      await setImmediate();
      signal.throwIfAborted();
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

  /** Lets time pass on a manual clock, and its sleeper work until it sleeps again. */
  async pass(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    const asleep = new Promise<void>((resolve) => (this.#asleep = resolve));
    this.#wake?.();
    await asleep;
  }

  async #sleepUntilPassed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#asleep?.();
    });
  }
}
