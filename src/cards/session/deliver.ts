import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { type Attempt, idsOf, OPEN_OUTCOMES, type Outcome } from '../../domain/attempt.ts';
import { asFailure, Failure, type FailureCode, failure } from '../../domain/errors/failure.ts';
import { productionRefused } from '../../domain/guards.ts';
import { judgeAnswer, type ProduceRequest, type Verdict } from '../../domain/production.ts';
import type { AttemptUpdate } from '../../journal/journal.ts';
import { openProduce, type ProduceAnswer } from '../../wise/cards.ts';
import { answerFailure, unreachable } from '../../wise/client.ts';
import type { Permit } from '../../wise/permit.ts';
import type { CardSession } from './session.ts';
import { refuseLost, settleLost, timeSinceSent } from './settle.ts';

/** The outcomes that are recorded for a verdict; the one for `accepted` depends on the answer. */
const OUTCOMES: Record<Exclude<Verdict, 'accepted'>, Outcome> = {
  queued: 'queued',
  refused: 'refused',
  unauthorized: 'refused',
  'not-found': 'refused',
  'rate-limited': 'refused',
  'not-connected': 'not-seen',
  exists: 'unknown',
  lost: 'unknown',
};

const ACCEPTED_OUTCOMES = new Map<string, Outcome>([
  ['PRODUCED', 'produced'],
  ['PRODUCTION_ERROR', 'failed'],
]);

/**
 * A process that was stopped between the record and the sending may have been taken for dead, and its attempt settled:
 * after this long it must not send any more.
 */
const STALE_MS = 10_000;

/** An attempt that was recorded as sent right before. */
export interface Recorded {
  attempt: Attempt;
  request: ProduceRequest;
  recordedAt: Reading;
  permit: Permit | undefined;
}

/**
 * Sends the request of a recorded attempt: the one place from which a produce request leaves. Nothing cuts it short but
 * its own limit of 30 seconds, and nothing repeats it.
 * @param permit of the rate limiter
 * @returns the attempt as it was accepted, or as it was found to be when the answer was lost
 * @throws Failure when it was refused, not seen, superseded, or its result is unknown
 */
export async function deliver(
  ctx: Context,
  session: CardSession,
  { attempt, ...sending }: Recorded,
): Promise<Attempt> {
  const answer = await put(ctx, session, { attempt, ...sending });
  const httpStatus = answer.kind === 'answered' ? answer.httpStatus : null;
  const verdict = judgeAnswer({ kind: answer.kind, httpStatus, production: answer.production });
  const outcome =
    verdict === 'accepted'
      ? (ACCEPTED_OUTCOMES.get(answer.production?.status ?? '') ?? 'accepted')
      : OUTCOMES[verdict];
  const recorded = await recordOutcome(ctx, attempt, {
    outcome,
    production: answer.production,
    traceId: answer.kind === 'answered' ? answer.traceId : null,
    httpStatus,
    endCode: OPEN_OUTCOMES.some((open) => open === outcome) ? null : endCodeOf(answer, verdict),
    at: ctx.calendar.now(),
  });
  session.apply({ attempt: recorded, ...(verdict === 'accepted' && { production: answer.production }) });
  if (verdict === 'accepted' || verdict === 'queued') return recorded;
  if (verdict === 'lost' || verdict === 'exists')
    return settleAnswer(ctx, session, { attempt: recorded, answer, verdict });
  throw refusal(session, { attempt: recorded, answer, verdict });
}

async function put(
  ctx: Context,
  session: CardSession,
  { attempt, request, recordedAt, permit }: Recorded,
): Promise<ProduceAnswer> {
  const { profileId, cardToken, correlationId } = attempt;
  if (correlationId === null) throw new TypeError('an attempt is sent with a correlation id');
  try {
    const connection = await openProduce(
      ctx.wise,
      { profileId, cardToken },
      { correlationId, permit, ...session.budget() },
    );
    // A stopwatch may stop while the machine sleeps; the calendar may be set back.
    const age = Math.max(ctx.stopwatch.since(recordedAt), timeSinceSent(ctx, attempt));
    if (age <= STALE_MS) return await connection.go(request);
    connection.close();
    throw tooLate(attempt);
  } catch (error) {
    // Only what is done before the sending throws a Failure: no token, no connection.
    if (error instanceof Failure) {
      const update = { outcome: 'not-seen', endCode: error.code, at: ctx.calendar.now() } as const;
      session.apply({ attempt: await recordOutcome(ctx, attempt, update) });
    }
    throw error;
  }
}

function tooLate({ cardToken }: Attempt): Failure {
  const message = `Card ${cardToken} was not sent: this process stood still right before it.`;
  return failure('not-seen', message, 'Nothing was sent: run the command again.');
}

/** The request is out: a journal that can't be written any more must not hide what came of it. */
async function recordOutcome(ctx: Context, attempt: Attempt, update: AttemptUpdate): Promise<Attempt> {
  try {
    return await ctx.journal.update(attempt, update);
  } catch (error) {
    const { message } = asFailure(error);
    ctx.report.warn(
      `The outcome of attempt ${attempt.number} (${update.outcome}) could not be recorded: ${message}`,
    );
    return { ...attempt, outcome: update.outcome, production: update.production ?? null };
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

/** Returns why an attempt ended that was not accepted, for later commands about it. */
function endCodeOf(answer: ProduceAnswer, verdict: Verdict): FailureCode | null {
  if (verdict === 'accepted') return null;
  if (verdict === 'refused') return 'production-refused';
  return answer.kind === 'answered' ? answerFailure(answer).code : unreachable(answer).code;
}

function refusal({ card }: CardSession, { attempt, answer, verdict }: Judged): Failure {
  if (verdict === 'refused') return productionRefused(card, answer.production, idsOf(attempt));
  return answer.kind === 'answered' ? answerFailure(answer) : unreachable(answer);
}
