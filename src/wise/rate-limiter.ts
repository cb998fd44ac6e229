import { LONGEST_TIMER_MS } from '../domain/times/duration.ts';
import type { RateLimit } from '../domain/times/rate-limit.ts';
import { Permit, SlidingWindow } from './permit.ts';
import { type SharedLimits, SharedPermits } from './shared-permits.ts';

/** Rate limits of Wise per client: 100 requests per second and 1,000 per minute. Source: Wise's rate-limiting guide. */
export const WISE_RATE_LIMITS: readonly RateLimit[] = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
];

/** Maximum number of requests in flight. After a 429 it is 1, and doubles with each successful response. */
const MOST_IN_FLIGHT = 32;
/**
 * Milliseconds for which a 429 without `Retry-After` blocks all requests. Doubles with each further 429, up to a
 * minute.
 */
const FIRST_BLOCK_MS = 1_000;
const LONGEST_BLOCK_MS = 60_000;
/** Maximum wait for the end of a block, in milliseconds. A request that needs more fails immediately. */
const LONGEST_WAIT_MS = 30_000;
/** Minimum wait for a permit, in milliseconds: enough to take permits from the shared limits. */
const SHORTEST_WAIT_MS = 20;
interface WaitOptions {
  /** Maximum wait in milliseconds. */
  patience: number;
  signal?: AbortSignal | undefined;
}

/** The properties of a response that the limiter uses. */
export interface LimitedAnswer {
  isLimited: boolean;
  isGood: boolean;
  /** `Retry-After` in milliseconds; null without one. */
  retryAfter: number | null;
}

/** Functions that send a request and interpret its response. */
interface Sending<Answer> {
  send: () => Promise<Answer>;
  read: (answer: Answer) => LimitedAnswer;
}

/** Error for a request that was not sent, because the rate limits would not allow it in time. */
export class LocallyRateLimited extends Error {
  /** Milliseconds until a retry is allowed. */
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super('held back by the rate limit');
    this.retryAfter = retryAfter;
  }
}

interface Waiting {
  isHeld: boolean;
  /** Deadline on the clock of `performance.now()`. */
  deadline: number;
  grant: (permit: Permit) => void;
  fail: (error: unknown) => void;
}

/**
 * Keeps the requests of a client below the rate limits, in first-come order. A 429, or a 503 with `Retry-After`, blocks
 * all requests for the time that Wise requires. Afterwards one request is sent at a time; each success doubles this
 * number.
 */
