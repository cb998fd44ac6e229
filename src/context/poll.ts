import { Outage } from '../domain/errors/failure.ts';
import type { ReadOptions } from '../wise/client.ts';
import type { Reading, Stopwatch } from './clocks.ts';
import type { Context, Timing } from './context.ts';
import type { ListenerCheck } from './listener-state.ts';

export interface PollOptions<Seen, Result> {
  stopwatch: Stopwatch;
  signal: AbortSignal;
  timing: Pick<Timing, 'firstPause' | 'interval'> & Partial<Pick<Timing, 'longestPause'>>;
  /** null for no deadline. If the deadline has passed already, there is one read. */
  deadline: Reading | null;
  /**
   * Reads the current state. After an Outage, the next read is not before `retryAfter`. Any other error ends the poll.
   */
  read: (read: ReadOptions) => Promise<Seen>;
  /** Decides after each read; `wait` schedules another read. An error ends the poll. */
  decide: (seen: Seen) => { done: Result } | 'wait';
  /**
   * Returns a function that pauses until the next read, at most for the given number of milliseconds; null to use the
   * default pause.
   */
  pause?: () => ((longest: number) => Promise<void>) | null;
  /** Returns the milliseconds until the usual end, after a read that did not end the poll; null if it is unknown. */
  usualEnd?: () => number | null;
  onOutage?: (outage: Outage) => void;
  /** Called at least every 30 seconds during a pause. */
  onPause?: () => void;
  /** Returns a number from 0 to 1, for the jitter. */
  random?: () => number;
}

/** The end of a poll: a result, or the last read before the deadline. */
type PollEnd<Seen, Result> =
  | { kind: 'done'; result: Result }
  | { kind: 'deadline'; seen: Seen | null; outage: Outage | null };

/** Factor between two successive pauses. */
const GROWTH = 1.5;
const JITTER = 0.2;
/** A pause until the usual end is shortened by at most this share. Then an end that comes earlier than usual is noticed. */
const EARLY = 0.05;
/** First pause after one until the usual end, as its share: who waited for minutes does not mind a few seconds. */
const AFTER = 0.1;
/** Minimum time for a read, even after the deadline. */
const LAST_READ_MS = 2_000;
const LONGEST_SILENCE_MS = 30_000;

/**
 * Reads repeatedly with growing pauses (backoff), and once more at the deadline. All waits use this function.
 * @throws the errors of `read` and `decide`, and the reason of the signal
 */
export async function poll<Seen, Result>(options: PollOptions<Seen, Result>): Promise<PollEnd<Seen, Result>> {
  const { stopwatch, deadline } = options;
  const pauses = new Pauses(options);
  let seen: Seen | null = null;
  for (;;) {
    const remaining = stopwatch.until(deadline);
    const step = await readOnce(options);
    if (step.kind === 'done') return step;
    seen = step.seen ?? seen;
    const left = stopwatch.until(deadline);
    const asked = step.outage?.retryAfter ?? 0;
    // Skips the last read if Wise's `Retry-After` is later than the deadline.
    if (remaining <= 0 || left <= 0 || asked > left) {
      await sleepLong(options, Math.max(0, left));
      return { kind: 'deadline', seen, outage: step.outage };
    }
    const own = options.pause?.();
    if (own) {
      await own(left);
      continue;
    }
    await sleepLong(options, Math.min(Math.max(asked, pauses.next(step)), left));
  }
}

/** The pauses between reads, in milliseconds: they grow, and one may last until the usual end. */
class Pauses {
  readonly #options: Pick<PollOptions<never, never>, 'timing' | 'usualEnd' | 'random'>;
  #pause: number;

  constructor(options: Pick<PollOptions<never, never>, 'timing' | 'usualEnd' | 'random'>) {
    this.#options = options;
    this.#pause = Math.min(options.timing.firstPause, options.timing.interval);
  }

  /** Returns the pause after a read. @param outage the cause, if the read failed */
  next({ outage }: { outage: Outage | null }): number {
    const { timing, random = Math.random } = this.#options;
    const long = outage ? 0 : this.#untilUsualEnd();
    const isLong = long > this.#pause;
    const next = isLong ? long : this.#pause * (1 - JITTER * random());
    const following = isLong ? Math.max(timing.firstPause, long * AFTER) : this.#pause * GROWTH;
    this.#pause = Math.min(following, timing.interval);
    return next;
  }

  /** Returns the pause until the usual end; 0 if it is unknown or over. */
  #untilUsualEnd(): number {
    const { timing, usualEnd, random = Math.random } = this.#options;
    const left = (usualEnd?.() ?? 0) * (1 - EARLY * random());
    return Math.min(left, timing.longestPause ?? timing.interval);
  }
}

