import type { Stopwatch } from '../../context/clocks.ts';
import { poll } from '../../context/poll.ts';
import { tryLock } from '../../database/lock.ts';
import type { Failure } from '../../domain/errors/failure.ts';

export interface Waiting {
  stopwatch: Stopwatch;
  signal: AbortSignal;
  /**
   * Returns the maximum wait for the lock, in milliseconds. The wait never exceeds 30 seconds, which is the default.
   */
  left?: (() => number) | undefined;
  /** Creates the failure for a lock that is not released in time. If undefined, work is then run without the lock. */
  late?: () => Failure;
}

/** Maximum wait for the lock, in milliseconds. No token renewal takes this long. */
export const PATIENCE_MS = 30_000;
const PACE = { firstPause: 10, interval: 100 };

/**
 * Runs work while holding a lock across processes. If the lock is not released within 30 seconds, its process may be
 * suspended: `work` then runs anyway, or fails if `late` is set. `work` also runs if no lock file can be created, as in
 * a read-only home.
 * @param file the file to protect; the lock file is named after it
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
