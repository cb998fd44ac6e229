import type { Target } from '../cards/session/resolve-cards.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import type { ActionEnd, NewAction } from '../journal/journal.ts';
import type { Context } from './context.ts';

/** What an act is done on: a card, or as much of it as there is. */
interface ActionSubject {
  target: Pick<Target, 'profileId' | 'orderId' | 'cardToken'>;
  card?: { attemptId: string | null };
}

interface ActionStart {
  subject: ActionSubject;
  action: NewAction['action'];
  /** Where the card goes, as far as the act has a kiosk. */
  kioskId?: string | null;
  /** Which choice of cards it belongs to. */
  selection?: string | null;
}

/** What is done for a whole kiosk, or the application, is on no card and belongs to no profile. */
export const NO_CARD: ActionSubject = { target: { profileId: 0, orderId: null, cardToken: null } };

/** Keeps in the journal that an act is done, by whom and why, before it is done, and how it ended. */
export async function recordAction<Result>(
  ctx: Context,
  { subject, action, kioskId = null, selection = null }: ActionStart,
  work: () => Promise<Result>,
): Promise<Result> {
  const { profileId, orderId, cardToken } = subject.target;
  const { name: context, reason } = ctx;
  const at = ctx.clock.now();
  const id = await ctx.journal.startAction({
    action,
    context,
    profileId,
    orderId,
    cardToken,
    kioskId,
    reason,
    selection,
    at,
  });
  const end = async (outcome: Pick<ActionEnd, 'exitCode' | 'traceId'>) =>
    ctx.journal
      .endAction(id, {
        ...outcome,
        orderId: subject.target.orderId,
        attemptId: subject.card?.attemptId ?? null,
        at: ctx.clock.now(),
      })
      .catch((error: unknown) =>
        ctx.report.warn(`The end of the act could not be recorded: ${asFailure(error).message}`),
      );
  try {
    const result = await work();
    await end({ exitCode: 0 });
    return result;
  } catch (error) {
    const { exitCode, details } = asFailure(error);
    await end({ exitCode, traceId: details?.traceId ?? null });
    throw error;
  }
}

/**
 * Asks whether somebody is at the kiosks: what nobody takes is spoiled. Only a person knows, or the flag says it.
 * @throws Failure `not-confirmed`, `input-required`
 */
export async function approveAttended(ctx: Context, kioskIds: readonly string[]): Promise<void> {
  const question = `Does somebody take the cards at ${kioskIds.join(', ')}? What nobody takes is spoiled.`;
  if (await ctx.ask.confirm(question, { flag: '--attended', isAnsweredByYes: false })) return;
  throw declined('Have somebody there to take the cards; then run the command again.');
}

/** Somebody said no before anything was sent. */
export function declined(hint: string): Failure {
  return new Failure('not-confirmed', 'Nothing was sent.', { hint });
}
