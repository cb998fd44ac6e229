import type { Context } from '../../context/context.ts';
import type { RunCard } from '../../domain/run.ts';

/** Of a run with many cards, so many are held at once. */
const PAGE = 100;

/** The cards of a run as the journal keeps them, in the order of their numbers. */
export async function* keptCards(ctx: Context, id: string): AsyncGenerator<RunCard> {
  for await (const page of pagesOfCards(ctx, id)) yield* page;
}

export async function* pagesOfCards(ctx: Context, id: string): AsyncGenerator<RunCard[]> {
  for (let after = 0; ; ) {
    const page = await ctx.journal.listRunCards(id, { after, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.number ?? after;
  }
}
