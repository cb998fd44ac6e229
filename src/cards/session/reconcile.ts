import type { Context } from '../../context/context.ts';
import {
  type Attempt,
  followUp,
  isOpen,
  type Outcome,
  observedOutcome,
  readProduction,
} from '../../domain/attempt.ts';
import type { CardToken } from '../../domain/ids.ts';
import { isSameProduction, type Production } from '../../domain/production.ts';

interface ProductionRead {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken;
  production: Production | null;
  /** When the production was requested, in milliseconds since the epoch. */
  readAt: number;
}

/** With these outcomes, a production that is newer than the baseline is the attempt's own. */
const BELONGING = new Set<Outcome>(['accepted', 'produced', 'failed', 'refused']);

/**
 * Reconciles the journal with a production that was read: updates an open attempt, and records an attempt of another
 * system that shows for the first time.
 * @returns the latest attempt on the card
 */
export async function reconcile(ctx: Context, read: ProductionRead): Promise<Attempt | null> {
  const { cardToken, profileId, orderId, production, readAt } = read;
  await ctx.journal.rememberProduction(cardToken, production, readAt);
  const latest = await ctx.journal.latestAttempt(cardToken);
  const attempt = latest && isOpen(latest) ? await updateAttempt(ctx, latest, read) : latest;
  const outcome = observedOutcome(attempt, production);
  if (!production || outcome === null) return attempt;
  const { kioskId } = production;
  const observed = { cardToken, profileId, orderId, kioskId, outcome, production, at: readAt };
  return ctx.journal.recordObserved(observed);
}

async function updateAttempt(
  ctx: Context,
  attempt: Attempt,
  { production, readAt }: ProductionRead,
): Promise<Attempt> {
  // The process that sends it is still waiting for the answer, which says more than the production.
  if (attempt.outcome === 'sent' && (await ctx.journal.isHeld(attempt))) return attempt;
  const { settleWindow } = ctx.timing;
  const outcome = followUp(attempt, production, { lookedAt: readAt, settleWindow });
  // What was there before the attempt, which the API may still show, says nothing about it.
  const reading = readProduction(attempt, production);
  const belongs = reading !== 'unchanged' && reading !== 'undecidable' && BELONGING.has(outcome);
  const isNews =
    outcome !== attempt.outcome || (belongs && !isSameProduction(production, attempt.production));
  if (!isNews) return attempt;
  return ctx.journal.update(attempt, { outcome, production: belongs ? production : null, at: readAt });
}
