/**
 * The rate limits of Wise per client, with windows in milliseconds. Source: Wise's rate-limiting guide. Assumptions:
 * the windows slide, and rejected requests don't count.
 */
const LIMITS = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
] as const;

const MOST_TIMES = Math.max(...LIMITS.map(({ requests }) => requests));

interface RateLimitOptions {
  /** Speed of virtual time: at 6, a window of a minute lasts 10 real seconds. */
  speed: number;
  /** Real clock, in milliseconds. */
  now: () => number;
}

/** Rate limiter of this process. All requests count as those of one client. */
export class RateLimits {
  readonly #options: RateLimitOptions;
  /** Arrival times of the latest accepted requests, oldest first; at most `MOST_TIMES`. */
  readonly #times: number[] = [];

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts a request. @returns null if it is accepted, otherwise the real milliseconds until a retry is allowed */
  refuse(): number | null {
    const now = this.#options.now();
    const waits = LIMITS.map(({ requests, within }) => {
      const oldest = this.#times.at(-requests) ?? Number.NEGATIVE_INFINITY;
      return oldest + within / this.#options.speed - now;
    });
    const wait = Math.max(...waits);
    if (wait > 0) return wait;
    this.#times.push(now);
    if (this.#times.length > MOST_TIMES) this.#times.shift();
    return null;
  }
}
