import type { Context } from '../../context/context.ts';

/**
 * May a look ask for the production alone? Only while a listener lives, and if the order was seen or heard of since it
 * began: a cancellation before it would be missed. Of a card of which only events told, no order is known anyhow.
 */
export async function mayLookLean(
  ctx: Context,
  { orderId, cardToken }: { orderId: number | null; cardToken: string | null },
): Promise<boolean> {
  const since = await ctx.journal.listenedToSince();
  if (since === null) return false;
  if (orderId === null) return true;
  const seenAt = await ctx.journal.orderSeenAt(cardToken ?? '');
  return seenAt !== null && since <= seenAt;
}
