import type { Card } from './card.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import type { FailureDocument } from './errors/failure.ts';
import type { CardFailure } from './selection.ts';

/** How one card of a list ended. */
export type ResultOutcome =
  | 'done'
  | 'unchanged'
  | 'failed'
  | 'refused'
  | 'unknown'
  | 'timeout'
  | 'skipped'
  | 'not-started';

/** What a command did with one card. */
export interface CardResult {
  /** As far as it is known; a card that could not be read at all has only what its reference said. */
  card: Card;
  outcome: ResultOutcome;
  /** null for a card that was not started. */
  exitCode: ExitCode | null;
  /** Whether an act changed anything; not set by looks and waits. */
  changed?: boolean;
  /** What ended a wait, well or not: a look at the API, or an event in the journal. */
  via?: 'api' | 'event';
  error?: FailureDocument;
}

/** How many cards ended how; outcomes that none had are left out. */
export type Summary = Partial<Record<ResultOutcome, number>> & { total: number };

const OUTCOME_OF_EXIT: Partial<Record<ExitCode, ResultOutcome>> = {
  2: 'refused',
  8: 'unknown',
  9: 'refused',
  10: 'refused',
  75: 'timeout',
};

/** The outcome of a card whose act or wait ended with an error. */
export function outcomeOf(error: FailureDocument, exitCode: ExitCode): ResultOutcome {
  return error.code === 'production-refused' ? 'refused' : (OUTCOME_OF_EXIT[exitCode] ?? 'failed');
}

export function summarize(results: readonly CardResult[]): Summary {
  const summary: Summary = { total: results.length };
  for (const { outcome } of results) summary[outcome] = (summary[outcome] ?? 0) + 1;
  return summary;
}

/**
 * The exit code of a list of cards.
 * @param stopped what stopped the command before it started some of them
 */
export function exitCodeOf(results: readonly CardResult[], stopped: ExitCode = 0): ExitCode {
  return combineExitCodes(results.map(({ exitCode }) => exitCode ?? stopped));
}

/** What cards failed with, as far as their results tell. */
export function failuresIn(results: readonly Pick<CardResult, 'card' | 'error'>[]): CardFailure[] {
  return results.flatMap(({ card, error }) => {
    const cause = error ? causeOf(error) : null;
    if (cause || card.stage !== 'failed') return cause ?? [];
    return { kind: 'production', errorCode: card.production?.errorCode ?? null };
  });
}

/** What of the error catalogue an error is about; null when it has nothing to do with it. */
export function causeOf({ code, details }: FailureDocument): CardFailure | null {
  const errorCode = details?.errorCode ?? null;
  if (code === 'production-refused') return { kind: 'request', errorCode };
  return code === 'production-failed' ? { kind: 'production', errorCode } : null;
}
