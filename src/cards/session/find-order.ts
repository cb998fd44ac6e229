import type { Context } from '../../context/context.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { CardOrder } from '../../wire/orders.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { listOrders, PAGE_SIZE } from '../../wise/orders.ts';

/** All orders of a profile, page by page, as far as the caller reads on. Ends when a page brings nothing new. */
export async function* allOrders(
  ctx: Context,
  profileId: number,
  read?: ReadOptions,
): AsyncGenerator<CardOrder> {
  const seen = new Set<number>();
  for (let page = 1; ; page += 1) {
    const { cardOrders } = await listOrders(ctx.wise, { profileId, page }, { signal: ctx.signal, ...read });
    const fresh = cardOrders.filter(({ id }) => !seen.has(id));
    for (const order of fresh) {
      seen.add(order.id);
      yield order;
    }
    if (fresh.length === 0 || cardOrders.length < PAGE_SIZE) return;
  }
}

/** @returns the order id, or null when no order of the profile names the card */
export async function findByTokenInOrders(
  ctx: Context,
  { profileId, cardToken }: { profileId: number; cardToken: CardToken },
  read?: ReadOptions,
): Promise<number | null> {
  for await (const order of allOrders(ctx, profileId, read)) {
    if (order.cardToken === cardToken) return order.id;
  }
  return null;
}
