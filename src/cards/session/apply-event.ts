import type { Context } from '../../context/context.ts';
import { outcomeOfStatus } from '../../domain/attempt.ts';
import { laterOrderStatus } from '../../domain/event-order.ts';
import type { ProvenOrder, ProvenProduction } from './event-news.ts';
import { reconcile } from './reconcile.ts';
import type { CardSession } from './session.ts';

/**
 * Applies an order status that events prove, as if it had been read from the API.
 * @returns true if it was applied; false if the journal contradicts it, so that the API must be read
 */
export async function applyOrder(ctx: Context, session: CardSession, proven: ProvenOrder): Promise<boolean> {
  const { orderStatus, cardToken, event } = proven;
  const { profileId, orderId } = session.identity;
  const known = await ctx.journal.findCard({ cardToken: null, orderId });
  // The order has ended, or another process has read a later status.
  if (known && laterOrderStatus(known.orderStatus ?? null, orderStatus) !== orderStatus) return false;
  if (known && (known.cardToken ?? cardToken) !== cardToken) return false;
  const deliveryOption = session.latest?.deliveryOption ?? null;
  const news = { profileId, orderId, cardToken, cardCreatedAt: null, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(news, event.receivedAt);
  await ctx.report.learn(news);
  const attempt = cardToken === null ? null : await ctx.journal.latestAttempt(cardToken);
  session.apply({ orderStatus, cardToken, attempt, requirements: null });
  return true;
}

/**
 * Applies a production that events prove, as if it had been read from the API.
 * @returns true if it was applied; false if the card was never read, or if another process has changed the card's
 * attempt since the last read
 */
export async function applyProduction(
  ctx: Context,
  session: CardSession,
  { production }: ProvenProduction,
): Promise<boolean> {
  const { latest, identity } = session;
  const { profileId, orderId, cardToken } = identity;
  if (!latest || cardToken === null) return false;
  const current = await ctx.journal.latestAttempt(cardToken);
  const known = latest.facts.attempt;
  // Another process may have applied the same result first.
  const isAsKnown = current?.outcome === known?.outcome || current?.outcome === outcomeOfStatus(production);
  if (current?.id !== known?.id || !isAsKnown) return false;
  const readAt = ctx.calendar.now();
  const attempt = await reconcile(ctx, { profileId, orderId, cardToken, production, readAt, read: null });
  if (attempt?.id !== known?.id) return false;
  session.apply({ production, attempt });
  return true;
}
