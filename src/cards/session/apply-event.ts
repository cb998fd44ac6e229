import type { Context } from '../../context/context.ts';
import { laterOrderStatus } from '../../domain/event-order.ts';
import type { Told, ToldOrder } from './event-news.ts';
import { reconcile } from './reconcile.ts';
import type { CardSession } from './session.ts';

/** The outcome of an attempt by the status that an event reports. */
const OUTCOMES = new Map([
  ['PRODUCED', 'produced'],
  ['PRODUCTION_ERROR', 'failed'],
]);

/**
 * Applies an order event as if it had been read from the API.
 * @returns false when the journal knows something else, which only a read can settle
 */
export async function applyOrderEvent(ctx: Context, session: CardSession, told: ToldOrder): Promise<boolean> {
  const { orderStatus, cardToken, event } = told;
  const { profileId, orderId } = session.identity;
  const known = await ctx.journal.findCard({ cardToken: null, orderId });
  // It ended meanwhile, or another process saw it further.
  if (known && laterOrderStatus(known.orderStatus ?? null, orderStatus) !== orderStatus) return false;
  if (known && (known.cardToken ?? cardToken) !== cardToken) return false;
  const deliveryOption = session.latest?.deliveryOption ?? null;
  const news = { profileId, orderId, cardToken, cardCreatedAt: null, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(news, event.receivedAt);
  const attempt = cardToken === null ? null : await ctx.journal.latestAttempt(cardToken);
  session.apply({ orderStatus, cardToken, attempt, requirements: null });
  return true;
}

/**
 * Applies a production event as if it had been read from the API.
 * @returns false when the attempt is not the one any more that was read
 */
export async function applyProductionEvent(
  ctx: Context,
  session: CardSession,
  { production }: Told,
): Promise<boolean> {
  const { latest, identity } = session;
  const { profileId, orderId, cardToken } = identity;
  if (!latest || cardToken === null) return false;
  const current = await ctx.journal.latestAttempt(cardToken);
  const known = latest.facts.attempt;
  // Another process may have reconciled it first, with a read from the API: the result is the same.
  const isAsKnown =
    current?.outcome === known?.outcome || current?.outcome === OUTCOMES.get(production.status);
  if (current?.id !== known?.id || !isAsKnown) return false;
  const readAt = ctx.calendar.now();
  const attempt = await reconcile(ctx, { profileId, orderId, cardToken, production, readAt, moment: null });
  if (attempt?.id !== known?.id) return false;
  session.apply({ production, attempt });
  return true;
}
