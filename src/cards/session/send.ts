import type { Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { leaseOnCard, withLeases } from '../../context/leases.ts';
import { type Attempt, describeOwner, isOpen, isUnsettled, type Outcome } from '../../domain/attempt.ts';
import { cardLabel, hintOf } from '../../domain/card.ts';
import { Failure, failure } from '../../domain/errors/failure.ts';
import { type Decision, type Seen } from '../../domain/guards.ts';
import { type CardToken, type KioskId } from '../../domain/ids.ts';
import type { Sending } from '../../journal/journal.ts';
import { openProduce } from '../../wise/cards.ts';
import { deliver, notSent } from './deliver.ts';
import { refuseHeld } from './hold-check.ts';
import { type CardSession, statusOf } from './session.ts';
import { settleLost } from './settle.ts';
import { momentOf, waitForWindows } from './window.ts';

export interface SendOptions {
  /** The kiosk that the user chose; null for that of the card's latest attempt. */
  kioskId: KioskId | null;
  /** Decides, from what was read right before, whether to send and where. Throws a Failure to refuse. */
  guard: (seen: Seen) => Decision;
}

/** A claim that fails, is settled, and fails again: something else keeps working on this card. The same for connections. */
const MOST_ROUNDS = 3;

interface Claimed {
  attempt: Attempt;
  sending: SendOptions;
}

/**
 * Sends a card to a kiosk, at most once: claims it, connects, reads it, asks the guard, records the request, sends it, and
 * records what came of it. An attempt that was left without an answer, by another process or by this one, is settled first.
 * @returns the attempt that was sent, or null when the guard left the card as it is, or this command sent it before
 * @throws Failure
 */
export async function sendOnce(
  ctx: Context,
  session: CardSession,
  sending: SendOptions,
): Promise<Attempt | null> {
  const cardToken = await findToken(session, sending);
  const subjects = [leaseOnCard(cardToken)];
  return withLeases(ctx, { subjects, action: 'send' }, async () =>
    sendLeased(ctx, session, { ...sending, cardToken }),
  );
}

async function sendLeased(
  ctx: Context,
  session: CardSession,
  { cardToken, ...sending }: SendOptions & { cardToken: CardToken },
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
    if (claimed) return sendClaimed(ctx, session, { attempt, sending });
    await settleOpenAttempt(ctx, session, attempt);
    // What is still open now is in progress: it is left alone, or the guard says why it can't be joined.
    if (isOpen(session.latest?.facts.attempt ?? null) && decide(session, sending) === 'unchanged')
      return null;
  }
  throw busy(ctx, session);
}

/** An order names its card once the card exists. */
async function findToken(session: CardSession, sending: SendOptions): Promise<CardToken> {
  if (session.identity.cardToken === null) await session.read();
  if (session.identity.cardToken === null) {
    decide(session, sending);
    throw failure('wrong-stage', `Order ${cardLabel(session.card)} has no card.`, hintOf(session.card));
  }
  return session.identity.cardToken;
}

/** Looks at a card until its open attempt is settled, or is known to be in progress. */
export async function settleOpenAttempt(ctx: Context, session: CardSession, attempt: Attempt): Promise<void> {
  const onItsWay: Outcome[] = ['claimed', 'sent'];
  if (onItsWay.includes(attempt.outcome) && (await ctx.journal.isHeld(attempt)))
    throw busy(ctx, session, attempt);
  if (!isUnsettled(attempt)) {
    await session.read();
    return;
  }
  ctx.report.note(
    `Attempt ${attempt.number} on card ${cardLabel(session.card)} got no answer: looking what became of it.`,
  );
  const { outcome } = await settleLost(ctx, session, attempt);
  if (outcome === 'not-seen') ctx.report.note(`Attempt ${attempt.number} was not seen to arrive.`);
}

async function sendClaimed(ctx: Context, session: CardSession, claimed: Claimed): Promise<Attempt | null> {
  const { attempt } = claimed;
  try {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const sent = await sendConnected(ctx, session, claimed);
      if (sent !== 'again') return sent;
    }
  } catch (error) {
    await ctx.journal.release(attempt).catch(() => undefined);
    throw error;
  }
  await ctx.journal.release(attempt);
  throw neverLeft(session);
}

/** Connects first: nothing stands between read, record and sending. */
async function sendConnected(
  ctx: Context,
  session: CardSession,
  claimed: Claimed,
): Promise<Attempt | null | 'again'> {
  const { profileId, cardToken } = claimed.attempt;
  const correlationId = crypto.randomUUID();
  const limits = { signal: ctx.signal, ...session.budget() };
  const permit = await ctx.wise.reserve(limits);
  const options = { correlationId, permit, ...limits };
  const connection = await openProduce(ctx.wise, { profileId, cardToken }, options).catch(
    (error: unknown) => {
      throw error instanceof Failure ? notSent(session, error) : error;
    },
  );
  try {
    const { facts, readAt } = await session.read();
    const decision = decide(session, claimed.sending);
    if (decision === 'unchanged') {
      await ctx.journal.release(claimed.attempt);
      return null;
    }
    // The other side may close a connection that nothing is sent on.
    if (!connection.isConnected) return 'again';
    const { kioskId } = decision.send;
    const sending = { kioskId, baseline: facts.production, correlationId, readAt };
    const attempt = await record(ctx, session, { attempt: claimed.attempt, sending });
    const sent = await deliver(ctx, session, { attempt, request: decision.send, readAt, connection });
    return sent ?? 'again';
  } finally {
    connection.close();
  }
}

/** Records that the request goes out now. @throws Failure `kiosk-held`, `attempt-open` */
async function record(
  ctx: Context,
  session: CardSession,
  {
    attempt,
    sending,
  }: {
    attempt: Attempt;
    sending: Pick<Sending, 'kioskId' | 'baseline' | 'correlationId'> & { readAt: Instant };
  },
): Promise<Attempt> {
  const { readAt, ...facts } = sending;
  const { vendorTime, ...now } = momentOf(ctx);
  const sent = await ctx.journal.markSent(attempt, {
    ...facts,
    orderId: session.identity.orderId,
    settleWindow: {
      start: {
        ...now,
        vendorTime: vendorTime === null ? null : vendorTime + ctx.stopwatch.since(readAt.reading),
      },
      hasEnded: false,
      isOver: false,
    },
    at: ctx.calendar.now(),
  });
  if (sent) return sent;
  await refuseHeld(ctx, facts.kioskId);
  throw busy(ctx, session);
}

function decide(session: CardSession, { guard }: SendOptions): Decision {
  return guard(seenOf(session));
}

/** The data of a card for a guard. */
export function seenOf({ card, latest }: CardSession): Seen {
  return { card, deliveryOption: latest?.deliveryOption ?? null, attempt: latest?.facts.attempt ?? null };
}

function neverLeft({ card }: CardSession): Failure {
  const message = `Card ${cardLabel(card)} was not sent. Each connection was lost before the request, or the request was delayed.`;
  return failure('unreachable', message, 'Nothing was sent: run the command again.');
}

/** Returns the failure for a card that a running command is sending. */
export function busy(ctx: Context, session: CardSession, attempt?: Attempt): Failure {
  const { card } = session;
  const who = attempt ? describeOwner(attempt.owner) : 'another process';
  return failure(
    'attempt-open',
    `Card ${cardLabel(card)} is being sent right now by ${who}.`,
    `See what comes of it: ${statusOf(ctx, session)}`,
  );
}
