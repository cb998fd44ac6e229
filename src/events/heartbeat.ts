import type { Context } from '../context/context.ts';
import { Failure } from '../domain/errors/failure.ts';

const HEARTBEAT_MS = 2_000;

/** Silence of more than this is a gap: other processes took the listener for gone. */
const GAP_MS = 10_000;

export interface PresenceOptions {
  /** Where webhooks are received. */
  url: string;
  /** Ends it. */
  signal: AbortSignal;
  /** Told when this process did not run, or could not write the journal, for a while, and goes on now. */
  onGap: (since: number) => void;
}

/**
 * Keeps the journal told that somebody listens, until it is ended. A time in which nobody could have heard anything (the
 * machine slept, the disk was full) is left out of what the journal says was listened to.
 */
export async function keepPresence(
  ctx: Context,
  { url, signal, onGap }: PresenceOptions,
): Promise<() => Promise<void>> {
  const { journal, clock, report } = ctx;
  let last = clock.now();
  let id = await journal.startListener(url, last);
  let isBroken = false;
  const fold = await projectWhenIdle(ctx, signal);

  const beat = async (): Promise<void> => {
    const now = clock.now();
    const since = last;
    if (now - since <= GAP_MS) await journal.heartbeat(id, now);
    else {
      await journal.endListener(id, since);
      id = await journal.startListener(url, now);
    }
    last = now;
    isBroken = false;
    if (now - since > GAP_MS) onGap(since);
    await fold();
  };
  const complain = (error: unknown): void => {
    if (!(error instanceof Failure)) throw error;
    if (!isBroken) report.warn(`${error.message} Webhooks are answered 503 until it works again.`);
    isBroken = true;
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, signal).catch(() => undefined);
      if (!signal.aborted) await beat().catch(complain);
    }
  };
  const running = run();
  return async () => {
    await running;
    await journal.endListener(id, clock.now()).catch(complain);
  };
}

/** Until when somebody listened before; null when nobody ever did, or somebody does now. */
export async function lastListenedAt(ctx: Context): Promise<number | null> {
  if (await ctx.journal.isListenedTo()) return null;
  const earlier = await ctx.journal.listListeners(0);
  return earlier.reduce<number | null>((latest, { heartbeatAt }) => Math.max(latest ?? 0, heartbeatAt), null);
}

/** How much of the time between two heartbeats it may take, in milliseconds. */
const BUDGET_MS = 500;

/** In which webhooks that arrive meanwhile are answered. */
const PAUSE_MS = 5;

/**
 * Tells the cards what events said of them while none arrive, so that the next list of cards has nothing to wait for.
 * @returns what does some of it, if no event arrived since it was called last
 */
export async function projectWhenIdle(
  { journal, clock }: Context,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  let heard = await journal.latestEventId();
  const isQuiet = async () => {
    const before = heard;
    heard = await journal.latestEventId();
    return heard === before;
  };
  return async () => {
    const end = clock.now() + BUDGET_MS;
    while (!signal.aborted && clock.now() < end && (await isQuiet())) {
      if (await journal.projectEvents()) return;
      await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  };
}
