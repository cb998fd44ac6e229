import type { Context } from '../context/context.ts';
import { poll } from '../context/poll.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import { type EventSelection, toFilter } from './list-events.ts';

export interface TailOptions {
  selection: EventSelection;
  /** From after this event on; null: from now on, or from the selection's `since`. */
  afterId: number | null;
  /** Ends after as many events; null: never. */
  limit: number | null;
  /** Milliseconds since the epoch; null follows until it is interrupted. */
  deadline: number | null;
}

/** The journal is a file here: looking at it often costs next to nothing. */
const PACE = { firstPause: 20, interval: 100 };

/**
 * Follows the journal: tells of each event as it arrives, whichever process receives it.
 * @throws Failure `deadline-passed` when fewer events came than `limit` wants
 */
export async function tailEvents(
  ctx: Context,
  { selection, afterId, limit, deadline }: TailOptions,
  onEvent: (event: KeptEvent) => Promise<void>,
): Promise<void> {
  let filter = await toFilter(ctx, selection);
  let latest = afterId ?? (selection.since === null ? await ctx.journal.latestEventId() : 0);
  let left = limit ?? Number.POSITIVE_INFINITY;
  await sayWhereFrom(ctx, latest);
  const end = await poll({
    clock: ctx.clock,
    signal: ctx.signal,
    timing: PACE,
    deadline,
    look: async () => {
      // The events of an order's production name its card only, which an event of the order tells.
      if (filter.card?.cardToken === null) filter = await toFilter(ctx, selection);
      const wanted = left === Number.POSITIVE_INFINITY ? {} : { limit: left };
      for (const event of await ctx.journal.listEvents({ ...filter, ...wanted, afterId: latest })) {
        ctx.signal.throwIfAborted();
        latest = event.id;
        left -= 1;
        await onEvent(event);
      }
    },
    decide: () => (left === 0 ? { done: true } : 'wait'),
  });
  if (end.kind === 'done' || limit === null) return;
  throw new Failure('deadline-passed', `${limit - left} of ${limit} events came in time.`, {
    hint: `Go on after the last one: kioskctl events tail --after ${latest}`,
  });
}

async function sayWhereFrom(ctx: Context, latest: number): Promise<void> {
  const from = `Following the events of ${ctx.environment} after event ${latest}`;
  if (await ctx.journal.isListenedTo()) return ctx.report.note(`${from} (Ctrl-C ends it).`);
  ctx.report.note(`${from} (Ctrl-C ends it). Nobody listens right now: kioskctl listen`);
}
