import { asFailure, type Failure, failure } from '../domain/errors/failure.ts';
import type { CardIdentity, KioskId } from '../domain/ids.ts';
import { redact } from '../domain/text/redaction.ts';
import type { ActionEnd, NewAction } from '../journal/journal.ts';
import type { Ask, Context } from './context.ts';

/** The card of an action. Its fields are read again when the action ends. */
interface ActionCard {
  readonly identity: CardIdentity;
  readonly card?: { attemptId: string | null };
  /** Returns a more precise failure, which the audit log then records. */
  explain?(failure: Failure): Failure;
}

interface ActionStart {
  action: NewAction['action'];
  /** Undefined for an action on a whole kiosk or on the application. */
  card?: ActionCard;
  /** The destination of the card. */
  kioskId?: KioskId | null;
  /** Name of the selection that the card is part of. */
  selection?: string | null;
}

/** Placeholder in the journal for an action without a card. */
const NO_CARD: ActionCard = { identity: { profileId: 0, orderId: null, cardToken: null } };

/** Records an action before it starts, and its result when it ends. @param work receives the id of the action */
export async function recordAction<Result>(
  ctx: Context,
  { action, card = NO_CARD, kioskId = null, selection = null }: ActionStart,
  work: (id: number) => Promise<Result>,
): Promise<Result> {
  const { profileId, orderId, cardToken } = card.identity;
  const { name: context, reason, plan = null } = ctx;
  const at = ctx.calendar.now();
  const id = await ctx.journal.startAction({
    action,
    context,
    profileId,
    orderId,
    cardToken,
    kioskId,
    reason,
    selection,
    plan,
    at,
  });
  const end = async (outcome: Pick<ActionEnd, 'exitCode' | 'traceId'>) =>
    ctx.journal
      .endAction(id, {
        ...outcome,
        orderId: card.identity.orderId,
        attemptId: card.card?.attemptId ?? null,
        at: ctx.calendar.now(),
      })
      .catch((error: unknown) =>
        ctx.report.warn(`The result of the action could not be recorded: ${asFailure(error).message}`),
      );
  try {
    const result = await work(id);
    await end({ exitCode: 0 });
    return result;
  } catch (error) {
    const failure = asFailure(error);
    const { exitCode, details } = card.explain?.(failure) ?? failure;
    await end({ exitCode, traceId: details?.traceId ?? null });
    throw error;
  }
}

const REASON_FLAG = '--reason <TEXT>';

/**
 * Requires a reason for an action, in every environment.
 * @param why the prompt, the message for an empty answer, and the flags of the following prompts
 * @returns the context with the reason
 * @throws Failure `input-required`
 */
export async function withReason(
  ctx: Context,
  { question, refusal, answers = [] }: { question: string; refusal: string; answers?: readonly string[] },
): Promise<Context> {
  if (ctx.reason !== null) return ctx;
  ctx.ask.requireAnswers([REASON_FLAG, ...answers]);
  return { ...ctx, reason: await askReason(ctx.ask, question, refusal) };
}

/** Prompts for a reason until the answer is not empty. */
export async function askReason(ask: Ask, question: string, refusal: string): Promise<string> {
  const check = (text: string) => {
    if (text.trim() === '') throw failure('input-required', refusal, 'Type a few words.');
  };
  return redact((await ask.type(question, { flag: REASON_FLAG, check })).trim());
}

/** Creates the failure for a declined prompt. Nothing was sent. */
export function declined(hint: string): Failure {
  return failure('not-confirmed', 'Nothing was sent.', hint);
}
