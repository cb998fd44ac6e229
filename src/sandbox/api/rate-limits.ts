/**
 * The rate limits of Wise for a client, with periods in milliseconds. Source: its rate-limiting guide, which does not say
 * where a period begins (**assumption**: anywhere) or if a refused request counts (it doesn't).
 */
const LIMITS = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
] as const;

const MOST_TIMES = Math.max(...LIMITS.map(({ requests }) => requests));

interface RateLimitOptions {
  /** At speed 6, a minute of the limits takes 10 seconds. */
  speed: number;
  /** A real clock, in milliseconds. */
  now: () => number;
}

/** Counts the requests to this process as those of one client. */
export class RateLimits {
  readonly #options: RateLimitOptions;
  /** Arrival times of the latest accepted requests, the oldest first. */
  readonly #times: number[] = [];

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts a request. @returns null, or for a refused one the real milliseconds until it may be repeated */
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
