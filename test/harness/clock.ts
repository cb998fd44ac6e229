import { setImmediate } from 'node:timers/promises';
import { type Calendar, Stopwatch, type Uptime } from '../../src/context/clocks.ts';

/** Resolves when a condition is true. For conditions of real files and servers, with a clock that stands still. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
}

type OnSleep = (milliseconds: number, signal: AbortSignal) => unknown;

/** The stopwatch and the calendar of a test. Time passes only during a sleep, or when the test advances it. */
export class SimulatedClock {
  /** Calendar time in milliseconds since the epoch. Setting it advances both clocks. */
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

  /** Creates a clock whose sleepers wake only when the test advances it. */
  static manual(): SimulatedClock {
    const clock = new SimulatedClock();
    clock.#isManual = true;
    return clock;
  }

  now(): number {
    return this.time;
  }

  /** Returns a stopwatch of this clock that runs an action before each sleep. */
  stopwatchWith(onSleep: OnSleep): Stopwatch {
    return new Stopwatch(
      () => this.#elapsed,
      async (milliseconds, signal) => {
        await onSleep(milliseconds, signal);
        await this.sleep(milliseconds, signal);
      },
    );
  }

  /** Sets the calendar only; the stopwatch does not advance. */
  stepCalendar(milliseconds: number): void {
    this.time += milliseconds;
    this.#stepped += milliseconds;
  }

  /** Runs an action during a sleep, after some milliseconds. */
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
      // The action may have ended the sleep.
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

  /** Advances a manual clock, and waits until its sleeper sleeps again. */
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
