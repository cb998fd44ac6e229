import { periodOf, type RateLimit } from '../domain/times/rate-limit.ts';

/** A permit that is neither used nor cancelled expires after this time. */
const LIFETIME_MS = 70_000;

/** The places of one or more rate limits. */
export interface Places {
  /** True for a single place. */
  readonly isSingle: boolean;
  /** Returns when a place is free: now, later, or after the next answer (Infinity). */
  freeAt(now: number): number;
  /** Takes a place, free or not: each request that is sent counts. */
  take(): void;
  answered(): void;
  giveBack(): void;
}

/**
 * The places of a rate limit. A request takes a place when it leaves, and frees it one period after its answer. So two
 * requests in the same place arrive at least one period apart, however long they travel.
 */
export class SlidingWindow implements Places {
  readonly isSingle: boolean;
  readonly #requests: number;
  readonly #within: number;
  #inFlight = 0;
  /** Times at which the places of completed requests become free, earliest first. */
  readonly #ends: number[] = [];

  constructor(limit: RateLimit) {
    this.isSingle = limit.requests === 1;
    this.#requests = limit.requests;
    this.#within = periodOf(limit);
  }

  freeAt(now: number): number {
    while ((this.#ends[0] ?? Number.POSITIVE_INFINITY) <= now) this.#ends.shift();
    if (this.#inFlight + this.#ends.length < this.#requests) return now;
    return this.#ends[0] ?? Number.POSITIVE_INFINITY;
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

/** Allows one request to be sent: its places, one in each window. */
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
   * Keeps the permit for a later request. A window with a single place is released, because the reads before that
   * request need the place.
   * @param onEnd called once, when the permit is used, cancelled or expired
   */
  hold(onEnd: () => void): void {
    for (const window of this.#windows) if (window.isSingle) window.answered();
    this.#taken = this.#windows.filter(({ isSingle }) => !isSingle);
    this.#onEnd = onEnd;
    this.#timer = setTimeout(() => this.cancel(), LIFETIME_MS).unref();
  }

  /** Uses a held permit: the request is sent now. An expired permit occupies its places again. */
  use(): void {
    for (const window of this.#windows) if (!this.#taken.includes(window)) window.take();
    this.#taken = this.#windows;
    this.#end();
  }

  answered(): void {
    for (const window of this.#taken) window.answered();
    this.#taken = [];
  }

  /** Releases a held permit without sending a request. Does nothing after `use`. */
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
