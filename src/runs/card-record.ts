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

/** Returns the record of a planned card that was not started. */
export function newCard({ number, row, kioskId }: PlannedCard, outcome: CardOutcome): RunCard {
  return { ...unstartedCard(number), row, kioskId, outcome };
}

/** Returns the record of a step that was not started. */
export function entryOf({ index, definition: { kind }, title, line }: PlacedStep): RunStep {
  const unseen = { exitCode: null, startedAt: null, endedAt: null, orderId: null, cardToken: null };
  return { index, kind, title, line, outcome: 'running', ...unseen };
}

export function isOver(step: RunStep | undefined): boolean {
  return step !== undefined && OVER.has(step.outcome);
}

/** Returns the identity of the card that the steps so far worked on, or one without ids. */
export function cardOf({ card }: RunCard, ctx: Context): CardIdentity {
  if (!card || (card.orderId === null && card.cardToken === null)) return noCard(ctx);
  return identityOf(card);
}

export function noCard({ profileId }: Context): CardIdentity {
  return { profileId: profileId ?? 0, orderId: null, cardToken: null };
}

/** True if an earlier session may have left the card in a kiosk. */
export function wasAtKiosk({ card, steps }: RunCard): boolean {
  const isSending = steps.some(
    ({ attemptsBefore, outcome }) => attemptsBefore !== undefined && outcome === 'running',
  );
  return isSending || card?.stage === 'in-progress';
}

/** True if something is being produced, as far as it was read. */
export function isAtKiosk({ card, latest }: CardSession): boolean {
  return card.stage === 'in-progress' || isOpen(latest?.facts.attempt ?? null);
}

/** Returns the result of the last step before an index that was no check. */
export function lastEnd({ steps }: RunCard, planned: PlannedCard, before: number): StepEnd | null {
  const step = planned.steps.slice(0, before).findLast(({ definition }) => !definition.isCheck);
  const last = step && steps[step.index];
  if (last?.exitCode == null) return null;
  const { exitCode, error = null, startedAt, endedAt } = last;
  return { exitCode, error, durationMs: (endedAt ?? 0) - (startedAt ?? 0) };
}

/** Notes how a signal left a card: a request whose answer was lost has an exit code of its own. */
export function noteSignal(record: RunCard, session: CardSession, signal: Failure): void {
  const { exitCode } = session.explain(signal);
  record.card = session.card;
  record.exitCode = isOfSignal(exitCode) ? null : exitCode;
}

/** Stores the outcome of a card in its record, if all steps are over. @param at the time, in milliseconds since the epoch */
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

/** Outcomes that prove that a request arrived, so that it is not sent again. */
const ARRIVED = new Set<Outcome>(['accepted', 'queued', 'produced', 'failed']);

/** Outcomes that prove that a request was not accepted. Each time the run is resumed, it is sent once more. */
const NOT_ACCEPTED = new Set<Outcome>(['refused', 'not-seen']);

/**
 * Opens a card of an earlier session again if the step that ended it sent a request that was certainly not accepted, and
 * nothing happened to the card since.
 * @returns false if the card stays as it is
 */
export async function reopen({ journal }: Context, card: RunCard): Promise<boolean> {
  const step = card.steps.find(({ outcome }) => outcome === 'failed');
  if (card.endedAt === null || !step || step.attemptId === undefined || step.cardToken === null) return false;
  const { cleanUp = null } = card.orders.find(({ orderId }) => orderId === step.orderId) ?? {};
  const latest = await journal.latestAttempt(step.cardToken);
  const isOver = cleanUp === 'cancelled' || cleanUp === 'ended-before';
  if (isOver || latest?.id !== step.attemptId || !NOT_ACCEPTED.has(latest.outcome)) return false;
  // The step looks as if its process had been killed: `findAttemptOf` finds out that the request was not accepted.
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
 * @param interrupted the step as it was stored before it started
 * @returns the attempt, if its request arrived; null if the step is to be executed now
 * @throws Failure if the outcome is unknown, or the attempt was closed while it was unknown
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

/** True if resuming a run sends something again. */
export async function hasUnaccepted(ctx: Context, run: RunRecord): Promise<boolean> {
  for await (const card of everyRunCard(ctx.journal, run.id)) if (await reopen(ctx, card)) return true;
  return false;
}

/** Notes the number of attempts that an interrupted step made before it was repeated. */
export function noteLost(step: RunStep, { attempt, attemptId }: Card): void {
  const lost = attempt - (step.attemptsBefore ?? attempt) - 1;
  if (lost > 0 && step.attemptId === attemptId) step.attemptsLost = lost;
}

/** Returns the number of attempts on the card that exist only because sessions were interrupted. */
export function lostAttempts({ steps }: RunCard, { identity }: CardSession): number {
  return steps
    .filter(({ cardToken }) => cardToken === identity.cardToken)
    .reduce((sum, { attemptsLost = 0 }) => sum + attemptsLost, 0);
}