/** Sleeps, and calls `onPause` regularly. */
async function sleepLong<Seen, Result>(
  { stopwatch, signal, onPause }: PollOptions<Seen, Result>,
  milliseconds: number,
): Promise<void> {
  for (let left = milliseconds; left > 0; left -= LONGEST_SILENCE_MS) {
    await stopwatch.sleep(Math.min(left, LONGEST_SILENCE_MS), signal);
    if (left > LONGEST_SILENCE_MS) onPause?.();
  }
}

/** Returns a function for the time budget of a read: the time until the deadline, but at least 2 seconds. */
export function budgetOf(stopwatch: Stopwatch, deadline: Reading | null): () => number {
  const end = stopwatch.after(Math.max(LAST_READ_MS, stopwatch.until(deadline)));
  return () => stopwatch.until(end);
}

type Step<Seen, Result> =
  | { kind: 'done'; result: Result }
  | { kind: 'wait'; seen: Seen | null; outage: Outage | null };

async function readOnce<Seen, Result>({
  read,
  decide,
  onOutage,
  signal,
  stopwatch,
  deadline,
}: PollOptions<Seen, Result>): Promise<Step<Seen, Result>> {
  try {
    const seen = await read({ signal, left: budgetOf(stopwatch, deadline), retry: false });
    const decision = decide(seen);
    return decision === 'wait'
      ? { kind: 'wait', seen, outage: null }
      : { kind: 'done', result: decision.done };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Outage)) throw error;
    onOutage?.(error);
    return { kind: 'wait', seen: null, outage: error };
  }
}

/** Polling interval of the API while events of the card arrive, in milliseconds. */
const CALM_MS = 60_000;
/**
 * Time for the first event of a card, in milliseconds, if other events arrive. After it, the API is polled as without a
 * listener until an event reports the state of the card.
 */
const FIRST_EVENT_MS = 5_000;

/** The state of a followed card after a read. */
interface Followed {
  /** True if the last read failed, or if the result of the attempt is unknown or not confirmed by the API. */
  isPressing: boolean;
  /** True while an event reports more than the API shows. */
  hasNews: boolean;
  /** The pause that the API asked for, in milliseconds; 0 for none. */
  asked: number;
}

/** The times at which a card that is followed in the journal is also read from the API. */
export class ReadSchedule {
  readonly #ctx: Context;
  readonly #listener: ListenerCheck;
  readonly #eventsExpectedAt: Reading;
  readonly #pauses: Pauses;
  /** The next read while events of the card arrive, and otherwise; null for immediately. */
  #next: { calm: Reading; otherwise: Reading } | null = null;
  #pause = 0;

  constructor(
    ctx: Context,
    { listener, usualEnd }: { listener: ListenerCheck; usualEnd?: (() => number | null) | undefined },
  ) {
    this.#ctx = ctx;
    this.#listener = listener;
    this.#eventsExpectedAt = ctx.stopwatch.after(FIRST_EVENT_MS);
    this.#pauses = new Pauses({ timing: ctx.timing, ...(usualEnd && { usualEnd }) });
  }

  /** Returns the milliseconds until the next read. @param isCalm true while events report the changes of the card */
  left(isCalm: boolean): number {
    if (this.#next === null) return 0;
    return Math.max(0, this.#ctx.stopwatch.until(isCalm ? this.#next.calm : this.#next.otherwise));
  }

  readSoon(): void {
    this.#pause = this.#ctx.timing.firstPause;
    this.#next = null;
  }

  /** Schedules the next read. */
  plan(followed: Followed): void {
    const { stopwatch } = this.#ctx;
    this.#next = { calm: stopwatch.after(CALM_MS), otherwise: stopwatch.after(this.#pauseAfter(followed)) };
  }

  /** Returns the pause before the next read if no events of the card arrive, in milliseconds. */
  #pauseAfter({ isPressing, hasNews, asked }: Followed): number {
    const { stopwatch, timing } = this.#ctx;
    if (isPressing || hasNews) {
      const pause = this.#pause;
      this.#pause = Math.min(pause * GROWTH, isPressing ? timing.interval : CALM_MS);
      return Math.max(asked, pause);
    }
    this.#pause = timing.firstPause;
    const expected = this.#listener.isReceiving ? stopwatch.until(this.#eventsExpectedAt) : 0;
    return expected > 0 ? expected : this.#pauses.next({ outage: null });
  }
}
