import { type Instant, instantOf } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { receivingSince } from '../../context/listener-state.ts';
import { type Attempt, lagsBehind } from '../../domain/attempt.ts';
import { type Card, type CardFacts, describeCard } from '../../domain/card.ts';
import { type CardIdentity, type CardToken } from '../../domain/ids.ts';
import { parseVendorTime } from '../../domain/times/vendor-time.ts';
import type { CardOrder } from '../../wire/orders.ts';
import { getCard, getProduction } from '../../wise/cards.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { allOrders, getOrder, listRequirements } from '../../wise/orders.ts';
import { type ReadTime, reconcile } from './reconcile.ts';

interface CardReadOptions extends ReadOptions {
  /** True to read only the production; all other data come from the journal. */
  needsOnlyProduction: boolean;
  /** True if an earlier search found no order for the card. */
  isOrderSearched: boolean;
  /** Creation time of the order, if an earlier read showed it. */
  orderedAt: string | null | undefined;
  /** Receives the token and the order id of the card as soon as each is known; null means that there is none. */
  identify: (news: Partial<CardIdentity>) => void;
}

/** The state of a card at one read. */
export interface Observation {
  facts: CardFacts;
  card: Card;
  /** Delivery option of the order (`KIOSK_COLLECTION` for a kiosk); null if unknown. */
  deliveryOption: string | null;
  /** Arrival time of the response with the production; for `readAnswer`, of the response with the order. */
  readAt: Instant;
  read: ReadTime;
}

/**
 * Reads a card from the API (order, age, then production), and reconciles the journal.
 * @throws Failure `not-found` if Wise does not know the order or card, and the errors of the requests
 */
export async function readCard(
  ctx: Context,
  known: CardIdentity,
  options: CardReadOptions,
): Promise<Observation> {
  const read = { signal: ctx.signal, ...options };
  const { identity, order, orderStatus, createdAt, deliveryOption } = await readOrder(ctx, known, read);
  await ctx.report.learn(identity);
  const { profileId, cardToken } = identity;
  const asked = instantOf(ctx);
  const production =
    cardToken === null ? null : await getProduction(ctx.wise, { profileId, cardToken }, read);
  const readAt = instantOf(ctx);
  const times = { asked, vendorTime: ctx.wise.serverTime };
  const seen = { ...identity, production, readAt: asked.time, read: times };
  const attempt = cardToken === null ? null : await reconcile(ctx, { ...seen, cardToken });
  await updateClockOffset(ctx);
  const orderedAt = order?.creationTime ?? options.orderedAt ?? null;
  const facts: CardFacts = {
    ...identity,
    orderStatus,
    // PRODUCED is final, even if the API shows an older status.
    production:
      attempt?.outcome === 'produced' && lagsBehind(production, attempt) ? attempt.production : production,
    attempt,
    // A card can't be older than its order.
    age: ageOf(ctx, createdAt ?? orderedAt),
    orderedAt,
    requirements:
      order?.status === 'PLACED'
        ? await listRequirements(ctx.wise, { profileId, orderId: order.id }, read)
        : null,
  };
  return { facts, card: describeCard(facts, ctx.invocation), deliveryOption, readAt, read: times };
}

/**
 * Returns the state of a card from the response to its order, and records it in the journal. Requirements are not read.
 */
