import { Outage } from '../domain/errors/failure.ts';
import type { ReadOptions } from '../wise/client.ts';
import type { Reading, Stopwatch } from './clocks.ts';
import type { Timing } from './context.ts';

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
export const GROWTH = 1.5;
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
  const { stopwatch, deadline, timing, random = Math.random } = options;
  let pause = Math.min(timing.firstPause, timing.interval);
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
    const long = step.outage ? 0 : longPause(options);
    const next = long > pause ? long : pause * (1 - JITTER * random());
    await sleepLong(options, Math.min(Math.max(asked, next), left));
    pause = long > pause ? Math.max(timing.firstPause, long * AFTER) : pause * GROWTH;
    pause = Math.min(pause, timing.interval);
  }
}

/** Returns the pause until the usual end; 0 if it is unknown or over. */
function longPause<Seen, Result>({
  timing,
  usualEnd,
  random = Math.random,
}: PollOptions<Seen, Result>): number {
  const left = (usualEnd?.() ?? 0) * (1 - EARLY * random());
  return Math.min(left, timing.longestPause ?? timing.interval);
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
