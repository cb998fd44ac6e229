import type { Context } from '../../context/context.ts';
import { freeIfKilled, isHeld, leaseOnCard, withLeases } from '../../context/leases.ts';
import { type Attempt, describeOwner, isOpen, isUnsettled, type Outcome } from '../../domain/attempt.ts';
import { cardLabel, hintOf } from '../../domain/card.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { type Decision, type Seen } from '../../domain/guards.ts';
import { type CardToken, type KioskId, progressName } from '../../domain/ids.ts';
import type { Sending as SentRequest } from '../../journal/journal.ts';
import { openProduce, type ProduceAnswer } from '../../wise/cards.ts';
import { type Connected, withConnection } from './card-request.ts';
import { deliver, subjectOf } from './deliver.ts';
import { refuseHeld } from './hold-check.ts';
import { latestMoment, type ReadTime } from './reconcile.ts';
import { type CardSession, statusOf } from './session.ts';
import { settleLost } from './settle.ts';
import { waitForWindows } from './window.ts';

interface Sending {
  kioskId: KioskId;
  /** Decides from the card's current state whether and where the card is sent. Throws a Failure to refuse. */
  guard: (seen: Seen) => Decision;
}

/** Maximum number of claims. If all fail, another process keeps changing the card. */
const MOST_ROUNDS = 3;

/**
 * Sends a card to a kiosk at most once: claims the card, opens a connection, reads the card, calls the guard, records
 * the attempt, sends the request, and records the outcome. An earlier attempt without a response is settled first.
 * @returns the sent attempt; null if the guard found nothing to send, or if this command has sent the card already
 * @throws Failure
 */
export async function sendOnce(
  ctx: Context,
  session: CardSession,
  sending: Sending,
): Promise<Attempt | null> {
  const cardToken = await findToken(session, sending);
  const leases = { subjects: [leaseOnCard(cardToken)], action: 'send', deadline: session.deadline };
  return withLeases(ctx, leases, async () => sendLeased(ctx, session, { ...sending, cardToken }));
}

async function sendLeased(
  ctx: Context,
  session: CardSession,
  { cardToken, ...sending }: Sending & { cardToken: CardToken },
): Promise<Attempt | null> {
  if (!session.markSentOnce(cardToken)) {
    await session.read();
    return null;
  }
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await waitForWindows(ctx, session, cardToken);
    const { profileId, orderId } = session.identity;
    const { kioskId } = sending;
    const claim = { profileId, orderId, cardToken, kioskId, reason: ctx.reason, at: ctx.calendar.now() };
    const { attempt, claimed } = await ctx.journal.claim(claim);
    if (claimed) return sendClaimed(ctx, session, { attempt, ...sending });
    await settleOpenAttempt(ctx, session, attempt);
    // The open attempt is in progress, so the guard either refuses the card or has nothing to send.
    if (isOpen(session.latest?.facts.attempt ?? null) && decide(session, sending) === 'unchanged')
      return null;
  }
  throw changedTooOften(ctx, session);
}

/** Returns the token of a card. If only the order is known, reads the order until its card exists. */
async function findToken(session: CardSession, sending: Sending): Promise<CardToken> {
  if (session.identity.cardToken === null) await session.read();
  if (session.identity.cardToken === null) {
    decide(session, sending);
    throw failure('wrong-stage', `Order ${cardLabel(session.card)} has no card.`, hintOf(session.card));
  }
  return session.identity.cardToken;
}

/**
 * Reads a card until the outcome of its open attempt is known. If Wise has accepted the attempt, one read is enough.
 */
export async function settleOpenAttempt(ctx: Context, session: CardSession, attempt: Attempt): Promise<void> {
  const onItsWay: Outcome[] = ['claimed', 'sent'];
  if (onItsWay.includes(attempt.outcome) && (await isHeld(ctx, attempt, session.deadline)))
    throw await busy(ctx, session, attempt);
  if (!isUnsettled(attempt)) {
    await session.read();
    return;
  }
  ctx.report.note(
    `Attempt ${attempt.number} on card ${progressName(session.card)} got no answer. Checking the production.`,
  );
  const { outcome } = await settleLost(ctx, session, attempt);
  if (outcome === 'not-seen') ctx.report.note(`Wise showed no sign of attempt ${attempt.number}.`);
}

type Claimed = Sending & { attempt: Attempt };

