import type { Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { awaitAnswer } from '../../context/unanswered.ts';
import { type Attempt, idsOf, isOpen, type Outcome, outcomeOfStatus } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { asFailure, type Failure, type FailureCode } from '../../domain/errors/failure.ts';
import { outcomeUnknown, productionRefused } from '../../domain/guards.ts';
import { judgeAnswer, type ProduceRequest, type Verdict } from '../../domain/production.ts';
import type { AttemptUpdate } from '../../journal/journal.ts';
import type { ProduceAnswer } from '../../wise/cards.ts';
import { answerFailure, unreachable } from '../../wise/client.ts';
import { type Connected, notSent, writeChecked } from './card-request.ts';
import { latestMoment, type ReadTime } from './reconcile.ts';
import type { CardSession } from './session.ts';
import { refuseLost, settleLost } from './settle.ts';

/** Outcome of the attempt for each verdict. For `accepted`, the response determines the outcome. */
const OUTCOMES: Record<Exclude<Verdict, 'accepted' | 'not-connected'>, Outcome> = {
  queued: 'queued',
  refused: 'refused',
  unauthorized: 'refused',
  'not-found': 'refused',
  'rate-limited': 'refused',
  exists: 'unknown',
  lost: 'unknown',
};

/** An attempt that is recorded as sent, and the open connection for its request. */
export interface Recorded extends Connected<ProduceAnswer> {
  attempt: Attempt;
  body: ProduceRequest;
  /** Time of the last read of the production. */
  readAt: Instant;
  read: ReadTime;
}

/**
 * Sends the request of a recorded attempt. Every produce request of kioskctl is sent here.
 * @returns the accepted attempt, or the settled one after a lost response; null if nothing was sent, because the
 * connection was lost before the first byte or the read was too old. The card is then still claimed
 * @throws Failure if the request was not sent, refused, not seen or superseded, or if its outcome is unknown
 */
export async function deliver(
  ctx: Context,
  session: CardSession,
  recorded: Recorded,
): Promise<Attempt | null> {
  const { attempt } = recorded;
  const subject = subjectOf(session);
  const sending = writeChecked(ctx, {
    ...recorded,
    subject,
    lost: (sent): ProduceAnswer => ({ ...sent, production: null }),
  });
  if (!('answer' in sending)) return unsend(ctx, attempt, sending.reason);
  const answer = await awaitAnswer(ctx, sending.answer, () => {
    session.apply({ attempt });
    return outcomeUnknown(session.card, attempt);
  });
  const httpStatus = answer.kind === 'answered' ? answer.httpStatus : null;
  const verdict = judgeAnswer({ kind: answer.kind, httpStatus, production: answer.production });
  if (verdict === 'not-connected')
    return unsend(ctx, attempt, answer.kind === 'answered' ? null : notSent(subject, unreachable(answer)));
  const outcome =
    verdict === 'accepted' ? (outcomeOfStatus(answer.production) ?? 'accepted') : OUTCOMES[verdict];
  const ended = await recordOutcome(ctx, attempt, {
    outcome,
    production: answer.production,
    traceId: answer.kind === 'answered' ? answer.traceId : null,
    httpStatus,
    endCode: isOpen({ outcome }) ? null : endCodeOf(answer, verdict),
    settleWindow: { start: latestMoment(ctx, recorded.read), hasEnded: true, isOver: false },
    at: ctx.calendar.now(),
  });
  session.apply({ attempt: ended, ...(verdict === 'accepted' && { production: answer.production }) });
  if (verdict === 'accepted' || verdict === 'queued') return ended;
  if (verdict === 'lost' || verdict === 'exists')
    return settleAnswer(ctx, session, { attempt: ended, answer, verdict });
  throw refusal(session, { attempt: ended, answer, verdict });
}

/**
 * Reverts the record of a request that was not sent.
 * @param reason the error to throw; null if the caller may try again
 */
async function unsend(ctx: Context, attempt: Attempt, reason: unknown): Promise<null> {
  // If this fails, the next command settles the attempt.
  await ctx.journal.takeBack(attempt).catch((error: unknown) => {
    throw reason === null || asFailure(error).code === 'leased' ? error : reason;
  });
  if (reason !== null) throw reason;
  return null;
}

/** Returns the subject of the sentence “… was not sent”. */
export function subjectOf({ card }: CardSession): string {
  return `Card ${cardLabel(card)}`;
}

/** Records the outcome of an attempt. Only warns if the journal can't be written, because the request was sent. */
async function recordOutcome(ctx: Context, attempt: Attempt, update: AttemptUpdate): Promise<Attempt> {
  try {
    return await ctx.journal.update(attempt, update);
  } catch (error) {
    const { message } = asFailure(error);
    ctx.report.warn(
      `The outcome of attempt ${attempt.number} (${update.outcome}) could not be recorded: ${message}`,
    );
    const { outcome, production = null, settleWindow = attempt.settleWindow } = update;
    return { ...attempt, outcome, production, settleWindow };
  }
}

interface Judged {
  attempt: Attempt;
  answer: ProduceAnswer;
  verdict: Verdict;
}

async function settleAnswer(
  ctx: Context,
  session: CardSession,
  { attempt, answer, verdict }: Judged,
): Promise<Attempt> {
  ctx.report.note(
    verdict === 'exists'
      ? 'Wise reports an earlier request for this card: checking its production.'
      : `The answer was lost (${whatCame(answer)}): checking the production to find out whether the request arrived.`,
  );
  const settled = await settleLost(ctx, session, attempt);
  refuseLost(session, settled, answer.kind === 'answered' ? { httpStatus: answer.httpStatus } : {});
  return settled;
}

function whatCame(answer: ProduceAnswer): string {
  return answer.kind === 'answered' ? `HTTP ${answer.httpStatus}` : answer.reason;
}

/** Returns the failure code to store for an attempt, which later commands report; null for an accepted attempt. */
function endCodeOf(answer: ProduceAnswer, verdict: Verdict): FailureCode | null {
  if (verdict === 'accepted') return null;
  if (verdict === 'refused') return 'production-refused';
  return answer.kind === 'answered' ? answerFailure(answer).code : unreachable(answer).code;
}

function refusal({ card }: CardSession, { attempt, answer, verdict }: Judged): Failure {
  if (verdict === 'refused') return productionRefused(card, answer.production, idsOf(attempt));
  return answer.kind === 'answered' ? answerFailure(answer) : unreachable(answer);
}
