import type { Context } from '../context/context.ts';
import { leaseOnCard, withLeases } from '../context/leases.ts';
import { awaitAnswer } from '../context/unanswered.ts';
import { cardLabel, hintOf } from '../domain/card.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { CardToken } from '../domain/ids.ts';
import type { CardResult } from '../domain/results.ts';
import type { Stage } from '../domain/stage.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { answerFailure, unreachable } from '../wise/client.ts';
import { CANCELLATION, openCancellation } from '../wise/orders.ts';
import type { Sent } from '../wise/vendor-request.ts';
import { notSent, withConnection, writeChecked } from './session/card-request.ts';
import { actOnCards } from './session/each-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { type CardSession, statusOf } from './session/session.ts';
import { waitFor } from './session/wait.ts';

/** Cancels orders, and waits until their status is CANCELLED. */
export async function cancel(ctx: Context, targets: readonly CardRequest[]): Promise<CardResult[]> {
  return actOnCards(ctx, { targets, action: 'cancel' }, async (session) => cancelOne(ctx, session));
}

/** Cancels an order. @returns false if it was already cancelled @throws Failure if it can't be cancelled */
export async function cancelOne(ctx: Context, session: CardSession): Promise<boolean> {
  await session.read();
  let approved: Stage | null = null;
  for (;;) {
    const order = orderToCancel(session);
    if (!order) return false;
    if (order.stage !== approved) await approve(ctx, session);
    approved = order.stage;
    const subjects = order.cardToken === null ? [] : [leaseOnCard(order.cardToken)];
    const leases = { subjects, action: 'cancel', deadline: session.deadline };
    const isSent = await withLeases(ctx, leases, async () => cancelLeased(ctx, session, { order, subjects }));
    if (isSent) return true;
  }
}

/** Returns the order to cancel; null if it is already cancelled. @throws Failure if it can't be cancelled */
function orderToCancel({ card }: CardSession): Order | null {
  if (card.orderStatus === 'CANCELLED') return null;
  if (card.orderStatus === 'COMPLETED' || card.orderStatus === 'RETURNED') {
    const message = `Order ${card.orderId} is ${card.orderStatus} and can no longer be cancelled.`;
    throw failure('wrong-stage', message, 'If the card must not be used, block it.');
  }
  if (card.orderId === null) {
    const message = `Profile ${card.profileId} has no order for card ${cardLabel(card)}.`;
    throw failure('not-found', message, 'Name the order: PROFILE/ORDER.');
  }
  const { profileId, orderId, cardToken, stage } = card;
  return { profileId, orderId, cardToken, stage };
}

/** Data of an order for the confirmation, the lock and the request. */
interface Order {
  profileId: number;
  orderId: number;
  cardToken: CardToken | null;
  stage: Stage;
}

/** Prompts for confirmation, unless the order is PLACED. After PLACED, cancelling also blocks the card permanently. */
async function approve(ctx: Context, session: CardSession): Promise<void> {
  const { card } = session;
  if (card.stage === 'placed') return;
  if (card.stage === 'in-progress')
    ctx.report.warn(`Card ${cardLabel(card)} is being produced and may still be printed.`);
  const question = `Cancel order ${card.orderId} (${card.stage})? Its card will be blocked permanently.`;
  if (await session.ask(question)) return;
  throw failure('not-confirmed', `Order ${card.orderId} was not changed.`, hintOf(card));
}

/**
 * Sends the cancellation while the card is locked.
 * @returns true if it was sent; false if the order has changed since the confirmation
 */
async function cancelLeased(
  ctx: Context,
  session: CardSession,
  { order, subjects }: { order: Order; subjects: readonly string[] },
): Promise<boolean> {
  const subject = `The cancellation of order ${order.orderId}`;
  const { sent } = await withConnection(ctx, session, {
    subject,
    open: async (options) => openCancellation(ctx.wise, order, options),
    work: async ({ connection, correlationId }) => {
      const { readAt, card } = await session.read();
      if (card.orderStatus === 'CANCELLED' || !isAsApproved(card, order)) return { sent: null };
      await ctx.journal.renewLeases(subjects);
      const request = { subject, connection, correlationId, body: CANCELLATION, readAt };
      const sending = writeChecked(ctx, { ...request, lost: (answer) => answer });
      if ('answer' in sending)
        return { sent: await awaitAnswer(ctx, sending.answer, () => cancellationUnknown(ctx, session)) };
      if (sending.reason !== null) throw sending.reason;
      return null;
    },
  });
  if (sent?.kind === 'not-connected') throw notSent(subject, unreachable(sent));
  if (sent) await awaitCancelled(ctx, session, sent);
  return sent !== null;
}

function isAsApproved({ cardToken, stage }: Pick<Order, 'cardToken' | 'stage'>, approved: Order): boolean {
  return cardToken === approved.cardToken && stage === approved.stage;
}

/** Reads the order until it is cancelled, even if the response was lost. */
async function awaitCancelled(ctx: Context, session: CardSession, sent: Sent): Promise<void> {
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