async function sendClaimed(ctx: Context, session: CardSession, claimed: Claimed): Promise<Attempt | null> {
  const { attempt } = claimed;
  const { profileId, cardToken } = attempt;
  try {
    const { sent } = await withConnection(ctx, session, {
      subject: subjectOf(session),
      open: async (options) => openProduce(ctx.wise, { profileId, cardToken }, options),
      work: async (connected) => sendConnected(ctx, session, { ...claimed, ...connected }),
    });
    return sent;
  } catch (error) {
    await ctx.journal.release(attempt).catch(() => undefined);
    throw error;
  }
}

/**
 * Sends a claimed card over an open connection.
 * @returns the sent attempt; null if the card was not sent, and the caller may retry with another connection
 */
async function sendConnected(
  ctx: Context,
  session: CardSession,
  { connection, correlationId, ...claimed }: Claimed & Connected<ProduceAnswer>,
): Promise<{ sent: Attempt | null } | null> {
  const { facts, readAt, read } = await session.read();
  const decision = decide(session, claimed);
  if (decision === 'unchanged') {
    await ctx.journal.release(claimed.attempt);
    return { sent: null };
  }
  // The server may have closed the idle connection.
  if (!connection.isConnected) return null;
  const body = decision.send;
  const request = { kioskId: body.kioskId, baseline: facts.production, correlationId };
  const attempt = await record(ctx, session, { ...claimed, request, read });
  const sent = await deliver(ctx, session, { attempt, body, readAt, read, connection, correlationId });
  return sent && { sent };
}

type Recorded = Pick<SentRequest, 'kioskId' | 'baseline' | 'correlationId'>;

/** Records that the request is being sent. @throws Failure `leased`, `kiosk-held`, `attempt-open`, `plan-held`, `plan-stopped` */
async function record(
  ctx: Context,
  session: CardSession,
  { attempt, request, read }: Pick<Claimed, 'attempt'> & { request: Recorded; read: ReadTime },
): Promise<Attempt> {
  const sent = await ctx.journal.markSent(attempt, {
    ...request,
    orderId: session.identity.orderId,
    settleWindow: { start: latestMoment(ctx, read), hasEnded: false, isOver: false },
    plan: ctx.plan && { id: ctx.plan.id, uptime: ctx.uptime.withSleep() },
    at: ctx.calendar.now(),
  });
  if (sent) return sent;
  await refuseHeld(ctx, request.kioskId);
  throw ctx.plan ? await planStopped(ctx, ctx.plan.id, request.kioskId) : changedTooOften(ctx, session);
}

function decide(session: CardSession, { guard }: Pick<Sending, 'guard'>): Decision {
  return guard(seenOf(session));
}

/** Returns the card data that guards use. */
export function seenOf({ card, latest }: CardSession): Seen {
  return { card, deliveryOption: latest?.deliveryOption ?? null, attempt: latest?.facts.attempt ?? null };
}

/** Creates the failure for a card that a running command is sending. */
export async function busy(
  ctx: Context,
  session: CardSession,
  { cardToken, owner }: Attempt,
): Promise<Failure> {
  const leases = await ctx.journal.listLeases();
  const lease = leases.find(({ subject }) => subject === leaseOnCard(cardToken));
  const free = lease ? `${freeIfKilled('card', lease.freeIn)} ` : '';
  return failure(
    'attempt-open',
    `Card ${cardLabel(session.card)} is being sent by ${describeOwner(owner)}.`,
    `${free}Check the result: ${statusOf(ctx, session)}`,
  );
}

/** Creates the failure for a card of a plan that was not sent. */
async function planStopped(ctx: Context, id: string, kioskId: KioskId): Promise<Failure> {
  if (await ctx.journal.wasHeldSince(id, kioskId))
    return failure(
      'plan-held',
      `Kiosk ${kioskId} was put on hold after plan ${id} was approved. Nothing more is sent to it for this plan.`,
      'Make another plan once the cause is gone.',
    );
  return failure('plan-stopped', `This process may not carry out plan ${id} any more.`, 'Nothing was sent.');
}

/** Creates the failure for a card that other processes keep changing. */
function changedTooOften(ctx: Context, session: CardSession): Failure {
  const message = `Card ${cardLabel(session.card)} was not sent: another process keeps changing it.`;
  return failure('attempt-open', message, `Check the card first: ${statusOf(ctx, session)}`);
}
