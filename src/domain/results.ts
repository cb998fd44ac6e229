import type { Card } from './card.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import { type Failure, type FailureDocument, failure } from './errors/failure.ts';
import type { CardFailure } from './selection.ts';

/** The outcomes of an action or a wait for one card, with their meaning. */
export const OUTCOMES = {
  done: 'The action is complete, or the wait reached its target.',
  unchanged: 'The action was already in effect. Nothing was sent.',
  failed: 'The production failed, or the action ended with an error.',
  refused: 'Wise or kioskctl refused the request.',
  unknown: 'The request may have been accepted.',
  timeout: 'The deadline passed.',
  interrupted: 'A signal ended the action or wait.',
  skipped: 'An earlier step of the pipe failed for this card.',
  'not-started': 'The command ended before it began with this card.',
} as const;

export type ResultOutcome = keyof typeof OUTCOMES;

/**
 * The mode in which a wait detects changes. `poll`: it reads the API. `journal`: it reads the events that a listener stores
 * in the journal. `auto`: the journal while a listener is running, otherwise the API.
 */
export type Via = 'auto' | 'poll' | 'journal';

export interface CardResult {
  /** A card that could not be read has only the data of its reference. */
  card: Card;
  outcome: ResultOutcome;
  /** null for a card that was not started. */
  exitCode: ExitCode | null;
  /** True if an action changed anything; not set by reads and waits. */
  changed?: boolean;
  /** The source that ended a wait: a read of the API, or an event in the journal. */
  via?: 'api' | 'event';
  error?: FailureDocument;
}

/** The number of cards for each outcome; outcomes without cards are left out. */
export type Summary = Partial<Record<ResultOutcome, number>> & { total: number };

const OUTCOME_OF_EXIT: Partial<Record<ExitCode, ResultOutcome>> = {
  2: 'refused',
  8: 'unknown',
  9: 'refused',
  10: 'refused',
  75: 'timeout',
  129: 'interrupted',
  130: 'interrupted',
  143: 'interrupted',
};

/** Returns the outcome of a card whose action or wait ended with an error. */
export function outcomeOf(error: FailureDocument, exitCode: ExitCode): ResultOutcome {
  const outcome = OUTCOME_OF_EXIT[exitCode];
  return outcome ?? (error.code === 'production-refused' ? 'refused' : 'failed');
}

export function summarize(results: readonly CardResult[]): Summary {
  const summary: Summary = { total: results.length };
  for (const { outcome } of results) summary[outcome] = (summary[outcome] ?? 0) + 1;
  return summary;
}

/** Returns the exit code of a list of cards. @param stops the failures that stopped the command before it was done */
export function exitCodeOf(results: readonly CardResult[], stops: readonly Failure[] = []): ExitCode {
  return combineExitCodes([...results, ...stops].map(({ exitCode }) => exitCode ?? 0));
}

/** Returns the failure whose exit code takes precedence; null without any. */
export function gravestOf(stops: readonly Failure[]): Failure | null {
  const code = combineExitCodes(stops.map(({ exitCode }) => exitCode));
  return stops.find(({ exitCode }) => exitCode === code) ?? null;
}

/** True for the failures of a journal: nothing is sent after them. */
export function isOfJournal(code: string): code is 'journal-unusable' | 'journal-replaced' {
  return code === 'journal-unusable' || code === 'journal-replaced';
}

/** Returns the failure of a journal that stopped the command; null if it did not. */
export function journalStop(results: readonly CardResult[]): Failure | null {
  const isCutShort = results.some(({ outcome }) => outcome === 'not-started');
  const { error } = results.find((result) => result.error && isOfJournal(result.error.code)) ?? {};
  return error && isCutShort && isOfJournal(error.code)
    ? failure(error.code, error.message, error.hint)
    : null;
}

/** Returns the errors of Wise in results, and those of failed cards. */
export function failuresIn(results: readonly Pick<CardResult, 'card' | 'error'>[]): CardFailure[] {
  return results.flatMap(({ card, error }) => {
    const cause = error ? causeOf(error) : null;
    if (cause || card.stage !== 'failed') return cause ?? [];
    return { kind: 'production', errorCode: card.production?.errorCode ?? null };
  });
}

/** Returns the error of Wise that a failure has as its cause; null for other failures. */
export function causeOf({ code, details }: FailureDocument): CardFailure | null {
  const errorCode = details?.errorCode ?? null;
  if (code === 'production-refused') return { kind: 'request', errorCode };
  return code === 'production-failed' ? { kind: 'production', errorCode } : null;
}
