import { settleOpenAttempt } from '../cards/session/send.ts';
import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Attempt, Outcome } from '../domain/attempt.ts';
import { isOpen } from '../domain/attempt.ts';
import { type Card, cardLabel, hintOf } from '../domain/card.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import type { Failure } from '../domain/errors/failure.ts';
import { failure } from '../domain/errors/failure.ts';
import { type CardIdentity, identityOf } from '../domain/ids.ts';
import {
  type CardOutcome,
  exitCodeOfSteps,
  type RunCard,
  type RunRecord,
  type RunStep,
  type StepOutcome,
  unstartedCard,
} from '../domain/run.ts';
import { everyRunCard } from '../journal/run-cards.ts';
import type { StepEnd } from '../scenarios/steps/step.ts';
import type { PlacedStep, PlannedCard } from './run.ts';

const OVER = new Set<StepOutcome>(['done', 'failed', 'tolerated', 'unmet', 'skipped']);

/** Creates the record of a planned card that was not started. */
export function newCard({ number, row, kioskId }: PlannedCard, outcome: CardOutcome): RunCard {
  return { ...unstartedCard(number), row, kioskId, outcome };
}

/** Creates the record of a step that is about to start. Its outcome is `running` until the step ends. */
export function entryOf({ index, definition: { kind }, title, line }: PlacedStep): RunStep {
  const unseen = { exitCode: null, startedAt: null, endedAt: null, orderId: null, cardToken: null };
  return { index, kind, title, line, outcome: 'running', ...unseen };
}

export function isOver(step: RunStep | undefined): boolean {
  return step !== undefined && OVER.has(step.outcome);
}

/** Returns the card that the previous steps worked on. Before the first order, the card has no ids. */
export function cardOf({ card }: RunCard, ctx: Context): CardIdentity {
  if (!card || (card.orderId === null && card.cardToken === null)) return noCard(ctx);
  return identityOf(card);
}

export function noCard({ profileId }: Context): CardIdentity {
  return { profileId: profileId ?? 0, orderId: null, cardToken: null };
}

/** True if an earlier session of the run may have left the card in a kiosk. */
export function wasAtKiosk({ card, steps }: RunCard): boolean {
  const isSending = steps.some(
    ({ attemptsBefore, outcome }) => attemptsBefore !== undefined && outcome === 'running',
  );
  return isSending || card?.stage === 'in-progress';
}

/** True if the card may be in a kiosk: at the last read, its production was in progress or its attempt was open. */
export function isAtKiosk({ card, latest }: CardSession): boolean {
  return card.stage === 'in-progress' || isOpen(latest?.facts.attempt ?? null);
}

/** Returns the result of the last action step (not a check) before an index. */
export function lastEnd({ steps }: RunCard, planned: PlannedCard, before: number): StepEnd | null {
  const step = planned.steps.slice(0, before).findLast(({ definition }) => !definition.isCheck);
  const last = step && steps[step.index];
  if (last?.exitCode == null) return null;
  const { exitCode, error = null, startedAt, endedAt } = last;
  return { exitCode, error, durationMs: (endedAt ?? 0) - (startedAt ?? 0) };
}

/** Records that a signal interrupted the card. Sets an exit code only if the outcome of a request is unknown. */
export function noteSignal(record: RunCard, session: CardSession, signal: Failure): void {
  const { exitCode } = session.explain(signal);
  record.card = session.card;
  record.exitCode = isOfSignal(exitCode) ? null : exitCode;
}

/** Records the outcome of a card if all its steps have ended. @param at milliseconds since the epoch */
export function closeRecord(record: RunCard, planned: PlannedCard, at: number): void {
  if (planned.steps.some(({ index }) => !isOver(record.steps[index]))) return;
  const bad = record.steps.find(({ outcome }) => outcome === 'unmet' || outcome === 'failed');
  const outcomes: Record<string, CardOutcome> = { unmet: 'unmet', failed: 'failed' };
  record.outcome = outcomes[bad?.outcome ?? ''] ?? 'passed';
  record.exitCode = exitCodeOfSteps(record.steps);
  record.endedAt = at;
}

