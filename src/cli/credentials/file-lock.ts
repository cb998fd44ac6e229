import type { Stopwatch } from '../../context/clocks.ts';
import { poll } from '../../context/poll.ts';
import { tryLock } from '../../database/lock.ts';
import type { Failure } from '../../domain/errors/failure.ts';

export interface Waiting {
  stopwatch: Stopwatch;
  signal: AbortSignal;
  /** Returns the milliseconds that the wait may take, at most 30 seconds. */
  left?: (() => number) | undefined;
  /** Makes the failure for a lock that is not released; without it, the work is done anyway. */
  late?: () => Failure;
}

/** Longer than the longest renewal of a token, in milliseconds. */
export const PATIENCE_MS = 30_000;
const PACE = { firstPause: 10, interval: 100 };

/**
 * Runs work while no other process does. After 30 seconds it runs anyway (or fails, see `late`), because the process with
 * the lock may be suspended. It also runs where no lock can be made, as in a home that can't be written.
 * @param file gives the lock its name
 */
export async function locked<Result>(
  file: string,
  { stopwatch, signal, late, left = () => PATIENCE_MS }: Waiting,
  work: () => Promise<Result>,
): Promise<Result> {
  const { kind, ...end } = await poll({
    stopwatch,
    signal,
    timing: PACE,
    deadline: stopwatch.after(Math.min(PATIENCE_MS, left())),
    read: async () => take(`${file}.lock`),
    decide: (taken) => (taken === null ? 'wait' : { done: taken }),
  });
  if (kind === 'deadline' && late) throw late();
  try {
    return await work();
  } finally {
    if (kind === 'done' && 'result' in end) end.result();
  }
}

function take(file: string): (() => void) | null {
  try {
    return tryLock(file);
  } catch {
    return () => undefined;
  }
}
