import { meaningOf } from '../../domain/errors/exit-codes.ts';
import { toShell } from '../../domain/next-command.ts';
import type { CardOutcome, RunCard, RunRecord, RunStep } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { plainText } from '../../output/markup.ts';
import type { RunTotals } from './run-totals.ts';

/** How a run went, in a word or two. */
export const OUTCOME_WORDS: Readonly<Record<RunTotals['outcome'], string>> = {
  passed: 'passed',
  unmet: 'not as expected',
  failed: 'failed',
  interrupted: 'interrupted',
  unfinished: 'unfinished',
};

export const CARD_WORDS: Readonly<Record<CardOutcome, string>> = {
  passed: 'passed',
  unmet: 'not as expected',
  failed: 'failed',
  interrupted: 'interrupted',
  'not-started': 'not started',
};

/** A sign for each outcome, so that nobody has to tell colours apart. */
export const CARD_SIGNS: Readonly<Record<CardOutcome, string>> = {
  passed: '✓',
  unmet: '≠',
  failed: '✗',
  interrupted: '…',
  'not-started': '–',
};

export const STEP_SIGNS: Readonly<Record<RunStep['outcome'], string>> = {
  done: '✓',
  failed: '✗',
  tolerated: '!',
  unmet: '≠',
  skipped: '–',
  running: '…',
};

/** Of these, a reader wants to see the steps first. */
export function isTrouble({ outcome }: Pick<RunCard, 'outcome'>): boolean {
  return outcome !== 'passed' && outcome !== 'not-started';
}

/** `3 of 7 cards passed: 1 not as expected, 2 failed, 1 not started.` */
export function summarize({ cards }: RunTotals): string {
  const parts = [
    cards.unmet > 0 && `${cards.unmet} not as expected`,
    cards.failed > 0 && `${cards.failed} failed`,
    cards.interrupted > 0 && `${cards.interrupted} interrupted`,
    cards['not-started'] > 0 && `${cards['not-started']} not started`,
  ].filter((part) => part !== false);
  if (cards.total === 0) return 'No card took part.';
  if (parts.length === 0) return cards.total === 1 ? 'The card passed.' : `All ${cards.total} cards passed.`;
  return `${cards.passed} of ${counted(cards.total, 'card')} passed: ${parts.join(', ')}.`;
}

export function describeExit({ exitCode }: Pick<RunTotals, 'exitCode'>): string {
  return exitCode === 0 ? 'exit code 0' : `exit code ${exitCode}: ${meaningOf(exitCode) ?? 'unknown'}`;
}

/** `2026-11-22 10:00:00 UTC`: whoever reads a report may be anywhere. @param at milliseconds since the epoch */
export function utcText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function durationOf({ startedAt, endedAt }: Pick<RunStep, 'startedAt' | 'endedAt'>): number | null {
  return startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt);
}

export function tookText(times: Pick<RunStep, 'startedAt' | 'endedAt'>): string {
  const duration = durationOf(times);
  return duration === null ? '–' : formatDuration(duration);
}

/** `profile/token`, `profile/order`, or nothing yet. */
export function cardName({ card, orders }: Pick<RunCard, 'card' | 'orders'>): string | null {
  const order = orders.at(-1);
  if (card) return plainText(`${card.profileId}/${card.cardToken ?? card.orderId ?? '?'}`);
  return order ? `${order.profileId}/${order.orderId}` : null;
}

/** The ids by which the vendor, and the journal, find a step again. */
export function idsOfStep(
  step: RunStep,
  card: Pick<RunCard, 'card' | 'orders' | 'steps'>,
): [string, string][] {
  const { errorCode, correlationId, traceId, idempotencyKey, httpStatus } = step.error?.details ?? {};
  const ids: [string, string | number | null | undefined][] = [
    ['profile', card.card?.profileId ?? card.orders.at(-1)?.profileId],
    ['order', step.orderId],
    ['card token', step.cardToken],
    ['attempt', attemptOf(step, card)],
    ['error code', errorCode],
    ['HTTP status', httpStatus],
    ['correlation id', correlationId],
    ['trace id', traceId],
    ['idempotency key', idempotencyKey],
  ];
  return ids.flatMap(([name, id]) =>
    id === null || id === undefined ? [] : [[name, plainText(String(id))]],
  );
}

/** The attempt that a step is about: its own, or the last one before it. */
function attemptOf({ index }: RunStep, { steps }: Pick<RunCard, 'steps'>): string | undefined {
  return steps.findLast((step) => step.index <= index && step.attemptId !== undefined)?.attemptId;
}

/** The first thing to say of a step that did not go well; null for others. */
export function troubleOf({ outcome, error, unmet }: RunStep): string | null {
  if (outcome === 'running') return 'It was begun, and nobody saw its end.';
  if (error && outcome !== 'unmet') return plainText(error.message);
  if (outcome !== 'unmet') return null;
  const said = (unmet ?? []).map(
    ({ field, expected, actual }) =>
      `${plainText(field)}: expected ${plainText(expected)}, was ${plainText(actual)}`,
  );
  return said.join('; ') || 'An expectation did not hold.';
}

/** How people call a step: counted from 1. */
export function stepName({ index, title }: Pick<RunStep, 'index' | 'title'>): string {
  return `${index + 1}. ${plainText(title)}`;
}

export function sourceText({ source }: Pick<RunRecord, 'source'>): string {
  return source.kind === 'file' ? plainText(source.path) : `built in: ${plainText(source.name)}`;
}

/** How to look at a run, and to go on with it. */
export function commandsOf({ id, flags }: RunRecord): { show: string; resume: string } {
  return {
    show: plainText(toShell(['kioskctl', 'runs', 'show', id, ...flags])),
    resume: plainText(toShell(['kioskctl', 'run', '--resume', id, ...flags])),
  };
}

/** Did cancelling free the places that the cards took? */
export function freedText(isFreed: boolean | null): string {
  if (isFreed === null) return "can't be told: the limit was not reached";
  return isFreed ? 'yes' : 'no';
}
