import type { Context } from '../../context/context.ts';
import { type Attempt, lagsBehind } from '../../domain/attempt.ts';
import { type Card, type CardFacts, describeCard } from '../../domain/card.ts';
import { parseVendorTime } from '../../domain/times/vendor-time.ts';
import type { CardOrder } from '../../wire/orders.ts';
import { getCard, getProduction } from '../../wise/cards.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { getOrder, listRequirements } from '../../wise/orders.ts';
import { findByTokenInOrders } from './find-order.ts';
import { learn } from './reconcile.ts';
import type { Target } from './resolve-cards.ts';

/** How a card is looked at. */
export interface Look extends ReadOptions {
  /** Asks for the production alone: what else there is to know is taken from the journal, as it heard it last. */
  isLean?: boolean;
  /** When its order was created, as an earlier look showed it. */
  orderedAt?: string | null | undefined;
}

/** What one look at a card showed. */
export interface Observation {
  facts: CardFacts;
  card: Card;
  /** How the card reaches its holder, `KIOSK_COLLECTION` for a kiosk; null when nobody said. */
  deliveryOption: string | null;
}

/**
 * Looks at a card: its order, its age and its production, and what the journal knows of its attempts, which learns from
 * what was seen. The production is read last. Fills in the target's token and order as they become known.
 * @throws Failure `not-found` for an order or a card that the API doesn't know, and whatever reading throws
 */
export async function observe(ctx: Context, target: Target, read: Look = {}): Promise<Observation> {
  const options = { signal: ctx.signal, ...read };
  const { order, orderStatus, createdAt, deliveryOption } = await readCard(ctx, target, options);
  const { profileId, cardToken } = target;
  const lookedAt = ctx.clock.now();
  const production =
    cardToken === null ? null : await getProduction(ctx.wise, { profileId, cardToken }, options);
  const attempt =
    cardToken === null ? null : await learn(ctx, { ...identityOf(target), cardToken, production, lookedAt });
  await keepClockOffset(ctx);
  const orderedAt = order?.creationTime ?? read.orderedAt ?? null;
  const facts: CardFacts = {
    ...identityOf(target),
    orderStatus,
    // PRODUCED is the end, whatever the API still shows.
    production:
      attempt?.outcome === 'produced' && lagsBehind(production, attempt) ? attempt.production : production,
    attempt,
    // A card can't be older than its order.
    age: ageOf(ctx, createdAt ?? orderedAt),
    orderedAt,
    requirements:
      order?.status === 'PLACED'
        ? await listRequirements(ctx.wise, { profileId, orderId: order.id }, options)
        : null,
  };
  return { facts, card: describeCard(facts, ctx.invocation), deliveryOption };
}

/**
 * What the answer to an order shows of its card, without a request: the journal learns from it as from a look. It names no
 * requirements. Fills in the target's order.
 */
export async function observeOrder(ctx: Context, target: Target, order: CardOrder): Promise<Observation> {
  const { status: orderStatus, creationTime: orderedAt, deliveryDetails } = order;
  target.orderId = order.id;
  const deliveryOption = deliveryDetails?.deliveryOption ?? null;
  const learned = { ...identityOf(target), cardCreatedAt: null, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(learned, ctx.clock.now());
  await keepClockOffset(ctx);
  const nothing = { production: null, attempt: null, requirements: null };
  const facts = { ...identityOf(target), ...nothing, orderStatus, orderedAt, age: ageOf(ctx, orderedAt) };
  return { facts, card: describeCard(facts, ctx.invocation), deliveryOption };
}

/** A card of which nothing was seen yet, for the output. */
export function unseenCard(ctx: Context, target: Target, attempt: Attempt | null = null): Card {
  const nothing = { orderStatus: null, production: null, age: null, requirements: null };
  return describeCard({ ...identityOf(target), ...nothing, attempt }, ctx.invocation);
}

function identityOf({ profileId, orderId, cardToken }: Target) {
  return { profileId, orderId, cardToken };
}

/** Reads order and card as far as they can be found; what never changes is taken from the journal once it is there. */
async function readCard(ctx: Context, target: Target, read: Look) {
  // What events told of the order counts.
  if (read.isLean) await ctx.journal.projectEvents();
  const known = await ctx.journal.findCard(target);
  const { profileId } = target;
  if (read.isLean && known && target.cardToken !== null) {
    target.orderId ??= known.orderId;
    const { orderStatus = null, cardCreatedAt, deliveryOption } = known;
    return { order: null, orderStatus, createdAt: cardCreatedAt, deliveryOption };
  }
  target.orderId ??= known?.orderId ?? (await searchOrder(ctx, target, read));
  const order =
    target.orderId === null ? null : await getOrder(ctx.wise, { profileId, orderId: target.orderId }, read);
  target.cardToken ??= order?.cardToken ?? null;
  const createdAt = known?.cardCreatedAt ?? (await readCreationTime(ctx, target, read));
  const deliveryOption = order?.deliveryDetails?.deliveryOption ?? known?.deliveryOption ?? null;
  const orderStatus = order?.status ?? null;
  const learned = { ...identityOf(target), cardCreatedAt: createdAt, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(learned, ctx.clock.now());
  return { order, orderStatus, createdAt, deliveryOption };
}

async function searchOrder(ctx: Context, target: Target, read: ReadOptions): Promise<number | null> {
  const { profileId, cardToken } = target;
  if (cardToken === null || target.orderSearched) return null;
  const orderId = await findByTokenInOrders(ctx, { profileId, cardToken }, read);
  target.orderSearched = true;
  return orderId;
}

async function readCreationTime(
  ctx: Context,
  { profileId, cardToken }: Target,
  read: ReadOptions,
): Promise<string | null> {
  if (cardToken === null) return null;
  return (await getCard(ctx.wise, { profileId, cardToken }, read)).creationTime;
}

/** A clock that is this much off is told to the journal, in milliseconds; less is the way of the answer. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The journal counts ages by the vendor's clock, too, when nobody asks the API. */
async function keepClockOffset({ wise, clock, journal }: Context): Promise<void> {
  if (wise.serverTime === null) return;
  const offset = wise.serverTime - clock.now();
  if (Math.abs(offset - (await journal.clockOffset())) > CLOCK_TOLERANCE_MS)
    await journal.rememberClockOffset(offset);
}

/**
 * Counts to the vendor's own clock (the `Date` header), which in the embedded sandbox is a virtual one. The header has
 * whole seconds, so the time of creation is cut to them, too.
 */
function ageOf(ctx: Context, createdAt: string | null): number | null {
  const created = parseVendorTime(createdAt)?.milliseconds;
  if (created === undefined) return null;
  return (ctx.wise.serverTime ?? ctx.clock.now()) - Math.floor(created / 1_000) * 1_000;
}

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
