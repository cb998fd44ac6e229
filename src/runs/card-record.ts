import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { isOpen } from '../domain/attempt.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import type { Failure } from '../domain/errors/failure.ts';
import { type CardIdentity, identityOf } from '../domain/ids.ts';
import {
  type CardOutcome,
  exitCodeOfSteps,
  type RunCard,
  type RunStep,
  type StepOutcome,
  unstartedCard,
} from '../domain/run.ts';
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

/** The card that the steps so far were done with; none yet where none of them had one. */
export function cardOf({ card }: RunCard, ctx: Context): CardIdentity {
  if (!card || (card.orderId === null && card.cardToken === null)) return noCard(ctx);
  return identityOf(card);
}

export function noCard({ profileId }: Context): CardIdentity {
  return { profileId: profileId ?? 0, orderId: null, cardToken: null };
}

/** True if an earlier session left the card in a kiosk, as far as the record shows. */
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

/** The end of the last step before one that was no check. */
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

/** Stores the outcome of a card in its record, once every step is over. @param at milliseconds since the epoch */
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
