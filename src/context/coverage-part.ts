import type { Context } from './context.ts';
import { type Coverage, type Covered, coverageOf } from './coverage.ts';

/** What listening covers of a time. @param span milliseconds since the epoch; null: from the first time, until now */
export async function coverageFor(
  ctx: Context,
  { since, until }: { since: number | null; until: number | null },
): Promise<Coverage> {
  const now = ctx.clock.now();
  return coverageOf(await ctx.journal.listListenings(since ?? 0), {
    from: since,
    to: Math.min(until ?? now, now),
    isListenedTo: await ctx.journal.isListenedTo(),
    now,
  });
}

/** What the journal covers right now. */
export async function readCovered(ctx: Context): Promise<Covered> {
  const [first] = await ctx.journal.listEvents({ limit: 1 });
  const [last] = await ctx.journal.listEvents({ limit: 1, newestFirst: true });
  return {
    coverage: await coverageFor(ctx, { since: null, until: null }),
    firstEventAt: first?.receivedAt ?? null,
    lastEventAt: last?.receivedAt ?? null,
    isListenedTo: await ctx.journal.isListenedTo(),
  };
}
