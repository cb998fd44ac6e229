import { isOpen, isUnsettled } from '../../domain/attempt.ts';
import { type Card, name } from '../../domain/card.ts';
import { asFailure } from '../../domain/failure.ts';
import type { LeftOut } from '../../domain/retry-plan.ts';
import type { JournalCard } from '../../domain/selection.ts';
import { parseVendorTime } from '../../domain/vendor-time.ts';
import type { Context } from '../context.ts';
import { Subject } from '../each-card.ts';
import { leaseOnCard } from '../leases.ts';
import { bringToRest } from '../send.ts';

/**
 * Looks what became of attempts that are still open: a command died, or did not wait. While a listener lives, its events
 * tell of those that were accepted.
 */
export async function settleOpenAttempts(ctx: Context, cards: readonly JournalCard[]) {
  const isListenedTo = await ctx.journal.isListenedTo();
  const leases = new Set((await ctx.journal.listLeases()).map(({ subject }) => subject));
  const settled: JournalCard[] = [];
  const leftOut: LeftOut[] = [];
  for (const one of cards) {
    const { attempt } = one;
    // Somebody who is at it right now sees to it.
    const isBusy = leases.has(leaseOnCard(one.card.cardToken ?? ''));
    const isOurs = attempt?.origin === 'ours' && isOpen(attempt) && !isBusy;
    if (!isOurs || (isListenedTo && !isUnsettled(attempt))) settled.push(one);
    else {
      const end = await settle(ctx, one);
      if ('failure' in end) leftOut.push(end);
      else settled.push(end);
    }
  }
  return { settled, leftOut };
}

async function settle(ctx: Context, one: JournalCard): Promise<JournalCard | LeftOut> {
  const subject = new Subject(ctx, targetOf(one.card));
  try {
    if (one.attempt) await bringToRest(ctx, subject, one.attempt);
    const attempt = subject.latest?.facts.attempt ?? one.attempt;
    if (subject.card.stage === 'produced')
      ctx.report.note(`Card ${name(subject.card)}, sent before, was produced.`);
    const moved = parseVendorTime(subject.card.production?.occurredAt ?? null)?.milliseconds;
    return { card: subject.card, attempt, changedAt: moved ?? one.changedAt };
  } catch (error) {
    ctx.signal.throwIfAborted();
    await subject.recall();
    return { card: subject.card, failure: asFailure(error) };
  }
}

/** A card of the journal as what commands work on. */
export function targetOf({ profileId, orderId, cardToken }: Card) {
  return { profileId, orderId, cardToken, after: null };
}
