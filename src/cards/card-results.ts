import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { Failure } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import { type CardResult, exitCodeOf, failuresIn, summarize } from '../domain/results.ts';
import type { Result } from '../output/result.ts';
import type { CardInput } from './card-arguments.ts';
import { renderCards } from './card-views.ts';

export interface CardResultsOptions {
  shape: CardInput['shape'];
  /** What was aborted, if anything: it counts for the cards that were not started. */
  signal: AbortSignal;
  /** Shown per card beside the usual. */
  extra?: (result: CardResult) => Record<string, unknown>;
  text?: Result['text'];
}

/** The result of a command on cards: one card as `card`, several as `cards` with a summary. */
export function cardResults(
  results: readonly CardResult[],
  { shape, signal, extra, text }: CardResultsOptions,
): Result {
  const stopped: ExitCode = signal.reason instanceof Failure ? signal.reason.exitCode : 0;
  const errors = results.flatMap(({ card, error }) =>
    error ? [{ about: formatReference(card), error }] : [],
  );
  return {
    exitCode: exitCodeOf(results, stopped),
    document: shape === 'card' ? one(results[0], extra) : many(results, extra),
    text: text ?? ((style) => renderCards(results, { style, isList: shape === 'cards' })),
    references: results.flatMap(({ card, outcome }) => (isGood(outcome) ? [formatReference(card)] : [])),
    failures: failuresIn(results),
    errors: shape === 'card' ? errors.map(({ error }) => ({ about: null, error })) : errors,
  };
}

function isGood(outcome: CardResult['outcome']): boolean {
  return outcome === 'done' || outcome === 'unchanged';
}

type Extra = CardResultsOptions['extra'];

function one(result: CardResult | undefined, extra: Extra): Record<string, unknown> {
  if (!result) throw new TypeError('a command on one card has no result');
  const { card, changed, via, error } = result;
  return {
    card: { ...card, ...extra?.(result) },
    ...(changed !== undefined && { changed }),
    ...(via && { via }),
    ...(error && { error }),
  };
}

function many(results: readonly CardResult[], extra: Extra): Record<string, unknown> {
  const cards = results.map((result) => {
    const { card, outcome, exitCode, changed, via, error } = result;
    const own = { ...(changed !== undefined && { changed }), ...(via && { via }), ...(error && { error }) };
    return { ...card, ...extra?.(result), outcome, exitCode, ...own };
  });
  return { cards, summary: summarize(results) };
}
