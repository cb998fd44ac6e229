import type { Context } from '../context/context.ts';
import { leaseOnCard, withLeases } from '../context/leases.ts';
import { awaitAnswer } from '../context/unanswered.ts';
import { cardLabel, hintOf } from '../domain/card.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { CardResult } from '../domain/results.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { answerFailure, unreachable } from '../wise/client.ts';
import { cancelOrder } from '../wise/orders.ts';
import { actOnCards } from './session/each-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { type CardSession, statusOf } from './session/session.ts';
import { waitFor } from './session/wait.ts';

/** Cancels orders, and waits until each of them reads CANCELLED. */
export async function cancel(ctx: Context, targets: readonly CardRequest[]): Promise<CardResult[]> {
  return actOnCards(ctx, { targets, action: 'cancel' }, async (session) => cancelOne(ctx, session));
}

/** Cancels an order. @returns false if it was cancelled before @throws Failure */
export async function cancelOne(ctx: Context, session: CardSession): Promise<boolean> {
  const { card } = await session.read();
  if (card.orderStatus === 'CANCELLED') return false;
  if (card.orderStatus === 'COMPLETED' || card.orderStatus === 'RETURNED') {
    const message = `Order ${card.orderId} is ${card.orderStatus} and can no longer be cancelled.`;
    throw failure('wrong-stage', message, 'If the card must not be used, block it.');
  }
  if (card.orderId === null) {
    const message = `Profile ${card.profileId} has no order for card ${cardLabel(card)}.`;
    throw failure('not-found', message, 'Name the order: PROFILE/ORDER.');
  }
  await approve(ctx, session);
  const { profileId, orderId, cardToken } = card;
  const subjects = cardToken === null ? [] : [leaseOnCard(cardToken)];
  await withLeases(ctx, { subjects, action: 'cancel', deadline: session.deadline }, async () =>
    sendCancellation(ctx, session, { profileId, orderId }),
  );
  return true;
}

/** Asks for approval, unless the order is PLACED: later than that, its card is blocked permanently, too. */
async function approve(ctx: Context, session: CardSession): Promise<void> {
  const { card } = session;
  if (card.stage === 'placed') return;
  if (card.stage === 'in-progress')
    ctx.report.warn(`Card ${cardLabel(card)} is being produced and may still be printed.`);
  const question = `Cancel order ${card.orderId} (${card.stage})? Its card will be blocked permanently.`;
  if (await session.ask(question)) return;
  throw failure('not-confirmed', `Order ${card.orderId} was not changed.`, hintOf(card));
}

/** Sends a cancellation, and reads the order until it is cancelled, also after a lost answer. */
async function sendCancellation(
  ctx: Context,
  session: CardSession,
  order: { profileId: number; orderId: number },
): Promise<void> {
  const sent = await awaitAnswer(ctx, cancelOrder(ctx.wise, order, session.budget()), () =>
    cancellationUnknown(ctx, session),
  );
  if (sent.kind === 'not-connected') throw unreachable(sent);
  const isLost = sent.kind !== 'answered' || sent.httpStatus >= 500 || sent.httpStatus === 408;
  if (!isLost && !isSuccess(sent.httpStatus)) throw answerFailure(sent);
  await waitFor(ctx, session, {
    goal: 'cancelled',
    isReached: ({ card }) => card.orderStatus === 'CANCELLED',
    ...(isLost && { onDeadline: () => cancellationUnknown(ctx, session, sent.correlationId) }),
  }).catch((error: unknown) => {
    throw isLost && ctx.signal.aborted ? cancellationUnknown(ctx, session, sent.correlationId) : error;
  });
}

function cancellationUnknown(ctx: Context, session: CardSession, correlationId?: string): Failure {
  const { card } = session;
  return failure(
    'outcome-unknown',
    `The request to cancel order ${card.orderId} may have been accepted.`,
    `Check again: ${statusOf(ctx, session)}`,
    correlationId === undefined ? {} : { correlationId },
  );
}
