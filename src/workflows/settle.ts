import { type Attempt, isUnsettled } from '../domain/attempt.ts';
import { asFailure, Failure } from '../domain/failure.ts';
import { hintOf, name } from '../domain/guards.ts';
import { productionRefused } from '../domain/production-failure.ts';
import type { Context } from './context.ts';
import type { Subject } from './each-card.ts';
import { waitFor } from './wait.ts';

/** How long after the settle window looks may still fail before the outcome is given up as unknown. */
const GRACE_MS = 30_000;

/**
 * Finds out what became of a request whose answer was lost, by looking at the production until it moves or the settle
 * window has passed.
 * @returns the attempt, accepted, ended, or `not-seen`
 * @throws Failure `outcome-unknown` when the deadline comes first, or nothing can be read
 */
export async function settleLost(ctx: Context, subject: Subject, attempt: Attempt): Promise<Attempt> {
  const limit = (attempt.sentAt ?? ctx.clock.now()) + ctx.timing.settleWindow + GRACE_MS;
  await waitFor(ctx, subject, {
    goal: 'settled',
    deadline: Math.min(limit, subject.deadline ?? limit),
    isReached: ({ facts }) => facts.attempt?.id !== attempt.id || !isUnsettled(facts.attempt),
    onDeadline: () => outcomeUnknown(subject, attempt),
  }).catch((error: unknown) => {
    const failure = asFailure(error);
    throw failure.code === 'journal-unusable' ? outcomeUnknown(subject, attempt) : failure;
  });
  const attempts = await ctx.journal.listAttempts(attempt.cardToken);
  return attempts.find(({ id }) => id === attempt.id) ?? attempt;
}

/**
 * Ends the command for an attempt that did not get through.
 * @throws Failure `not-seen`, `attempt-superseded`, `production-refused`; nothing for the other outcomes
 */
export function refuseLost(subject: Subject, attempt: Attempt): void {
  const { card } = subject;
  if (attempt.outcome === 'not-seen') {
    throw new Failure('not-seen', `The request to produce card ${name(card)} was not seen to arrive.`, {
      hint: `It may be sent again: ${hintOf(card)}`,
      details: idsOf(attempt),
    });
  }
  if (attempt.outcome === 'superseded') {
    const kioskId = card.production?.kioskId ?? 'unknown';
    const message = `Another attempt came after ours: card ${name(card)} is with kiosk ${kioskId}.`;
    throw new Failure('attempt-superseded', message, { hint: hintOf(card), details: idsOf(attempt) });
  }
  if (attempt.outcome === 'refused') throw productionRefused(card, attempt.production, idsOf(attempt));
}

function outcomeUnknown({ card }: Subject, attempt: Attempt): Failure {
  return new Failure('outcome-unknown', `The request to produce card ${name(card)} may have been accepted.`, {
    hint: `Find out before anything else: ${hintOf(card)}`,
    details: idsOf(attempt),
  });
}

export function idsOf({ correlationId, traceId }: Attempt) {
  return { ...(correlationId && { correlationId }), ...(traceId && { traceId }) };
}
