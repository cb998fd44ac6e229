import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { cardLabel, hintOf } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import type { Simulation } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { simulateProduction, simulateVerification } from '../wise/cards.ts';
import { answerFailure, type Sent, unreachable } from '../wise/client.ts';
import { actOnCards } from './session/each-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { type CardSession, statusOf } from './session/session.ts';
import { waitFor } from './session/wait.ts';

/** Sets the production results of cards in a sandbox, and reads the cards to confirm. */
export async function simulate(
  ctx: Context,
  { targets, simulation }: { targets: readonly CardRequest[]; simulation: Simulation },
): Promise<CardResult[]> {
  const code = simulation.errorCode === undefined ? [] : ['--error-code', simulation.errorCode];
  const action = { targets, action: 'simulate', flags: ['--status', simulation.status, ...code] } as const;
  return actOnCards(ctx, action, async (session) => simulateOne(ctx, session, simulation));
}

/**
 * Sets the production result of a card.
 * @returns true if the result was set; false if the card already had it
 * @throws Failure
 */
export async function simulateOne(
  ctx: Context,
  session: CardSession,
  simulation: Simulation,
): Promise<boolean> {
  const { card } = await session.read();
  if (card.production?.status === simulation.status && isSameCode(card, simulation)) return false;
  if (card.stage !== 'in-progress') {
    const message = `Card ${cardLabel(card)} is not in production (${card.stage}): nothing to simulate.`;
    throw failure('wrong-stage', message, hintOf(card));
  }
  await sendSimulation(ctx, session, simulation);
  await readBack(ctx, session, simulation);
  return true;
}

/** Sends the request that sets a production result in a sandbox. @throws Failure */
export async function sendSimulation(
  ctx: Context,
  session: CardSession,
  simulation: Simulation,
): Promise<void> {
  const { card, identity } = session;
  const { profileId, cardToken } = identity;
  if (cardToken === null)
    throw failure('wrong-stage', `Card ${cardLabel(card)} does not exist yet.`, hintOf(card));
  refuseUnlessDone(
    await simulateProduction(ctx.wise, { profileId, cardToken, simulation }, session.budget()),
  );
}

/** Completes the verification of a profile in a sandbox. @throws Failure */
export async function verifyProfile(ctx: Context, profileId: number): Promise<void> {
  await ctx.authorize(profileId);
  const card = { identity: { profileId, orderId: null, cardToken: null } };
  await recordAction(ctx, { card, action: 'simulate' }, async () =>
    refuseUnlessDone(await simulateVerification(ctx.wise, profileId)),
  );
}

function refuseUnlessDone(sent: Sent): void {
  if (sent.kind !== 'answered') throw unreachable(sent);
  if (!isSuccess(sent.httpStatus)) throw answerFailure(sent);
}

async function readBack(ctx: Context, session: CardSession, simulation: Simulation): Promise<void> {
  await waitFor(ctx, session, {
    goal: simulation.status,
    isReached: ({ card }) => card.production?.status === simulation.status && isSameCode(card, simulation),
    onDeadline: () =>
      failure(
        'deadline-passed',
        `The simulation was accepted, but card ${cardLabel(session.card)} does not show it yet.`,
        `Check again: ${statusOf(ctx, session)}`,
      ),
  });
}

function isSameCode({ production }: CardSession['card'], { errorCode }: Simulation): boolean {
  return errorCode === undefined || production?.errorCode === errorCode;
}
