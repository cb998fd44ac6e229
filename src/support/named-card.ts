import type { Context } from '../context/context.ts';
import type { Reference } from '../domain/ids.ts';

/** A card under both its names, as far as the journal knows how they belong together. */
export interface NamedCard {
  cardToken: string | null;
  orderId: number | null;
}

/** Finds the other name of a card; acts and events may have either. */
export async function nameCard(ctx: Context, reference: Reference): Promise<NamedCard> {
  const known = await ctx.journal.findCard(reference);
  const { orderId } = reference;
  const cardToken = reference.cardToken ?? known?.cardToken ?? null;
  if (cardToken !== null || orderId === null)
    return { cardToken, orderId: orderId ?? known?.orderId ?? null };
  return { cardToken: await ctx.journal.findCardToken(orderId), orderId };
}
