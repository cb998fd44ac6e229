import { settleOpenAttempt } from '../cards/session/send.ts';
import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Attempt, Outcome } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import type { RunCard, RunStep } from '../domain/run.ts';

/** Outcomes that prove that the request of the step arrived: it is not sent again. */
const ARRIVED = new Set<Outcome>(['accepted', 'queued', 'produced', 'failed']);

export async function countAttempts({ journal }: Context, { identity }: CardSession): Promise<number> {
  const { cardToken } = identity;
  const latest = cardToken === null ? null : await journal.latestAttempt(cardToken);
  return latest?.number ?? 0;
}

/**
 * Finds the attempt of a step whose process died in the middle of it.
 * @param interrupted the step as it was stored before it started
 * @returns its attempt, if its request arrived; null when the step is to be done now
 * @throws Failure when the outcome can't be determined
 */
export async function findAttemptOf(
  ctx: Context,
  session: CardSession,
  interrupted: RunStep,
): Promise<Attempt | null> {
  const { cardToken } = session.identity;
  if (cardToken === null) return null;
  const attempt = await ctx.journal.latestAttempt(cardToken);
  if (!attempt || attempt.number <= (interrupted.attemptsBefore ?? 0)) return null;
  await settleOpenAttempt(ctx, session, attempt);
  const now = session.latest?.facts.attempt ?? null;
  return now && now.number > (interrupted.attemptsBefore ?? 0) && ARRIVED.has(now.outcome) ? now : null;
}

/** Notes the number of attempts of an interrupted step that came to nothing before it was repeated. */
export function noteLost(step: RunStep, { attempt, attemptId }: Card): void {
  const lost = attempt - (step.attemptsBefore ?? attempt) - 1;
  if (lost > 0 && step.attemptId === attemptId) step.attemptsLost = lost;
}

/** The number of attempts on the card that only exist because sessions were interrupted. */
export function lostAttempts({ steps }: RunCard, { identity }: CardSession): number {
  return steps
    .filter(({ cardToken }) => cardToken === identity.cardToken)
    .reduce((sum, { attemptsLost = 0 }) => sum + attemptsLost, 0);
}
