import { settleOpenAttempt } from '../cards/session/send.ts';
import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Attempt, Outcome } from '../domain/attempt.ts';
import { type Card, cardLabel, hintOf } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import type { RunCard, RunRecord, RunStep } from '../domain/run.ts';
import { everyRunCard } from '../journal/run-cards.ts';

/** Outcomes that prove that the request of the step arrived: it is not sent again. */
const ARRIVED = new Set<Outcome>(['accepted', 'queued', 'produced', 'failed']);

/** Outcomes that prove that the request was not accepted: each resume sends it once more. */
const NOT_ACCEPTED = new Set<Outcome>(['refused', 'not-seen']);

/**
 * Opens a card of an earlier session again if the step that ended it sent a request that was certainly not accepted, and
 * nothing happened to the card since.
 * @returns false if the card stays as it is
 */
export async function reopen({ journal }: Context, card: RunCard): Promise<boolean> {
  const step = card.steps.find(({ outcome }) => outcome === 'failed');
  if (card.endedAt === null || !step || step.attemptId === undefined || step.cardToken === null) return false;
  const { cleanUp = null } = card.orders.find(({ orderId }) => orderId === step.orderId) ?? {};
  const latest = await journal.latestAttempt(step.cardToken);
  const isOver = cleanUp === 'cancelled' || cleanUp === 'ended-before';
  if (isOver || latest?.id !== step.attemptId || !NOT_ACCEPTED.has(latest.outcome)) return false;
  // As if its process had been killed: `findAttemptOf` finds that the request did not arrive.
  const { error: _, attemptId: __, ...again } = step;
  const running = { ...again, outcome: 'running' as const, exitCode: null, endedAt: null };
  card.steps = [...card.steps.slice(0, step.index), running];
  Object.assign(card, { outcome: 'interrupted', exitCode: null, endedAt: null });
  delete card.stopsRun;
  return true;
}

export async function countAttempts({ journal }: Context, { identity }: CardSession): Promise<number> {
  const { cardToken } = identity;
  const latest = cardToken === null ? null : await journal.latestAttempt(cardToken);
  return latest?.number ?? 0;
}

/**
 * Finds the attempt of a step whose process died in the middle of it.
 * @param interrupted the step as it was stored before it started
 * @returns its attempt, if its request arrived; null when the step is to be done now
 * @throws Failure when the outcome can't be determined, or was not certain when somebody closed the attempt
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
  if (!now || now.number <= (interrupted.attemptsBefore ?? 0) || NOT_ACCEPTED.has(now.outcome)) return null;
  if (ARRIVED.has(now.outcome)) return now;
  const { card } = session;
  const message = `Attempt ${now.number} on card ${cardLabel(card)} is ${now.outcome}: the run does not send it again.`;
  throw failure('attempt-superseded', message, hintOf(card));
}

/** True if resuming a run sends something again. */
export async function hasUnaccepted(ctx: Context, run: RunRecord): Promise<boolean> {
  for await (const card of everyRunCard(ctx.journal, run.id)) if (await reopen(ctx, card)) return true;
  return false;
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
