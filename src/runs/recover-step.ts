import { bringToRest } from '../cards/session/send.ts';
import type { Subject } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Attempt, Outcome } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import type { RunCard, RunStep } from '../domain/run.ts';

/** With these, the request of the step arrived: it is not sent again. */
const ARRIVED = new Set<Outcome>(['accepted', 'queued', 'produced', 'failed']);

/**
 * Looks what became of a produce or retry whose process died in the middle of it.
 * @param killed the step as it was kept before it began
 * @returns its attempt, if its request arrived; null when the step is to be done now
 * @throws Failure when nobody can tell
 */
export async function findAttemptOf(
  ctx: Context,
  subject: Subject,
  killed: RunStep,
): Promise<Attempt | null> {
  const { cardToken } = subject.target;
  if (cardToken === null) return null;
  const attempt = await ctx.journal.latestAttempt(cardToken);
  if (!attempt || attempt.number <= (killed.attemptsBefore ?? 0)) return null;
  await bringToRest(ctx, subject, attempt);
  const now = subject.latest?.facts.attempt ?? null;
  return now && now.number > (killed.attemptsBefore ?? 0) && ARRIVED.has(now.outcome) ? now : null;
}

/** Notes which attempts of a killed step came to nothing before it was done again. */
export function noteLost(step: RunStep, { attempt, attemptId }: Card): void {
  const lost = attempt - (step.attemptsBefore ?? attempt) - 1;
  if (lost > 0 && step.attemptId === attemptId) step.attemptsLost = lost;
}

/** How many attempts on the card there would not be if no session had been killed. */
export function lostAttempts({ steps }: RunCard, { target }: Subject): number {
  return steps
    .filter(({ cardToken }) => cardToken === target.cardToken)
    .reduce((sum, { attemptsLost = 0 }) => sum + attemptsLost, 0);
}
