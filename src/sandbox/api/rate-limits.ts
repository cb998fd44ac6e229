/**
 * The vendor's ceilings for a client: requests in a time, which is in milliseconds. Source: its rate-limiting guide, which
 * says nothing of where a time begins (**assumption**: anywhere) or whether a refused request counts (it doesn't).
 */
const CEILINGS = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
] as const;

const MOST_KEPT = Math.max(...CEILINGS.map(({ requests }) => requests));

export interface RateLimitOptions {
  /** Seconds are the sandbox's: at speed 6, a minute takes 10 seconds. */
  speed: number;
  /** A real clock, in milliseconds. */
  now: () => number;
}

/** Counts the requests of one client, for as long as this process serves. */
export class RateLimits {
  readonly #options: RateLimitOptions;
  /** When the latest ones arrived that were let through, the oldest first. */
  readonly #times: number[] = [];

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts a request. @returns null, or the real milliseconds after which it may be repeated */
  refuse(): number | null {
    const now = this.#options.now();
    const waits = CEILINGS.map(({ requests, within }) => {
      const oldest = this.#times.at(-requests) ?? Number.NEGATIVE_INFINITY;
      return oldest + within / this.#options.speed - now;
    });
    const wait = Math.max(...waits);
    if (wait > 0) return wait;
    this.#times.push(now);
    if (this.#times.length > MOST_KEPT) this.#times.shift();
    return null;
  }
}
