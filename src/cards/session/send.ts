import type { Context } from '../../context/context.ts';
import { leaseOnCard, withLeases } from '../../context/leases.ts';
import { type Attempt, describeOwner, isOpen, isUnsettled, type Outcome } from '../../domain/attempt.ts';
import { cardLabel, hintOf } from '../../domain/card.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { type Decision, type Seen } from '../../domain/guards.ts';
import { type CardToken, type KioskId } from '../../domain/ids.ts';
import { deliver, type Recorded } from './deliver.ts';
import { refuseHeld } from './hold-check.ts';
import { type CardSession, statusOf } from './session.ts';
import { settleLost } from './settle.ts';

export interface Sending {
  /** The kiosk that the user chose; null for that of the card's latest attempt. */
  kioskId: KioskId | null;
  /** Decides, from what was read right before, whether to send and where. Throws a Failure to refuse. */
  guard: (seen: Seen) => Decision;
}

/** A claim that fails, is settled, and fails again: something else keeps working on this card. */
const MOST_ROUNDS = 3;

/**
 * Sends a card to a kiosk, at most once: claims it, reads it, asks the guard, records the request, sends it, and records
 * what came of it. An attempt that was left without an answer, by another process or by this one, is settled first.
 * @returns the attempt that was sent, or null when the guard left the card as it is, or this command sent it before
 * @throws Failure
 */
export async function sendOnce(
  ctx: Context,
  session: CardSession,
  sending: Sending,
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
  { cardToken, ...sending }: Sending & { cardToken: CardToken },
): Promise<Attempt | null> {
  if (!session.markSentOnce(cardToken)) {
    await session.read();
    return null;
  }
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
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
async function findToken(session: CardSession, sending: Sending): Promise<CardToken> {
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

async function sendClaimed(
  ctx: Context,
  session: CardSession,
  { attempt, sending }: { attempt: Attempt; sending: Sending },
): Promise<Attempt | null> {
  const send = async () => {
    // The permit comes before the read: nothing stands between read, record and sending.
    const permit = await ctx.wise.reserve({ signal: ctx.signal, ...session.budget() });
    const sent = await record(ctx, session, { attempt, sending }).catch((error: unknown) => {
      permit?.cancel();
      throw error;
    });
    if (!sent) permit?.cancel();
    return { permit, sent };
  };
  const { sent, permit } = await send().catch(async (error: unknown) => {
    await ctx.journal.release(attempt).catch(() => undefined);
    throw error;
  });
  if (sent) return deliver(ctx, session, { ...sent, permit });
  await ctx.journal.release(attempt);
  return null;
}

/** Reads the card and, if the guard lets it pass, records that its request goes out now. */
async function record(
  ctx: Context,
  session: CardSession,
  { attempt, sending }: { attempt: Attempt; sending: Sending },
): Promise<Omit<Recorded, 'permit'> | null> {
  const { facts } = await session.read();
  const decision = decide(session, sending);
  if (decision === 'unchanged') return null;
  const recordedAt = ctx.stopwatch.now();
  const sent = await ctx.journal.markSent(attempt, {
    kioskId: decision.send.kioskId,
    orderId: session.identity.orderId,
    baseline: facts.production,
    correlationId: crypto.randomUUID(),
    at: ctx.calendar.now(),
  });
  if (sent) return { attempt: sent, request: decision.send, recordedAt };
  await refuseHeld(ctx, decision.send.kioskId);
  throw busy(ctx, session);
}

function decide(session: CardSession, { guard }: Sending): Decision {
  return guard(seenOf(session));
}

/** The data of a card for a guard. */
export function seenOf({ card, latest }: CardSession): Seen {
  return { card, deliveryOption: latest?.deliveryOption ?? null, attempt: latest?.facts.attempt ?? null };
}

function busy(ctx: Context, session: CardSession, attempt?: Attempt): Failure {
  const { card } = session;
  const who = attempt ? describeOwner(attempt.owner) : 'another process';
  return failure(
    'attempt-open',
    `Card ${cardLabel(card)} is being sent right now by ${who}.`,
    `See what comes of it: ${statusOf(ctx, session)}`,
  );
}
