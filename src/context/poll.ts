import { Outage } from '../domain/errors/failure.ts';
import type { ReadOptions } from '../wise/client.ts';
import type { Reading, Stopwatch } from './clocks.ts';
import type { Timing } from './context.ts';

export interface PollOptions<Seen, Result> {
  stopwatch: Stopwatch;
  signal: AbortSignal;
  timing: Pick<Timing, 'firstPause' | 'interval'>;
  /** Null without a limit. If the deadline has passed already, there is one read. */
  deadline: Reading | null;
  /** Reads once. After an Outage, it is called again, not before `retryAfter`. Any other error ends the poll. */
  read: (read: ReadOptions) => Promise<Seen>;
  /** Decides after a read: `wait` reads again later. An error ends the poll. */
  decide: (seen: Seen) => { done: Result } | 'wait';
  /** Returns a function that pauses until the next read, at most for some milliseconds; null for the usual pause. */
  pause?: () => ((longest: number) => Promise<void>) | null;
  onOutage?: (outage: Outage) => void;
  /** Called at least every 30 seconds during a pause. */
  onPause?: () => void;
  /** Returns a number from 0 to 1, for the jitter. */
  random?: () => number;
}

/** The end of a poll: a result, or the last observation at the deadline. */
type PollEnd<Seen, Result> =
  | { kind: 'done'; result: Result }
  | { kind: 'deadline'; seen: Seen | null; outage: Outage | null };

/** The growth of each pause over the one before. */
export const GROWTH = 1.5;
const JITTER = 0.2;
/** The minimum time for a read, even if the deadline is nearer or has passed. */
const LAST_READ_MS = 2_000;
const LONGEST_SILENCE_MS = 30_000;

/**
 * Reads repeatedly, with growing pauses, and a last time at the deadline. All waits use it.
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
    // If Wise asks for a longer pause than the time left, there is no last read.
    if (remaining <= 0 || left <= 0 || asked > left) {
      await sleepLong(options, Math.max(0, left));
      return { kind: 'deadline', seen, outage: step.outage };
    }
    const own = options.pause?.();
    if (own) {
      await own(left);
      continue;
    }
    await sleepLong(options, Math.min(Math.max(asked, pause * (1 - JITTER * random())), left));
    pause = Math.min(pause * GROWTH, timing.interval);
  }
}

/** Sleeps, and calls `onPause` from time to time. */
async function sleepLong<Seen, Result>(
  { stopwatch, signal, onPause }: PollOptions<Seen, Result>,
  milliseconds: number,
): Promise<void> {
  for (let left = milliseconds; left > 0; left -= LONGEST_SILENCE_MS) {
    await stopwatch.sleep(Math.min(left, LONGEST_SILENCE_MS), signal);
    if (left > LONGEST_SILENCE_MS) onPause?.();
  }
}

/** Returns a function for the time left for one read: until a deadline, or two seconds if that is more. */
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
