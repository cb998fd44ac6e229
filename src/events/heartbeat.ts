import type { Context } from '../context/context.ts';
import { Failure } from '../domain/errors/failure.ts';

const HEARTBEAT_MS = 2_000;

/** A longer silence is a gap: other processes regard the listener as stopped by then. */
const GAP_MS = 10_000;

interface HeartbeatOptions {
  /** The URL at which webhooks are received. */
  url: string;
  /** Stops the heartbeat. */
  signal: AbortSignal;
  /** Called after a time in which this process was suspended, or could not write to the journal. */
  onGap: (since: number) => void;
  /** Called once the journal was replaced: this process must not continue with another one. */
  onReplaced: (failure: Failure) => void;
}

/**
 * Registers a listener in the journal and confirms every two seconds that it is running. A gap, in which nothing could
 * be received (the machine was suspended, the disk was full), ends one registration and begins another.
 * @returns a function that waits for the end of the heartbeat and ends the registration
 */
export async function startHeartbeat(
  ctx: Context,
  { url, signal, onGap, onReplaced }: HeartbeatOptions,
): Promise<() => Promise<void>> {
  const { journal, calendar, stopwatch, report } = ctx;
  let last = calendar.now();
  let lastBeat = stopwatch.now();
  let id = await journal.startListener(url, last);
  let isFailing = false;
  let isReplaced = false;
  const project = await projectWhenIdle(ctx, signal);

  const beat = async (): Promise<void> => {
    const [since, now] = [last, calendar.now()];
    // A stopwatch may stop while the machine is suspended; the calendar may be set back.
    const isGap = Math.max(now - since, stopwatch.since(lastBeat)) > GAP_MS;
    if (isGap) {
      await journal.endListener(id, since);
      id = await journal.startListener(url, now);
    } else await journal.heartbeat(id, now);
    last = now;
    lastBeat = stopwatch.now();
    isFailing = false;
    if (isGap) onGap(since);
    await project();
  };
  const warnOnce = (error: unknown): void => {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'journal-replaced') {
      isReplaced = true;
      return onReplaced(error);
    }
    if (!isFailing) report.warn(`${error.message} Webhooks are answered 503 until it works again.`);
    isFailing = true;
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await stopwatch.sleep(HEARTBEAT_MS, signal).catch(() => undefined);
      if (!signal.aborted) await beat().catch(warnOnce);
    }
  };
  const running = run();
  return async () => {
    await running;
    if (!isReplaced) await journal.endListener(id, calendar.now()).catch(warnOnce);
  };
}

/** Returns when the last listener stopped; null if there was none, or if one is running. */
export async function lastListenedAt({ journal }: Context): Promise<number | null> {
  if (await journal.isListenedTo()) return null;
  const earlier = await journal.listListeners(0);
  return earlier.length === 0 ? null : Math.max(...earlier.map(({ heartbeatAt }) => heartbeatAt));
}

/** The part of the time between two heartbeats that projecting events may take, in milliseconds. */
const SLICE_MS = 500;

/** The pause in which webhooks that arrived meanwhile are answered. */
const PAUSE_MS = 5;

/**
 * Projects events onto the cards while none arrive, so that the next list of cards need not wait for it.
 * @returns a function that runs one time slice
 */
async function projectWhenIdle(
  { journal, stopwatch }: Context,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  let latest = await journal.latestEventId();
  const isIdle = async () => {
    const before = latest;
    latest = await journal.latestEventId();
    return latest === before;
  };
  return async () => {
    const end = stopwatch.after(SLICE_MS);
    while (!signal.aborted && stopwatch.until(end) > 0 && (await isIdle())) {
      if (await journal.projectEvents()) return;
      await stopwatch.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  };
}
