import { describeStage } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import type { Failure, FailureDocument } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import type { Invocation } from '../domain/next-command.ts';
import {
  type CardResult,
  causeOf,
  describeGroup,
  errorsIn,
  exitCodeOf,
  failuresIn,
  gravestOf,
  groupFailures,
  interruptedError,
  journalStop,
  type ResultOutcome,
  reasonOf,
  type ShownError,
  summarize,
} from '../domain/results.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import type { CardInput } from './card-arguments.ts';

interface Listing {
  style: Style;
  isList: boolean;
  /** Number of cards that were sent and have no result yet, for the last line of a list. */
  sent?: number;
  /** Context flags of the next command for several cards. */
  invocation?: Pick<Invocation, 'flags'> | undefined;
}

/** Renders the results of a command: a single card in a few lines, several cards in a line each. */
export function renderCards(
  results: readonly CardResult[],
  { style, isList, sent = 0, invocation = { flags: [] } }: Listing,
): string {
  if (!isList) return results.map((result) => renderCard(result, style)).join('');
  const groups = groupFailures(results);
  const hasReasons = haveReasons(groups);
  const lines = groups.map((group) => renderGroup(group, { style, hasReasons, invocation }));
  const counts = new Map<string, number>(sent > 0 ? [['sent', sent]] : []);
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return `${lines.join('')}${counted(sent + results.length, 'card')}: ${summary || 'nothing to do'}\n`;
}

/** True if the cards have different errors, so that each line must show its own. Interruptions don't count. */
function haveReasons(groups: readonly (readonly CardResult[])[]): boolean {
  return groups.filter(([first]) => first?.error && first.outcome !== 'interrupted').length > 1;
}

/** Renders a card in one line, or several cards below their common error. */
function renderGroup(
  group: readonly CardResult[],
  {
    style,
    hasReasons,
    invocation,
  }: { style: Style; hasReasons: boolean; invocation: Pick<Invocation, 'flags'> },
): string {
  const [first, second] = group;
  if (!first) return '';
  const what = second ? describeGroup(first, group.length) : summaryOf(first);
  const reason = hasReasons && what.endsWith(first.outcome) ? reasonOf(first) : null;
  const names = second ? group.map(({ card }) => `    ${formatReference(card)}\n`) : [];
  const line = printable(reason === null ? what : `${what}: ${reason}`);
  const isHinted = hasReasons && style.screen?.hasErrors && first.outcome !== 'interrupted';
  const hint = isHinted ? hintOf(group, { line, invocation }) : null;
  const hints = hint === null ? [] : [`    ${printable(hint)}\n`];
  return [`${mark(first, style)} ${line}\n`, ...names, ...hints].join('');
}

/**
 * Returns the hint for a group of cards with the same error; null without an error. The meaning of the error code
 * precedes the hint unless `line` contains it.
 */
function hintOf(
  group: readonly CardResult[],
  { line, invocation }: { line: string; invocation: Pick<Invocation, 'flags'> },
): string | null {
  const [shown] = errorsIn(group, { showsReasons: true, invocation });
  if (!shown) return null;
  const cause = causeOf(shown.error);
  const meaning = cause ? lookUpError(cause.kind, cause.errorCode).meaning : '';
  return line.includes(meaning) ? shown.error.hint : `${meaning} ${shown.error.hint}`;
}

function renderCard(result: CardResult, style: Style): string {
  const { card, error } = result;
  // Without an order there is no card to show, only the error.
  if (card.orderId === null && card.cardToken === null) return '';
  const next = card.next && !error ? `  Next: ${style.bold(printable(card.next))}\n` : '';
  return `${mark(result, style)} ${printable(summaryOf(result))}\n${next}`;
}

function mark({ outcome }: CardResult, style: Style): string {
  if (outcome === 'done') return style.good('✓');
  if (outcome === 'not-started' || outcome === 'skipped') return style.dim('–');
  return outcome === 'unchanged' ? style.dim('=') : style.bad('✗');
}

/** Describes a result in one line: card, outcome, and the last read stage. */
function summaryOf(result: CardResult): string {
  return `${formatReference(result.card)} ${describeOutcome(result)}`;
}

/** Outcomes that are shown together with the card's stage, because the command has read the card. */
const READ = new Set<ResultOutcome>(['done', 'unchanged', 'timeout']);

