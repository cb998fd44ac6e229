import type { Context } from '../context/context.ts';
import { failure } from '../domain/errors/failure.ts';
import type { CardIdentity } from '../domain/ids.ts';
import type { WiseCard } from '../wire/cards.ts';
import type { CardOrder, CardProgram } from '../wire/orders.ts';
import { listCards } from '../wise/cards.ts';
import { allOrders, everyRow, listPrograms } from '../wise/orders.ts';
import { unseenCard } from './session/read-card.ts';

/** Returns the profile for a command without card arguments. @throws Failure `input-required` */
export function requireProfile(ctx: Context): number {
  if (ctx.profileId !== null) return ctx.profileId;
  throw failure('input-required', 'No profile is set.', 'Set it with --profile-id or KIOSKCTL_PROFILE_ID.');
}

export async function programs(ctx: Context): Promise<CardProgram[]> {
  return listPrograms(ctx.wise, requireProfile(ctx), { signal: ctx.signal });
}

/** Lists the orders of the profile, without data of cardholders. @param limit maximum number of orders */
export async function orders(ctx: Context, limit: number) {
  const rows = allOrders(ctx.wise, requireProfile(ctx), { signal: ctx.signal });
  return (await take(rows, limit)).map(toListedOrder);
}

/** Lists the kiosk cards of all orders of the profile. Reads all pages. */
export async function orderedCards(ctx: Context): Promise<CardIdentity[]> {
  const profileId = requireProfile(ctx);
  const cards: CardIdentity[] = [];
  for await (const order of allOrders(ctx.wise, profileId, { signal: ctx.signal })) {
    const { id: orderId, cardToken, deliveryDetails } = order;
    if (deliveryDetails?.deliveryOption === 'KIOSK_COLLECTION') cards.push({ profileId, orderId, cardToken });
  }
  return cards;
}

/** Lists the cards of the profile, without their orders and productions. @param limit maximum number of cards */
export async function cards(ctx: Context, limit: number) {
  const profileId = requireProfile(ctx);
  const readPage = async (page: number) =>
    (await listCards(ctx.wise, { profileId, page }, { signal: ctx.signal })).cards;
  const rows = everyRow(readPage, ({ token }) => token);
  return (await take(rows, limit)).map((card) => toListedCard(ctx, card, profileId));
}

async function take<Row>(rows: AsyncIterable<Row>, limit: number): Promise<Row[]> {
  const taken: Row[] = [];
  for await (const row of rows) if (taken.push(row) >= limit) break;
  return taken;
}

function toListedOrder(order: CardOrder) {
  return {
    profileId: order.profileId,
    orderId: order.id,
    cardToken: order.cardToken,
    orderStatus: order.status,
    program: order.cardProgram?.name ?? null,
    deliveryOption: order.deliveryDetails?.deliveryOption ?? null,
    createdAt: order.creationTime,
  };
}

function toListedCard(ctx: Context, card: WiseCard, profileId: number) {
  return {
    ...unseenCard(ctx, { profileId: card.profileId ?? profileId, cardToken: card.token, orderId: null }),
    cardStatus: card.status?.value ?? null,
    program: card.cardProgram?.name ?? null,
    cardType: card.cardProgram?.cardType ?? null,
    createdAt: card.creationTime,
  };
}
