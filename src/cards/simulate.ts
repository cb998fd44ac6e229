import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { hintOf, name } from '../domain/card.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { Simulation } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { simulateProduction, simulateVerification } from '../wise/cards.ts';
import { failureOf, type Sent, unreachable } from '../wise/client.ts';
import type { Target } from './session/resolve-cards.ts';
import { forEachCard, type Subject, statusOf } from './session/session.ts';
import { waitFor } from './session/wait.ts';

/** Sets the result of the cards' productions in a sandbox, and looks whether it took. */
export async function simulate(
  ctx: Context,
  { targets, simulation }: { targets: readonly Target[]; simulation: Simulation },
): Promise<CardResult[]> {
  return forEachCard(ctx, { targets, concurrency: 1, authorizeFirst: true }, async (subject) =>
    recordAction(ctx, { subject, action: 'simulate' }, () => simulateOne(ctx, subject, simulation)),
  );
}

/** @returns whether it was told now @throws Failure */
export async function simulateOne(ctx: Context, subject: Subject, simulation: Simulation): Promise<boolean> {
  const { card } = await subject.observe();
  if (card.production?.status === simulation.status && isSameCode(card, simulation)) return false;
  if (card.stage !== 'in-progress') throw notSent(subject);
  await sendSimulation(ctx, subject, simulation);
  await readBack(ctx, subject, simulation);
  return true;
}

/** Tells the sandbox what becomes of the card in the kiosk. @throws Failure */
export async function sendSimulation(
  ctx: Context,
  { target, card }: Subject,
  simulation: Simulation,
): Promise<void> {
  const { profileId, cardToken } = target;
  if (cardToken === null)
    throw new Failure('wrong-stage', `Card ${name(card)} does not exist yet.`, { hint: hintOf(card) });
  refuseUnlessDone(await simulateProduction(ctx.wise, { profileId, cardToken, simulation }));
}

/** Lets a profile pass its verification in a sandbox. @throws Failure */
export async function verifyProfile(ctx: Context, profileId: number): Promise<void> {
  await ctx.authorize(profileId);
  const subject = { target: { profileId, orderId: null, cardToken: null } };
  await recordAction(ctx, { subject, action: 'simulate' }, async () =>
    refuseUnlessDone(await simulateVerification(ctx.wise, profileId)),
  );
}

function refuseUnlessDone(sent: Sent): void {
  if (sent.kind !== 'answered') throw unreachable(sent);
  if (sent.httpStatus < 200 || sent.httpStatus > 299) throw failureOf(sent);
}

async function readBack(ctx: Context, subject: Subject, simulation: Simulation): Promise<void> {
  await waitFor(ctx, subject, {
    goal: simulation.status,
    isReached: ({ card }) => card.production?.status === simulation.status && isSameCode(card, simulation),
    onDeadline: () =>
      new Failure(
        'deadline-passed',
        `The simulation was accepted, but card ${name(subject.card)} still reads otherwise.`,
        {
          hint: `Look again: ${statusOf(ctx, subject)}`,
        },
      ),
  });
}

function isSameCode({ production }: Subject['card'], { errorCode }: Simulation): boolean {
  return errorCode === undefined || production?.errorCode === errorCode;
}

function notSent({ card }: Subject): Failure {
  return new Failure(
    'wrong-stage',
    `Card ${name(card)} is not in production (${card.stage}): nothing to simulate.`,
    {
      hint: hintOf(card),
    },
  );
}