export function outcomeOf({ onFailure }: PlacedStep, { exitCode, unmet }: RunStep): StepOutcome {
  if (unmet) return 'unmet';
  if (exitCode === 0) return 'done';
  return onFailure === 'continue' ? 'tolerated' : 'failed';
}

/** Outcomes of requests that Wise received. They must not be sent again. */
const ARRIVED = new Set<Outcome>(['accepted', 'queued', 'produced', 'failed']);

/** Outcomes of requests that Wise did not accept. Resuming a run sends them once more. */
const NOT_ACCEPTED = new Set<Outcome>(['refused', 'not-seen']);

/**
 * Reopens a card of an earlier session if its last step sent a request that Wise did not accept, and if the card has
 * not changed since.
 * @returns true if the card was reopened
 */
export async function reopen({ journal }: Context, card: RunCard): Promise<boolean> {
  const step = card.steps.find(({ outcome }) => outcome === 'failed');
  if (card.endedAt === null || !step || step.attemptId === undefined || step.cardToken === null) return false;
  const { cleanUp = null } = card.orders.find(({ orderId }) => orderId === step.orderId) ?? {};
  const latest = await journal.latestAttempt(step.cardToken);
  const isOver = cleanUp === 'cancelled' || cleanUp === 'ended-before';
  if (isOver || latest?.id !== step.attemptId || !NOT_ACCEPTED.has(latest.outcome)) return false;
  // Looks like the record of a killed process, so that `findAttemptOf` decides if the request is sent again.
  const { error: _, attemptId: __, ...again } = step;
  const running = { ...again, outcome: 'running' as const, exitCode: null, endedAt: null };
  card.steps = [...card.steps.slice(0, step.index), running];
  Object.assign(card, { outcome: 'interrupted', exitCode: null, endedAt: null });
  delete card.stopsRun;
  return true;
}

export async function countAttempts({ journal }: Context, { identity }: CardSession): Promise<number> {
  const { cardToken } = identity;
  const latest = cardToken === null ? null : await journal.latestAttempt(cardToken);
  return latest?.number ?? 0;
}

/**
 * Finds the attempt of a step whose process was killed.
 * @param interrupted the step's record from before it started
 * @returns the attempt if Wise received its request; null if the step must be executed now
 * @throws Failure if the outcome is unknown, or if another command has closed the attempt
 */
export async function findAttemptOf(
  ctx: Context,
  session: CardSession,
  interrupted: RunStep,
): Promise<Attempt | null> {
  const { cardToken } = session.identity;
  if (cardToken === null) return null;
  const attempt = await ctx.journal.latestAttempt(cardToken);
  if (!attempt || attempt.number <= (interrupted.attemptsBefore ?? 0)) return null;
  await settleOpenAttempt(ctx, session, attempt);
  const now = session.latest?.facts.attempt ?? null;
  if (!now || now.number <= (interrupted.attemptsBefore ?? 0) || NOT_ACCEPTED.has(now.outcome)) return null;
  if (ARRIVED.has(now.outcome)) return now;
  const { card } = session;
  const message = `Attempt ${now.number} on card ${cardLabel(card)} is ${now.outcome}: the run does not send it again.`;
  throw failure('attempt-superseded', message, hintOf(card));
}

/** True if resuming a run would send a request again. */
export async function hasUnaccepted(ctx: Context, run: RunRecord): Promise<boolean> {
  for await (const card of everyRunCard(ctx.journal, run.id)) if (await reopen(ctx, card)) return true;
  return false;
}

/** Records how many attempts an interrupted step made before it was repeated. */
export function noteLost(step: RunStep, { attempt, attemptId }: Card): void {
  const lost = attempt - (step.attemptsBefore ?? attempt) - 1;
  if (lost > 0 && step.attemptId === attemptId) step.attemptsLost = lost;
}

/** Returns the number of attempts on the card that interrupted steps made without effect. */
export function lostAttempts({ steps }: RunCard, { identity }: CardSession): number {
  return steps
    .filter(({ cardToken }) => cardToken === identity.cardToken)
    .reduce((sum, { attemptsLost = 0 }) => sum + attemptsLost, 0);
}
