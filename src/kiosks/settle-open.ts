import { bringToRest } from '../cards/session/send.ts';
import { Subject } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { leased, leaseOnCard } from '../context/leases.ts';
import { isOpen, isUnsettled } from '../domain/attempt.ts';
import { name } from '../domain/card.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { type JournalCard, kioskOf } from '../domain/selection.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { toTarget } from './kiosk-cards.ts';
import type { LeftOut } from './retry-plan.ts';

export interface Settled {
  /** All cards as they are now, but for the stuck ones. */
  cards: JournalCard[];
  /** Cards whose attempt is still open and can't be looked into: they may be in their kiosk. */
  stuck: LeftOut[];
}

/**
 * Looks what became of attempts of ours that are still open: a command died, or did not wait. While a listener lives, its
 * events tell of those that were accepted.
 */
export async function settleOpenAttempts(ctx: Context, cards: readonly JournalCard[]): Promise<Settled> {
  const isListenedTo = await ctx.journal.isListenedTo();
  const leases = new Map((await ctx.journal.listLeases()).map((lease) => [lease.subject, lease]));
  const settled: Settled = { cards: [], stuck: [] };
  for (const one of cards) {
    const { attempt, card } = one;
    const isOurs = attempt?.origin === 'ours' && isOpen(attempt);
    const lease = isOurs ? leases.get(leaseOnCard(card.cardToken ?? '')) : undefined;
    if (lease) settled.stuck.push({ card, kioskId: kioskOf(one), failure: leased(ctx, lease) });
    else if (!isOurs || (isListenedTo && !isUnsettled(attempt))) settled.cards.push(one);
    else {
      const end = await settle(ctx, one);
      if ('failure' in end) settled.stuck.push(end);
      else settled.cards.push(end);
    }
  }
  return settled;
}

async function settle(ctx: Context, one: JournalCard): Promise<JournalCard | LeftOut> {
  const subject = new Subject(ctx, toTarget(one));
  try {
    if (one.attempt) await bringToRest(ctx, subject, one.attempt);
    if (subject.card.stage === 'produced')
      ctx.report.note(`Card ${name(subject.card)}, sent before, was produced.`);
    const attempt = subject.latest?.facts.attempt ?? one.attempt;
    const moved = parseVendorTime(subject.card.production?.occurredAt ?? null)?.milliseconds;
    return { card: subject.card, attempt, changedAt: moved ?? one.changedAt };
  } catch (error) {
    ctx.signal.throwIfAborted();
    await subject.recall();
    return { card: subject.card, kioskId: kioskOf(one), failure: asFailure(error) };
  }
}
