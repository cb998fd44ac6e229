import type { Context } from '../../context/context.ts';
import {
  type Attempt,
  followUp,
  isOpen,
  type Outcome,
  observedOutcome,
  readProduction,
} from '../../domain/attempt.ts';
import type { Production } from '../../domain/production.ts';

interface Look {
  profileId: number;
  orderId: number | null;
  cardToken: string;
  production: Production | null;
  /** When the production was asked for, in milliseconds since the epoch. */
  lookedAt: number;
}

/** With these outcomes, a production that is newer than the baseline is the attempt's own. */
const BELONGING = new Set<Outcome>(['accepted', 'produced', 'failed', 'refused']);

/**
 * Lets the journal learn from a production that was read: an open attempt goes on or ends, and an attempt of another
 * system that shows for the first time is recorded.
 * @returns the latest attempt on the card
 */
export async function learn(ctx: Context, look: Look): Promise<Attempt | null> {
  await ctx.journal.rememberProduction(look.cardToken, look.production, look.lookedAt);
  const latest = await ctx.journal.latestAttempt(look.cardToken);
  const attempt = latest && isOpen(latest) ? await bringUpToDate(ctx, latest, look) : latest;
  const { cardToken, profileId, orderId, production, lookedAt } = look;
  const outcome = observedOutcome(attempt, production);
  if (!production || outcome === null) return attempt;
  const { kioskId } = production;
  return ctx.journal.recordObserved({
    cardToken,
    profileId,
    orderId,
    kioskId,
    outcome,
    production,
    at: lookedAt,
  });
}

async function bringUpToDate(
  ctx: Context,
  attempt: Attempt,
  { production, lookedAt }: Look,
): Promise<Attempt> {
  // The process that sends it is still waiting for the answer, which says more than the production.
  if (attempt.outcome === 'sent' && (await ctx.journal.isHeld(attempt))) return attempt;
  const outcome = followUp(attempt, production, { lookedAt, settleWindow: ctx.timing.settleWindow });
  // What was there before the attempt, which the API may still show, says nothing about it.
  const reading = readProduction(attempt, production);
  const belongs = reading !== 'unchanged' && reading !== 'undecidable' && BELONGING.has(outcome);
  const isNews = outcome !== attempt.outcome || (belongs && !isSame(production, attempt.production));
  if (!isNews) return attempt;
  return ctx.journal.update(attempt, { outcome, production: belongs ? production : null, at: lookedAt });
}

function isSame(left: Production | null, right: Production | null): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
