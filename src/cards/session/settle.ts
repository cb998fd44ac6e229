import type { Context } from '../../context/context.ts';
import { type Attempt, idsOf, isHeldByVendor, isUnsettled } from '../../domain/attempt.ts';
import { cardLabel, hintOf } from '../../domain/card.ts';
import { asFailure, type Failure, type FailureDetails, failure } from '../../domain/errors/failure.ts';
import { attemptRefused, outcomeUnknown, productionRefused } from '../../domain/guards.ts';
import { checkWindow } from '../../domain/times/settle-window.ts';
import type { CardSession } from './session.ts';
import { waitFor } from './wait.ts';
import { momentOf } from './window.ts';

/** Time after the settle window in which failed reads are retried, in milliseconds. */
const GRACE_MS = 30_000;

/**
 * Settles an attempt with a lost response: reads the production until it changes or the settle window has passed.
 * @returns the attempt with its outcome, which may be `not-seen`
 * @throws Failure `outcome-unknown` at the deadline, or if the production is unreadable
 */
export async function settleLost(ctx: Context, session: CardSession, attempt: Attempt): Promise<Attempt> {
  const grace = isHeldByVendor(attempt) ? 0 : GRACE_MS;
  const now = momentOf(ctx);
  const { left } = checkWindow(attempt.settleWindow, { now, begin: now }, ctx.timing);
  const limit = ctx.stopwatch.after(left + grace);
  await waitFor(ctx, session, {
    goal: 'settled',
    deadline: session.deadline === null || limit.minus(session.deadline) < 0 ? limit : session.deadline,
    isReached: ({ facts }) => facts.attempt?.id !== attempt.id || !isUnsettled(facts.attempt),
    onDeadline: () => unknown(session, attempt),
  }).catch((error: unknown) => {
    ctx.signal.throwIfAborted();
    const failure = asFailure(error);
    // A failed read proves nothing about the request.
    throw failure.code === 'outcome-unknown' ? failure : unknown(session, attempt, failure);
  });
  const attempts = await ctx.journal.listAttempts(attempt.cardToken);
  return attempts.find(({ id }) => id === attempt.id) ?? attempt;
}

/**
 * Throws the failure of an attempt that was refused, not seen, superseded or abandoned. Does nothing for other attempts.
 * @param cause why the response to the request was lost; the failure `not-seen` includes it
 * @throws Failure `not-seen`, `attempt-superseded`, `production-refused`
 */
export function refuseLost(session: CardSession, attempt: Attempt, cause: FailureDetails = {}): void {
  const { card } = session;
  if (attempt.outcome === 'refused' || attempt.endCode !== null) throw attemptRefused(card, attempt);
  if (attempt.outcome === 'not-seen') {
    throw failure(
      'not-seen',
      `Wise showed no sign of the request to produce card ${cardLabel(card)} for the whole settle window.`,
      `You can send it again; kioskctl checks the card first: ${hintOf(card)}`,
      { ...cause, ...idsOf(attempt) },
    );
  }
  if (attempt.outcome === 'superseded') {
    const kioskId = card.production?.kioskId ?? 'unknown';
    const message = `A later attempt superseded this one: card ${cardLabel(card)} is at kiosk ${kioskId}.`;
    throw failure('attempt-superseded', message, hintOf(card), idsOf(attempt));
  }
  if (attempt.outcome === 'abandoned') {
    const message = `Attempt ${attempt.number} on card ${cardLabel(card)} was abandoned by another command.`;
    throw failure('attempt-superseded', message, hintOf(card), idsOf(attempt));
  }
}

function unknown({ card }: CardSession, attempt: Attempt, cause?: Failure): Failure {
  return isHeldByVendor(attempt)
    ? productionRefused(card, attempt.production, idsOf(attempt))
    : outcomeUnknown(card, attempt, { cause });
}
