import type { Context } from '../../context/context.ts';
import { laterOrderStatus } from '../../domain/event-order.ts';
import type { Told, ToldOrder } from './event-news.ts';
import { learn } from './reconcile.ts';
import type { Subject } from './session.ts';

/** What an attempt comes to by the result that an event tells. */
const OUTCOMES = new Map([
  ['PRODUCED', 'produced'],
  ['PRODUCTION_ERROR', 'failed'],
]);

/**
 * Takes over how an order went on, as an event tells it, by the same way as what a look shows: the journal learns from it,
 * and the target's card is filled in.
 * @returns false when the journal knows something else, which only a look can settle
 */
export async function takeOverOrder(ctx: Context, subject: Subject, told: ToldOrder): Promise<boolean> {
  const { latest, target } = subject;
  const { orderStatus, cardToken, event } = told;
  const { profileId, orderId } = target;
  const known = await ctx.journal.findCard({ cardToken: null, orderId });
  // It ended meanwhile, or another process saw it further.
  if (known && laterOrderStatus(known.orderStatus ?? null, orderStatus) !== orderStatus) return false;
  if (known && (known.cardToken ?? cardToken) !== cardToken) return false;
  const deliveryOption = latest?.deliveryOption ?? null;
  const learned = { profileId, orderId, cardToken, cardCreatedAt: null, deliveryOption, orderStatus };
  await ctx.journal.rememberCard(learned, event.receivedAt);
  const attempt = cardToken === null ? null : await ctx.journal.latestAttempt(cardToken);
  target.cardToken = cardToken;
  subject.update({ orderStatus, cardToken, attempt, requirements: null });
  return true;
}

/**
 * Takes over a production that an event tells, in the same way.
 * @returns false when the attempt is not the one any more that was seen
 */
export async function takeOverProduction(
  ctx: Context,
  subject: Subject,
  { production }: Told,
): Promise<boolean> {
  const { latest, target } = subject;
  const { profileId, orderId, cardToken } = target;
  if (!latest || cardToken === null) return false;
  const current = await ctx.journal.latestAttempt(cardToken);
  const known = latest.facts.attempt;
  // Another process may have learned it first, from a look at the API: that says the same.
  const isAsKnown =
    current?.outcome === known?.outcome || current?.outcome === OUTCOMES.get(production.status);
  if (current?.id !== known?.id || !isAsKnown) return false;
  const lookedAt = ctx.clock.now();
  const attempt = await learn(ctx, { profileId, orderId, cardToken, production, lookedAt });
  if (attempt?.id !== known?.id) return false;
  subject.update({ production, attempt });
  return true;
}