/** Describes the outcome of an action or wait. It may differ from the stage of the card. */
function describeOutcome({ card, outcome, error }: CardResult): string {
  const stage = describeStage(card);
  if (error?.code === 'production-refused') return describeRefusal(error);
  // The stage starts with the same word, so it replaces the outcome.
  if (outcome === 'failed' && card.stage === 'failed' && error?.code === 'production-failed') return stage;
  const isRead = card.stage !== 'unknown' && READ.has(outcome);
  return isRead ? `${outcome}: ${stage}` : outcome;
}

function describeRefusal({ details }: FailureDocument): string {
  const { code, meaning } = lookUpError('request', details?.errorCode ?? null);
  return `refused: ${code}. ${meaning}`;
}

export interface CardResultsOptions<One extends CardResult = CardResult> {
  shape: CardInput['shape'];
  /** Flags that select the context, for commands that messages suggest for several cards; undefined for none. */
  invocation?: Pick<Invocation, 'flags'> | undefined;
  /** True if the command may have sent a request with an effect. */
  mayHaveSent?: boolean;
  /** Failures that stopped the command early, like a signal or a lost lease. */
  stops?: readonly Failure[];
  /** Returns additional fields of a card's JSON document. */
  extra?: (result: One) => Record<string, unknown>;
  text?: Result['text'];
  /** False if the text output lists the cards without their errors (default: true). */
  showsReasons?: boolean;
  /** True if the text output is that of `renderCards` (default: without `text`). */
  isListing?: boolean;
}

/**
 * Creates the result of a command on cards. Its JSON document has `card` for one card, `cards` and a summary for
 * several.
 */
export function cardResults<One extends CardResult>(
  results: readonly One[],
  options: CardResultsOptions<One>,
): Result {
  const { shape, stops: given = [], extra = () => ({}), text } = options;
  const [first] = results;
  if (shape === 'card' && !first) throw new TypeError('a command on one card has no result');
  const isOver = shape === 'card' && results.every(({ exitCode }) => exitCode !== null);
  const stops = isOver ? [] : [...given, journalStop(results)].filter((one) => one !== null);
  const stop = gravestOf(stops)?.toDocument();
  const toEntry = (result: One) => {
    const { card, outcome, exitCode } = result;
    return { ...card, ...extra(result), outcome, exitCode, ...ownFields(result) };
  };
  return {
    exitCode: exitCodeOf(results, stops),
    document: {
      ...(shape === 'card' && first
        ? { card: { ...first.card, ...extra(first) }, ...ownFields(first) }
        : { cards: results.map(toEntry), summary: summarize(results) }),
      ...(stop && { error: stop }),
    },
    text:
      text ??
      ((style) => renderCards(results, { style, isList: shape === 'cards', invocation: options.invocation })),
    references: results
      .filter(({ outcome }) => outcome === 'done' || outcome === 'unchanged')
      .map(({ card }) => formatReference(card)),
    failures: failuresIn(results),
    errors: shownErrors(results, { ...options, stops }),
  };
}

/** Returns the errors for text output. A signal is one error for all cards that it interrupted. */
function shownErrors(
  results: readonly CardResult[],
  { shape, stops, showsReasons = true, ...options }: Omit<CardResultsOptions, 'extra'>,
): ShownError[] {
  const { invocation = { flags: [] }, mayHaveSent = false, text, isListing = text === undefined } = options;
  const isInterrupted = stops?.some(({ exitCode }) => isOfSignal(exitCode));
  const others = isInterrupted ? results.filter(({ outcome }) => outcome !== 'interrupted') : results;
  const ends = stops?.map((stop) => ({
    about: null,
    error: isOfSignal(stop.exitCode)
      ? interruptedError(stop, results, { mayHaveSent, invocation })
      : stop.toDocument(),
  }));
  const errors = errorsIn(others, { showsReasons: showsReasons || shape === 'card', invocation });
  const isListed = isListing && shape === 'cards' && haveReasons(groupFailures(others));
  return [...errors.map((one) => ({ ...one, ...(isListed && { isListed }) })), ...(ends ?? [])];
}

/** Returns the fields of a result besides its card, for JSON documents. */
function ownFields({ changed, via, error }: CardResult) {
  return { ...(changed !== undefined && { changed }), ...(via && { via }), ...(error && { error }) };
}
