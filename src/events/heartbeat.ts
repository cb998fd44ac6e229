import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { Failure } from '../domain/errors/failure.ts';

const HEARTBEAT_MS = 2_000;

/** Time without a heartbeat, in milliseconds, after which other processes regard a listener as stopped. */
const GAP_MS = 10_000;

/** Tracks whether events can be stored: the latest write to the journal has succeeded, less than `GAP_MS` ago. */
export class Readiness {
  readonly #ctx: Pick<Context, 'stopwatch'>;
  #writtenAt: Reading | null = null;

  constructor(ctx: Pick<Context, 'stopwatch'>) {
    this.#ctx = ctx;
  }

  get isReady(): boolean {
    return this.#writtenAt !== null && this.#ctx.stopwatch.since(this.#writtenAt) < GAP_MS;
  }

  /** Records the result of a write to the journal. */
  record(isWritten: boolean): void {
    this.#writtenAt = isWritten ? this.#ctx.stopwatch.now() : null;
  }
}

interface HeartbeatOptions {
  /** URL that receives the webhooks. */
  url: string;
  /** Stops the heartbeat. */
  signal: AbortSignal;
  /** Receives the result of each heartbeat. */
  readiness: Readiness;
  /**
   * Called after a gap, with its start in milliseconds since the epoch. Causes of a gap: this process was suspended, or
   * it could not write to the journal.
   */
  onGap: (since: number) => void;
  /** Called with the time that a heartbeat took, in milliseconds. */
  onBeat?: (milliseconds: number) => void;
  /** Called when the journal was replaced. This process must not write to the new journal. */
  onReplaced: (failure: Failure) => void;
}

/**
 * Registers a listener in the journal, and confirms every two seconds that it is running. A gap without heartbeats
 * (machine suspended, disk full) ends the registration and starts another, because no webhooks were received meanwhile.
 * @returns a function that stops the heartbeat and ends the registration
 */
export async function startHeartbeat(
  ctx: Context,
  { url, signal, readiness, onGap, onBeat, onReplaced }: HeartbeatOptions,
): Promise<() => Promise<void>> {
  const { journal, calendar, stopwatch, report } = ctx;
  let last = calendar.now();
  let lastBeat = stopwatch.now();
  let id = await journal.startListener(url, last);
  readiness.record(true);
  let isFailing = false;
  let isReplaced = false;
  const project = await projectWhenIdle(ctx, signal);

  const beat = async (): Promise<void> => {
    const [since, now] = [last, calendar.now()];
    // A gap on either clock counts: the stopwatch may stop during suspend, and the calendar may be set back.
    const isGap = Math.max(now - since, stopwatch.since(lastBeat)) > GAP_MS;
    const began = stopwatch.now();
    if (isGap) {
      await journal.endListener(id, since);
      id = await journal.startListener(url, now);
    } else await journal.heartbeat(id, now);
    onBeat?.(stopwatch.since(began));
    readiness.record(true);
    last = now;
    lastBeat = stopwatch.now();
    isFailing = false;
    if (isGap) onGap(since);
    await project();
  };
  const warnOnce = (error: unknown): void => {
    if (!(error instanceof Failure)) throw error;
    readiness.record(false);
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

/** Returns the time at which the last listener stopped; null if there was none, or if one is running. */
export async function lastListenedAt({ journal }: Context): Promise<number | null> {
  if (await journal.isListenedTo()) return null;
  const earlier = await journal.listListeners(0);
  return earlier.length === 0 ? null : Math.max(...earlier.map(({ heartbeatAt }) => heartbeatAt));
}

/** Maximum time for projecting events between two heartbeats, in milliseconds. */
const SLICE_MS = 500;

/** Pause between two time slices, in milliseconds, for handling webhooks that have arrived. */
const PAUSE_MS = 5;

/**
 * Projects events onto the cards while no webhooks arrive, so that the next list of cards is fast.
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
