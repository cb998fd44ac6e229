import type { Context } from '../context/context.ts';

/** How much of the time between two heartbeats it may take, in milliseconds. */
const BUDGET_MS = 500;

/** In which webhooks that arrive meanwhile are answered. */
const PAUSE_MS = 5;

/**
 * Tells the cards what events said of them while none arrive, so that the next list of cards has nothing to wait for.
 * @returns what does some of it, if no event arrived since it was called last
 */
export async function foldWhenIdle(
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
      if (await journal.foldEvents()) return;
      await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  };
}
