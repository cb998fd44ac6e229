import { setTimeout as delay } from 'node:timers/promises';
import type PQueue from 'p-queue';
import { Reservation, Turn } from './turn.ts';
import { type Ceiling, Window } from './window.ts';

export type { Reservation } from './turn.ts';
export type { Ceiling } from './window.ts';

/** The vendor's ceilings for a client: 100 requests a second and 1,000 a minute. Source: its rate-limiting guide. */
export const WISE_CEILINGS: readonly Ceiling[] = [
  { requests: 100, within: 1_000 },
  { requests: 1_000, within: 60_000 },
];

/** So many requests may be without an answer. After a 429 it is one, and twice as many with each good answer. */
const MOST_IN_FLIGHT = 32;
/** How long a 429 without `Retry-After` holds everything back; the next ones twice as long each, up to a minute. */
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 60_000;
/** Who would have to wait longer for the end of a hold is told so instead. */
const LONGEST_WAIT_MS = 30_000;

/** What a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
  windows: Window[];
  /** The requests that are on their way. */
  flights: PQueue;
  /** Those that wait to reserve a turn, in their order, and how many have one. */
  reserving: PQueue;
  reservations: Window;
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
   * What is looked at in between needs turns, too: reservations never take more than half of the places.
   * @throws HeldBack, or the signal's reason
   */
  async reserve(options: TurnOptions): Promise<Reservation> {
    const { windows, reserving, reservations } = await this.#open();
    const turn = new Turn(windows);
    return this.#within(options, async (wait) => {
      await reserving.add(() => reservations.take(wait.signal), { signal: wait.signal });
      try {
        const { answer } = await this.#pass(async () => undefined, { turn, wait });
        await answer;
      } catch (error) {
        reservations.giveBack();
        throw error;
      }
      return new Reservation(turn, () => reservations.giveBack());
    });
  }

  /**
   * Sends a request when its turn comes, and learns from its answer.
   * @throws HeldBack, or the signal's reason, if it was not sent; what `send` throws
   */
  async run<Answer>(
    send: () => Promise<Answer>,
    options: TurnOptions & { read: (answer: Answer) => LimitedAnswer },
  ): Promise<Answer> {
    const { flights, windows } = await this.#open();
    const fly = async (turn: Turn) => {
      try {
        const answer = await send();
        this.#learn(options.read(answer), flights);
        return answer;
      } finally {
        turn.answered();
      }
    };
    const { reservation } = options;
    if (!reservation) {
      const turn = new Turn(windows);
      const pass = async (wait: Wait) => this.#pass(async () => fly(turn), { turn, wait });
      return (await this.#within(options, pass)).answer;
    }
    // Its sending is recorded already: it goes out now, or not at all.
    const left = this.#heldUntil - performance.now();
    if (left <= 0) return fly(reservation.use());
    reservation.cancel();
    throw new HeldBack(left);
  }

  /** The gate lets the next one pass as soon as this one is on its way. */
  async #pass<Answer>(
    fly: () => Promise<Answer>,
    { turn, wait }: { turn: Turn; wait: Wait },
  ): Promise<{ answer: Promise<Answer> }> {
    const { gate, flights } = await this.#open();
    const pass = async () => {
      await this.#holdEnds(wait);
      await turn.take(wait.signal);
      const departure = Promise.withResolvers<void>();
      const answer = flights.add(async () => {
        // A hold may have begun while there was no room.
        await this.#holdEnds(wait)
          .catch((error: unknown) => {
            turn.giveBack();
            throw error;
          })
          .finally(departure.resolve);
        return fly();
      });
      // Whoever asked hears of it; nobody else has to.
      answer.catch(() => undefined);
      await departure.promise;
      return { answer };
    };
    return gate.add(pass, { signal: wait.signal });
  }

  /** Waits no longer than there is patience for. */
  async #within<Result>(
    { patience, signal }: TurnOptions,
    work: (wait: Wait) => Promise<Result>,
  ): Promise<Result> {
    const late = new AbortController();
    const timer = patience < LONGEST_TIMER_MS ? setTimeout(() => late.abort(), Math.max(0, patience)) : null;
    timer?.unref();
    const wait: Wait = {
      deadline: performance.now() + patience,
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
    };
    try {
      return await work(wait);
    } catch (error) {
      signal?.throwIfAborted();
      throw late.signal.aborted
        ? new HeldBack(Math.max(this.#heldUntil - performance.now(), FIRST_HOLD_MS))
        : error;
    } finally {
      if (timer) clearTimeout(timer);
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
    const least = Math.min(...this.#ceilings.map(({ requests }) => requests));
    return {
      gate: new Queue({ concurrency: 1 }),
      windows: this.#ceilings.map((ceiling) => new Window(ceiling)),
      flights: new Queue({ concurrency: MOST_IN_FLIGHT }),
      reserving: new Queue({ concurrency: 1 }),
      reservations: new Window({ requests: Math.max(1, Math.floor(least / 2)), within: 0 }),
    };
  }
}

interface Wait {
  /** On the clock of `performance`. */
  deadline: number;
  signal: AbortSignal;
}
