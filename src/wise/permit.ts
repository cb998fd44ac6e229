import { periodOf, type RateLimit } from '../domain/times/rate-limit.ts';

/** Milliseconds after which an unused permit expires. */
const LIFETIME_MS = 70_000;

/** Places of one or more rate limits. */
export interface Places {
  /** True if there is only one place. */
  readonly isSingle: boolean;
  /** Returns when a place is free: now, later, or after the next response (Infinity). */
  freeAt(now: number): number;
  /** Occupies a place even if none is free, because every sent request counts. */
  take(): void;
  answered(): void;
  giveBack(): void;
}

/**
 * Sliding window of a rate limit, with one place per request. A request occupies a place when it is sent, and frees it
 * one window after its response. Two requests in the same place thus arrive at least one window apart, however long
 * they travel.
 */
export class SlidingWindow implements Places {
  readonly isSingle: boolean;
  readonly limit: RateLimit;
  readonly #requests: number;
  readonly #within: number;
  #inFlight = 0;
  /** Times at which the places of completed requests become free, earliest first. */
  readonly #ends: number[] = [];

  constructor(limit: RateLimit) {
    this.isSingle = limit.requests === 1;
    this.limit = limit;
    this.#requests = limit.requests;
    this.#within = periodOf(limit);
  }

  freeAt(now: number): number {
    while ((this.#ends[0] ?? Number.POSITIVE_INFINITY) <= now) this.#ends.shift();
    if (this.#inFlight + this.#ends.length < this.#requests) return now;
    return this.#ends[0] ?? Number.POSITIVE_INFINITY;
  }

  /** The share of the places that is occupied now. */
  get use(): number {
    this.freeAt(performance.now());
    return Math.min(1, (this.#inFlight + this.#ends.length) / this.#requests);
  }

  take(): void {
    this.#inFlight += 1;
  }

  answered(): void {
    this.#inFlight -= 1;
    this.#ends.push(performance.now() + this.#within);
  }

  giveBack(): void {
    this.#inFlight -= 1;
  }
}

/** Permission to send one request. It occupies one place in each window. */
export class Permit {
  readonly #windows: readonly Places[];
  #taken: readonly Places[];
  #onEnd: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(windows: readonly Places[]) {
    this.#windows = windows;
    this.#taken = windows;
    for (const window of windows) window.take();
  }

  /**
   * Reserves the permit for a later request. If a window has a single place, the place is released until then, because
   * the reads before that request need it.
   * @param onEnd called once, when the permit is used, cancelled or expired
   */
  hold(onEnd: () => void): void {
    for (const window of this.#windows) if (window.isSingle) window.answered();
    this.#taken = this.#windows.filter(({ isSingle }) => !isSingle);
    this.#onEnd = onEnd;
    this.#timer = setTimeout(() => this.cancel(), LIFETIME_MS).unref();
  }

  /**
   * Uses a reserved permit immediately before the request is sent. If the permit has expired, it occupies its places
   * again.
   */
  use(): void {
    for (const window of this.#windows) if (!this.#taken.includes(window)) window.take();
    this.#taken = this.#windows;
    this.#end();
  }

  answered(): void {
    for (const window of this.#taken) window.answered();
    this.#taken = [];
  }

  /** Releases a reserved permit without sending a request. Does nothing after `use`. */
  cancel(): void {
    if (this.#onEnd === null) return;
    for (const window of this.#taken) window.giveBack();
    this.#taken = [];
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#onEnd?.();
    this.#onEnd = null;
  }
}
