import { setTimeout as delay } from 'node:timers/promises';
import type PQueue from 'p-queue';

/** How many requests of one client may go out in a time. */
export interface Ceiling {
  requests: number;
  /** Milliseconds. */
  within: number;
}

/** The vendor's ceilings for a client: 100 requests a second and 1,000 a minute. Source: its rate-limiting guide. */
export const WISE_CEILINGS: readonly Ceiling[] = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
];

/** Requests that don't take equally long arrive closer together than they left: windows are a little longer here. */
const MARGIN = 1.05;
/** So many requests may be without an answer. After a 429 it is one, and twice as many with each good answer. */
const MOST_IN_FLIGHT = 32;
/** How long a 429 without `Retry-After` holds everything back; the next ones twice as long each, up to a minute. */
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 60_000;
/** Who would have to wait longer for the end of a hold is told so instead. */
const LONGEST_WAIT_MS = 30_000;

/** What a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Takes the place of a turn: a request with it goes out at once. */
export interface Reservation {
  readonly reservedAt: number;
}

export interface TurnOptions {
  /** Milliseconds for which waiting makes sense. */
  patience: number;
  signal?: AbortSignal | undefined;
  reservation?: Reservation | undefined;
}

/** What the limiter must know of an answer. */
export interface LimitedAnswer {
  isLimited: boolean;
  isGood: boolean;
  /** Milliseconds. */
  retryAfter: number | null;
}

/** A request that was not sent, because its turn does not come in time. */
export class HeldBack extends Error {
  /** In how many milliseconds it may be tried again. */
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super('held back by the rate limit');
    this.retryAfter = retryAfter;
  }
}

interface Queues {
  /** Lets one request after the other pass, in the order of asking. */
  gate: PQueue;
  /** A sliding window for each ceiling. */
  windows: PQueue[];
  /** The requests that are on their way. */
  flights: PQueue;
}

/**
 * Keeps the requests of a client below the vendor's ceilings. A 429 holds all of them back for as long as the vendor
 * says; then they go out one by one, and more of them with each good answer.
 */
export class Limiter {
  readonly #ceilings: readonly Ceiling[];
  #queues: Promise<Queues> | null = null;
  #heldUntil = 0;
  /** How many holds began without a good answer between them. */
  #holds = 0;

  constructor(ceilings: readonly Ceiling[]) {
    this.#ceilings = ceilings;
  }

  /**
   * Waits for a turn that is used a little later, so that nothing stands between the record of an act and its sending.
   * @throws HeldBack, or the signal's reason
   */
  async reserve(options: TurnOptions): Promise<Reservation> {
    await this.#inTurn(async () => undefined, options);
    return { reservedAt: performance.now() };
  }

  /**
   * Sends a request when its turn comes, and learns from its answer.
   * @throws HeldBack, or the signal's reason, if it was not sent; what `send` throws
   */
  async run<Answer>(
    send: () => Promise<Answer>,
    options: TurnOptions & { read: (answer: Answer) => LimitedAnswer },
  ): Promise<Answer> {
    const { flights } = await this.#open();
    const fly = async () => {
      const answer = await send();
      this.#learn(options.read(answer), flights);
      return answer;
    };
    if (!options.reservation) return (await this.#inTurn(fly, options)).answer;
    // Its sending is recorded already: it goes out now, or not at all.
    const left = this.#heldUntil - performance.now();
    if (left > 0) throw new HeldBack(left);
    return fly();
  }

  /** The gate lets the next one pass as soon as this one is on its way. */
  async #inTurn<Answer>(
    fly: () => Promise<Answer>,
    options: TurnOptions,
  ): Promise<{ answer: Promise<Answer> }> {
    const { gate, windows, flights } = await this.#open();
    const wait = withDeadline(options);
    const { signal } = wait;
    const pass = async () => {
      await this.#holdEnds(wait);
      for (const window of windows) await window.add(() => undefined, { signal });
      const departure = Promise.withResolvers<void>();
      const answer = flights.add(async () => {
        // A hold may have begun while there was no room.
        await this.#holdEnds(wait).finally(departure.resolve);
        return fly();
      });
      // Whoever asked hears of it; nobody else has to.
      answer.catch(() => undefined);
      await departure.promise;
      return { answer };
    };
    try {
      return await gate.add(pass, { signal });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw signal.aborted
        ? new HeldBack(Math.max(this.#heldUntil - performance.now(), FIRST_HOLD_MS))
        : error;
    }
  }

  async #holdEnds({ deadline, signal }: Wait): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const now = performance.now();
      const left = this.#heldUntil - now;
      if (left <= 0) return;
      if (left > Math.min(deadline - now, LONGEST_WAIT_MS)) throw new HeldBack(left);
      await delay(left, undefined, { signal });
    }
  }

  #learn({ isLimited, isGood, retryAfter }: LimitedAnswer, flights: PQueue): void {
    const now = performance.now();
    const isHeld = now < this.#heldUntil;
    if (isLimited) {
      // Those that were on their way when a hold began don't make it grow.
      if (!isHeld) this.#holds += 1;
      const growing = Math.min(FIRST_HOLD_MS * 2 ** (this.#holds - 1), LONGEST_HOLD_MS);
      this.#heldUntil = Math.max(this.#heldUntil, now + (retryAfter ?? growing));
      flights.concurrency = 1;
    } else if (isGood && !isHeld) {
      this.#holds = 0;
      flights.concurrency = Math.min(flights.concurrency * 2, MOST_IN_FLIGHT);
    }
  }

  #open(): Promise<Queues> {
    this.#queues ??= this.#make();
    return this.#queues;
  }

  /** Loads the library at the first request. */
  async #make(): Promise<Queues> {
    const { default: Queue } = await import('p-queue');
    return {
      gate: new Queue({ concurrency: 1 }),
      windows: this.#ceilings.map(
        ({ requests, within }) =>
          new Queue({ intervalCap: requests, interval: Math.ceil(within * MARGIN), strict: true }),
      ),
      flights: new Queue({ concurrency: MOST_IN_FLIGHT }),
    };
  }
}

interface Wait {
  /** On the clock of `performance`. */
  deadline: number;
  signal: AbortSignal;
}

function withDeadline({ patience, signal }: TurnOptions): Wait {
  const signals = signal ? [signal] : [];
  if (patience < LONGEST_TIMER_MS) signals.push(AbortSignal.timeout(Math.max(0, Math.ceil(patience))));
  return { deadline: performance.now() + patience, signal: AbortSignal.any(signals) };
}
