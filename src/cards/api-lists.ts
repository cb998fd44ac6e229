import type { Context } from '../context/context.ts';
import type { Card } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import type { CardToken } from '../domain/ids.ts';
import type { WiseCard } from '../wire/cards.ts';
import type { CardOrder, CardProgram } from '../wire/orders.ts';
import { listCards } from '../wise/cards.ts';
import { listPrograms, PAGE_SIZE } from '../wise/orders.ts';
import { allOrders } from './session/find-order.ts';
import { unseenCard } from './session/read-card.ts';

/** An order as `orders` lists it: nothing about its cardholder. */
export interface ListedOrder {
  profileId: number;
  orderId: number;
  cardToken: CardToken | null;
  orderStatus: string;
  program: string | null;
  deliveryOption: string | null;
  createdAt: string | null;
}

/** A card as `cards` lists it: what the list of cards says, which is nothing of its order and its production. */
export interface ListedCard extends Card {
  cardStatus: string | null;
  program: string | null;
  cardType: string | null;
  createdAt: string | null;
}

/** The profile that a command without a card is about. @throws Failure `input-required` */
export function requireProfile(ctx: Context): number {
  if (ctx.profileId !== null) return ctx.profileId;
  throw failure('input-required', 'Which profile?', 'Name it with --profile-id or KIOSKCTL_PROFILE_ID.');
}

export async function programs(ctx: Context): Promise<CardProgram[]> {
  return listPrograms(ctx.wise, requireProfile(ctx), { signal: ctx.signal });
}

/** @param limit how many at most, in the vendor's order */
export async function orders(ctx: Context, limit: number): Promise<ListedOrder[]> {
  const profileId = requireProfile(ctx);
  const listed: ListedOrder[] = [];
  for await (const order of allOrders(ctx, profileId)) {
    if (listed.length === limit) break;
    listed.push(toListedOrder(order));
  }
  return listed;
}

/** @param limit how many at most, in the vendor's order */
export async function cards(ctx: Context, limit: number): Promise<ListedCard[]> {
  const profileId = requireProfile(ctx);
  const listed = new Map<string, ListedCard>();
  for (let page = 1; listed.size < limit; page += 1) {
    const { cards: found } = await listCards(ctx.wise, { profileId, page }, { signal: ctx.signal });
    const before = listed.size;
    for (const card of found) listed.set(card.token, toListedCard(ctx, card, profileId));
    if (listed.size === before || found.length < PAGE_SIZE) break;
  }
  return [...listed.values()].slice(0, limit);
}

function toListedOrder(order: CardOrder): ListedOrder {
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

function toListedCard(ctx: Context, card: WiseCard, profileId: number): ListedCard {
  return {
    ...unseenCard(ctx, {
      profileId: card.profileId ?? profileId,
      cardToken: card.token,
      orderId: null,
    }),
    cardStatus: card.status?.value ?? null,
    program: card.cardProgram?.name ?? null,
    cardType: card.cardProgram?.cardType ?? null,
    createdAt: card.creationTime,
  };
}
