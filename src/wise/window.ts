import { setTimeout as delay } from 'node:timers/promises';

/** How many requests of one client may go out in a time. */
export interface Ceiling {
  requests: number;
  /** Milliseconds. */
  within: number;
}

/** Two clocks don't go equally fast, and they are set right while they go: by a two-thousandth at most. */
const MARGIN = 1.001;

/**
 * The places of a ceiling. A request takes one with its turn, and keeps it until the time of the ceiling has passed since
 * its answer. When it arrived nobody here knows, but it was before its answer; and the next one in its place leaves, and so
 * arrives, later than that. So no time on the way, however long or uneven, brings more requests into any window than the
 * ceiling allows, and the price is that time alone: of a minute, next to nothing.
 */
export class Window {
  readonly #within: number;
  readonly #requests: number;
  /** Those that took a place and have no answer yet. */
  #flying = 0;
  /** When those that have one give their place back, the earliest first. */
  readonly #ends: number[] = [];
  #givenBack: (() => void) | null = null;

  constructor({ requests, within }: Ceiling) {
    this.#requests = requests;
    this.#within = within * MARGIN;
  }

  /** Is one place all that there is? */
  get isSingle(): boolean {
    return this.#requests === 1;
  }

  /** Waits for a place and takes it. One at a time may wait. @throws the signal's reason */
  async take(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const now = performance.now();
      while ((this.#ends[0] ?? Number.POSITIVE_INFINITY) <= now) this.#ends.shift();
      if (this.#flying + this.#ends.length < this.#requests) break;
      const [next] = this.#ends;
      if (next === undefined) await this.#oneGivenBack(signal);
      else await delay(Math.ceil(next - now), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    this.#flying += 1;
  }

  /** Takes a place that is there or not: what goes out counts. */
  join(): void {
    this.#flying += 1;
  }

  /** The answer is here: the place is free again after the time of the ceiling. */
  answered(): void {
    this.#flying -= 1;
    this.#ends.push(performance.now() + this.#within);
    this.#givenBack?.();
  }

  /** Nothing was sent: the place is free at once. */
  giveBack(): void {
    this.#flying -= 1;
    this.#givenBack?.();
  }

  async #oneGivenBack(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    this.#givenBack = resolve;
    await promise.finally(() => {
      signal.removeEventListener('abort', stop);
      // Another one may wait already.
      if (this.#givenBack === resolve) this.#givenBack = null;
    });
  }
}