export class RateLimiter {
  readonly windows: readonly SlidingWindow[];
  readonly #shared: SharedPermits | null;
  /** Maximum number of reserved permits: half of the places. The reads before a reserved request need the rest. */
  readonly #mostHeld: number;
  #held = 0;
  #inFlight = 0;
  #mostInFlight = MOST_IN_FLIGHT;
  #blockedUntil = 0;
  /** Number of consecutive blocks since the last successful response. */
  #blocks = 0;
  #queue: Waiting[] = [];
  /** Lower bound of all deadlines in the queue. */
  #nextDeadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: readonly RateLimit[], shared?: SharedLimits) {
    this.windows = limits.map((limit) => new SlidingWindow(limit));
    this.#shared = shared ? this.#share(shared) : null;
    this.#mostHeld = Math.max(1, Math.floor(Math.min(...limits.map(({ requests }) => requests)) / 2));
  }

  /**
   * Waits for a permit, sends a request, and adapts to its response.
   * @throws LocallyRateLimited or the signal's reason if it was not sent; the errors of `send`
   */
  async run<Answer>({ patience, signal, ...sending }: Sending<Answer> & WaitOptions): Promise<Answer> {
    const permit = await this.#wait(false, { patience, signal });
    return this.#send(permit, { ...sending, isCounted: true });
  }

  /** Waits for a permit that can be used later without waiting. @throws LocallyRateLimited, or the signal's reason */
  async reserve(options: WaitOptions): Promise<Permit> {
    return this.#wait(true, options);
  }

  /**
   * Sends a request with a permit. Calls `send` synchronously.
   * @throws LocallyRateLimited while a 429 blocks all requests
   */
  sendWith<Answer>(permit: Permit, sending: Sending<Answer>): Promise<Answer> {
    const left = this.#blockedUntil - performance.now();
    if (left > 0) {
      permit.cancel();
      throw new LocallyRateLimited(left);
    }
    permit.use();
    return this.#send(permit, { ...sending, isCounted: false });
  }

  /** Returns unused permits to the shared limits. */
  async close(): Promise<void> {
    await this.#shared?.close();
  }

  #share(limits: SharedLimits): SharedPermits {
    return new SharedPermits({
      limits,
      reserved: () => this.#held,
      onChange: () => this.#grantWaiting(),
      onBlock: (milliseconds) => {
        this.#blockedUntil = Math.max(this.#blockedUntil, performance.now() + milliseconds);
        this.#mostInFlight = 1;
      },
    });
  }

  /** Sends a request. @param sending.isCounted false for a reserved permit, which is exempt from the limit in flight */
  async #send<Answer>(
    permit: Permit,
    { send, read, isCounted }: Sending<Answer> & { isCounted: boolean },
  ): Promise<Answer> {
    try {
      const answer = await send();
      this.#adapt(read(answer));
      return answer;
    } finally {
      if (isCounted) this.#inFlight -= 1;
      permit.answered();
      this.#grantWaiting();
    }
  }

  async #wait(isHeld: boolean, { patience, signal }: WaitOptions): Promise<Permit> {
    signal?.throwIfAborted();
    const { promise, resolve: grant, reject: fail } = Promise.withResolvers<Permit>();
    const deadline = performance.now() + Math.max(SHORTEST_WAIT_MS, patience);
    const waiting: Waiting = { isHeld, deadline, grant, fail };
    const abort = () => {
      this.#queue = this.#queue.filter((one) => one !== waiting);
      fail(signal?.reason);
      this.#grantWaiting();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#queue.push(waiting);
    this.#nextDeadline = Math.min(this.#nextDeadline, deadline);
    this.#grantWaiting();
    return promise.finally(() => signal?.removeEventListener('abort', abort));
  }

  /** Grants all permits that are possible now, and sets the timer for the next one. */
  #grantWaiting(): void {
    let now = performance.now();
    this.#failLate(now);
    for (; this.#freeAt(now) <= now; now = performance.now()) {
      const mayHold = this.#held < this.#mostHeld && (this.#shared?.mayReserve ?? true);
      const index = this.#queue.findIndex(({ isHeld }) => !isHeld || mayHold);
      const [next] = index === -1 ? [] : this.#queue.splice(index, 1);
      if (!next) break;
      next.grant(this.#makePermit(next));
    }
    clearTimeout(this.#timer);
    if (this.#queue.length === 0) return;
    this.#wantShared(now);
    // Past times are skipped: the queue then waits for the end of a reserved permit, which calls this method again.
    const shared = this.#shared ? [this.#shared.freeAt(now), this.#shared.staleAt] : [];
    const times = [this.#ownFreeAt(now), ...shared].filter((time) => time > now);
    const wakeAt = Math.min(...times, this.#nextDeadline);
    this.#timer = setTimeout(() => this.#grantWaiting(), Math.min(Math.ceil(wakeAt - now), LONGEST_TIMER_MS));
  }

  #makePermit({ isHeld }: Waiting): Permit {
    const permit = new Permit(this.#shared ? [...this.windows, this.#shared] : this.windows);
    if (isHeld) {
      this.#held += 1;
      permit.hold(() => {
        this.#held -= 1;
        this.#grantWaiting();
      });
    } else this.#inFlight += 1;
    return permit;
  }

  /** Fails the requests whose deadline has passed. */
  #failLate(now: number): void {
    const left = this.#blockedUntil - now;
    if (left <= 0 && now <= this.#nextDeadline) return;
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    this.#queue = this.#queue.filter(({ deadline, fail }) => {
      const isLate = deadline < now;
      const isInTime = !isLate && left <= Math.min(deadline - now, LONGEST_WAIT_MS);
      if (isInTime) this.#nextDeadline = Math.min(this.#nextDeadline, deadline);
      else fail(new LocallyRateLimited(isLate ? Math.max(left, FIRST_BLOCK_MS) : left));
      return isInTime;
    });
  }

  /** Returns when the next request can be sent: now, later, or after the next response (Infinity). */
  #freeAt(now: number): number {
    return Math.max(this.#ownFreeAt(now), this.#shared?.freeAt(now) ?? now);
  }

  /** Takes permits from the shared limits, unless this process's own limits already make the queue wait. */
  #wantShared(now: number): void {
    if (this.#ownFreeAt(now) > now) return;
    const isReservation = this.#held < this.#mostHeld && this.#queue.some(({ isHeld }) => isHeld);
    this.#shared?.want(this.#queue.length, isReservation);
  }

  #ownFreeAt(now: number): number {
    if (this.#inFlight >= this.#mostInFlight) return Number.POSITIVE_INFINITY;
    return Math.max(now, this.#blockedUntil, ...this.windows.map((window) => window.freeAt(now)));
  }

  #adapt({ isLimited, isGood, retryAfter }: LimitedAnswer): void {
    const now = performance.now();
    const isBlocked = now < this.#blockedUntil;
    if (isLimited) {
      // Requests that were already in flight when a block began don't extend it.
      if (!isBlocked) this.#blocks += 1;
      const growing = Math.min(FIRST_BLOCK_MS * 2 ** (this.#blocks - 1), LONGEST_BLOCK_MS);
      this.#blockedUntil = Math.max(this.#blockedUntil, now + (retryAfter ?? growing));
      this.#mostInFlight = 1;
      this.#shared?.block(this.#blockedUntil - now);
    } else if (isGood && !isBlocked) {
      this.#blocks = 0;
      this.#mostInFlight = Math.min(this.#mostInFlight * 2, MOST_IN_FLIGHT);
    }
  }
}
