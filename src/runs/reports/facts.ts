// The facts of a run, its cards and steps, in the form that all report formats use. Untrusted text is escaped and on
// one line.
import { type ExitCode, meaningOf } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import { toShell } from '../../domain/next-command.ts';
import type {
  CardOutcome,
  RunCard,
  RunOutcome,
  RunRecord,
  RunStep,
  StepOutcome,
  Unmet,
} from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { plainText } from '../../output/markup.ts';
import type { RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/** An outcome in reports: its word, its symbol and its colour. */
export interface Label {
  word: string;
  sign: string;
  tone: 'good' | 'bad' | 'warn' | 'idle';
}

export const CARD_OUTCOMES = ['passed', 'unmet', 'failed', 'interrupted', 'not-started'] as const;

export const CARD_LABELS: Readonly<Record<CardOutcome, Label>> = {
  passed: { word: 'passed', sign: '✓', tone: 'good' },
  unmet: { word: 'not as expected', sign: '≠', tone: 'bad' },
  failed: { word: 'failed', sign: '✗', tone: 'bad' },
  interrupted: { word: 'interrupted', sign: '…', tone: 'warn' },
  'not-started': { word: 'not started', sign: '–', tone: 'idle' },
};

const RUN_LABELS: Readonly<Record<RunOutcome, Label>> = {
  ...CARD_LABELS,
  unfinished: { word: 'unfinished', sign: '…', tone: 'warn' },
};

const STEP_LABELS: Readonly<Record<StepOutcome, Label>> = {
  done: { word: 'done', sign: '✓', tone: 'good' },
  failed: { word: 'failed', sign: '✗', tone: 'bad' },
  tolerated: { word: 'failed, tolerated', sign: '!', tone: 'warn' },
  unmet: { word: 'not met', sign: '≠', tone: 'bad' },
  skipped: { word: 'skipped', sign: '–', tone: 'idle' },
  running: { word: 'no result', sign: '…', tone: 'warn' },
};

/** True for cards that reports show first, because they did not pass. */
export function isTrouble({ outcome }: Pick<RunCard, 'outcome'>): boolean {
  return outcome !== 'passed' && outcome !== 'not-started';
}

export function runFacts({ run, totals }: Pick<RunReport, 'run' | 'totals'>) {
  const { attempts, exitCode, outcome, requests, span } = totals;
  const { show, resume } = commandsOf(run);
  const isOpen = outcome === 'interrupted' || outcome === 'unfinished';
  return {
    label: RUN_LABELS[outcome],
    summary: summarize(totals),
    exit: exitCode === 0 ? 'exit code 0' : `exit code ${exitCode}: ${meaningOf(exitCode) ?? 'unknown'}`,
    began: utcText(run.startedAt),
    took: formatDuration(span.until - span.from),
    source:
      run.source.kind === 'file' ? plainText(run.source.path) : `built in: ${plainText(run.source.name)}`,
    attempts: `${attempts.produced} produced, ${attempts.failed} failed, ${attempts.refused} refused`,
    perCard: requests.perCard === null ? null : `${requests.perCard.toFixed(1)} per card`,
    freed: run.freed.map(({ profileId, isFreed }) => ({ profileId, isFreed, text: freedText(isFreed) })),
    next: isOpen ? { about: 'Continue it', command: resume } : { about: 'Show it', command: show },
  };
}

/** Summarizes a run: `3 of 7 cards passed: 1 not as expected, 2 failed, 1 not started.` */
function summarize({ cards }: RunTotals): string {
  const others = otherOutcomes(cards);
  if (cards.total === 0) return 'The run had no cards.';
  if (others === '') return cards.total === 1 ? 'The card passed.' : `All ${cards.total} cards passed.`;
  return `${cards.passed} of ${counted(cards.total, 'card')} passed: ${others}.`;
}

/** Formats the numbers of cards that did not pass: `1 not as expected, 2 failed`. Empty if all passed. */
export function otherOutcomes(cards: RunTotals['cards']): string {
  const others = CARD_OUTCOMES.slice(1).filter((outcome) => cards[outcome] > 0);
  return others.map((outcome) => `${cards[outcome]} ${CARD_LABELS[outcome].word}`).join(', ');
}

/** Formats a time as `2026-11-22 10:00:00 UTC`. @param at milliseconds since the epoch */
export function utcText(at: number): string {
  return `${utcTime(at).slice(0, 19).replace('T', ' ')} UTC`;
}

/**
 * Describes the effect of cancelled orders on the card limit.
 * @param isFreed true if the profile can order cards again; null if the limit had not been reached
 */
function freedText(isFreed: boolean | null): string {
  if (isFreed === null) return 'unknown: the limit was not reached';
  return isFreed ? 'yes' : 'no';
}

/** Returns the commands that show and resume a run. */
export function commandsOf({ id, flags }: RunRecord): { show: string; resume: string } {
  return {
    show: plainText(toShell(['kioskctl', 'runs', 'show', id, ...flags])),
    resume: plainText(toShell(['kioskctl', 'run', '--resume', id, ...flags])),
  };
}

interface CardFacts {
  label: Label;
  /** `profile/token` or `profile/order`; null before the card has an order. */
  name: string | null;
  kioskId: string | null;
  took: string;
}

export function cardFacts(card: RunCard): CardFacts {
  return {
    label: CARD_LABELS[card.outcome],
    name: cardName(card),
    kioskId: card.kioskId && plainText(card.kioskId),
    took: tookText(card),
  };
}

function cardName({ card, orders }: RunCard): string | null {
  const order = orders.at(-1);
  if (card) return plainText(`${card.profileId}/${card.cardToken ?? card.orderId ?? '?'}`);
  return order ? `${order.profileId}/${order.orderId}` : null;
}

export interface StepFacts {
  outcome: StepOutcome;
  label: Label;
  /** Number of the step, from 1, and its title. */
  name: string;
  /** Line of the step in the scenario file; null without a file. */
  line: number | null;
  exitCode: ExitCode | null;
  took: string;
  /** Milliseconds; null if the step has not ended. */
  duration: number | null;
  /** The most important problem of the step; null for none. */
  trouble: string | null;
  unmet: Unmet[];
  error: Pick<FailureDocument, 'code' | 'message' | 'hint'> | null;
  /** Ids for finding the step at Wise and in the journal. */
  ids: [name: string, id: string][];
}

export function stepFacts(step: RunStep, card: RunCard, run: Pick<RunRecord, 'source'>): StepFacts {
  const { index, title, outcome, exitCode, error } = step;
  const unmet = (step.unmet ?? []).map(({ field, expected, actual }) => ({
    field: plainText(field),
    expected: plainText(expected),
    actual: plainText(actual),
  }));
  const facts = {
    outcome,
    label: STEP_LABELS[outcome],
    name: `${index + 1}. ${plainText(title)}`,
    line: run.source.kind === 'file' ? step.line : null,
    exitCode,
    took: tookText(step),
    duration: durationOf(step),
    unmet,
    error: error
      ? { code: plainText(error.code), message: plainText(error.message), hint: plainText(error.hint) }
      : null,
  };
  const trouble = troubleOf(facts);
  return { ...facts, trouble, ids: trouble === null ? [] : idsOf(step, card) };
}

function troubleOf({ outcome, error, unmet }: Pick<StepFacts, 'outcome' | 'error' | 'unmet'>): string | null {
  if (outcome === 'running') return 'It was started, but no result was recorded.';
  if (outcome !== 'unmet') return error?.message ?? null;
  const parts = unmet.map(({ field, expected, actual }) => `${field}: expected ${expected}, was ${actual}`);
  return parts.join('; ') || 'An expectation was not met.';
}

function idsOf(step: RunStep, { card, orders, steps }: RunCard): [string, string][] {
  const { errorCode, correlationId, traceId, idempotencyKey, httpStatus } = step.error?.details ?? {};
  // The attempt that the step started, otherwise the latest one before it.
  const attempt = steps.findLast(({ index, attemptId }) => index <= step.index && attemptId !== undefined);
  const ids: [string, string | number | null | undefined][] = [
    ['profile', card?.profileId ?? orders.at(-1)?.profileId],
    ['order', step.orderId],
    ['card token', step.cardToken],
    ['attempt', attempt?.attemptId],
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

function durationOf({ startedAt, endedAt }: Pick<RunStep, 'startedAt' | 'endedAt'>): number | null {
  return startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt);
}

function tookText(times: Pick<RunStep, 'startedAt' | 'endedAt'>): string {
  const duration = durationOf(times);
  return duration === null ? '–' : formatDuration(duration);
}