export async function readAnswer(
  ctx: Context,
  identity: CardIdentity,
  order: CardOrder,
): Promise<Observation> {
  const { status: orderStatus, creationTime: orderedAt, deliveryDetails } = order;
  const deliveryOption = deliveryDetails?.deliveryOption ?? null;
  const known = { ...identity, cardCreatedAt: null, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(known, ctx.calendar.now());
  await updateClockOffset(ctx);
  const nothing = { production: null, attempt: null, requirements: null };
  const facts = { ...identity, ...nothing, orderStatus, orderedAt, age: ageOf(ctx, orderedAt) };
  const readAt = instantOf(ctx);
  const read = { asked: readAt, vendorTime: null };
  return { facts, card: describeCard(facts, ctx.invocation), deliveryOption, readAt, read };
}

/** Describes a card without reading it, for the output. */
export function unseenCard(
  ctx: Context,
  { profileId, orderId, cardToken }: CardIdentity,
  attempt: Attempt | null = null,
): Card {
  const nothing = { orderStatus: null, production: null, age: null, requirements: null };
  return describeCard({ profileId, orderId, cardToken, ...nothing, attempt }, ctx.invocation);
}

/** Reads the order and the card, if they exist. Data that never change come from the journal. */
async function readOrder(ctx: Context, identity: CardIdentity, options: CardReadOptions) {
  const { identify, needsOnlyProduction } = options;
  // Events may have added the order to the journal.
  if (needsOnlyProduction) await ctx.journal.projectEvents();
  const known = await ctx.journal.findCard(identity);
  const { profileId } = identity;
  if (needsOnlyProduction && known && identity.cardToken !== null) {
    const orderId = identity.orderId ?? known.orderId;
    if (orderId !== null) identify({ orderId });
    const { orderStatus = null, cardCreatedAt, deliveryOption } = known;
    return {
      identity: { ...identity, orderId },
      order: null,
      orderStatus,
      createdAt: cardCreatedAt,
      deliveryOption,
    };
  }
  const orderId = identity.orderId ?? known?.orderId ?? (await searchOrder(ctx, identity, options));
  identify({ orderId });
  const order = orderId === null ? null : await getOrder(ctx.wise, { profileId, orderId }, options);
  const cardToken = identity.cardToken ?? order?.cardToken ?? null;
  identify({ cardToken });
  const found = { profileId, orderId, cardToken };
  const createdAt = known?.cardCreatedAt ?? (await readCreationTime(ctx, found, options));
  const deliveryOption = order?.deliveryDetails?.deliveryOption ?? known?.deliveryOption ?? null;
  const orderStatus = order?.status ?? null;
  await ctx.journal.rememberCard(
    { ...found, cardCreatedAt: createdAt, deliveryOption, orderStatus },
    ctx.calendar.now(),
  );
  return { identity: found, order, orderStatus, createdAt, deliveryOption };
}

/** Searches the profile's orders for the card. @returns the order id; null if no order contains the card */
async function searchOrder(
  ctx: Context,
  { profileId, cardToken }: CardIdentity,
  { isOrderSearched, ...read }: CardReadOptions,
): Promise<number | null> {
  if (cardToken === null || isOrderSearched) return null;
  for await (const order of allOrders(ctx.wise, profileId, { signal: ctx.signal, ...read }))
    if (order.cardToken === cardToken) return order.id;
  return null;
}

async function readCreationTime(
  ctx: Context,
  { profileId, cardToken }: CardIdentity,
  read: ReadOptions,
): Promise<string | null> {
  if (cardToken === null) return null;
  return (await getCard(ctx.wise, { profileId, cardToken }, read)).creationTime;
}

/**
 * Minimum change of the clock difference, in milliseconds, that is recorded. Smaller changes come from the time that a
 * response takes to arrive.
 */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Records the difference between the clocks of Wise and of this machine. The difference determines the ages of cards
 * that are shown without a read.
 */
async function updateClockOffset({ wise, calendar, journal }: Context): Promise<void> {
  if (wise.serverTime === null) return;
  const offset = wise.serverTime - calendar.now();
  if (Math.abs(offset - (await journal.clockOffset())) > CLOCK_TOLERANCE_MS)
    await journal.rememberClockOffset(offset);
}

/**
 * Returns the age of a card in milliseconds, by the clock of Wise (`Date` header). In the embedded sandbox, this clock
 * is virtual. The header has whole seconds, so the creation time is truncated to seconds.
 */
function ageOf(ctx: Context, createdAt: string | null): number | null {
  const created = parseVendorTime(createdAt)?.milliseconds;
  if (created === undefined) return null;
  return (ctx.wise.serverTime ?? ctx.calendar.now()) - Math.floor(created / 1_000) * 1_000;
}

/**
 * True if reading only the production is enough: a listener that receives events has been running since the order was
 * last read, so a cancellation would have been noticed. If no order is known, there is nothing else to read.
 */
export async function mayReadOnlyProduction(
  ctx: Context,
  { orderId, cardToken }: { orderId: number | null; cardToken: CardToken | null },
): Promise<boolean> {
  const since = await receivingSince(ctx, await ctx.journal.listenedToSince());
  if (since === null) return false;
  if (orderId === null) return true;
  const seenAt = cardToken === null ? null : await ctx.journal.orderSeenAt(cardToken);
  return seenAt !== null && since <= seenAt;
}
