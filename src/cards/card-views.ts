import { describeStage } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { Failure, FailureDocument } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import type { Invocation } from '../domain/next-command.ts';
import {
  type CardResult,
  describeGroup,
  errorsIn,
  exitCodeOf,
  failuresIn,
  gravestOf,
  groupFailures,
  journalStop,
  summarize,
} from '../domain/results.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import type { CardInput } from './card-arguments.ts';

/** Renders the results of a command: one card in a few lines, or a list with a line for each card. */
export function renderCards(
  results: readonly CardResult[],
  { style, isList }: { style: Style; isList: boolean },
): string {
  if (!isList) return results.map((result) => renderCard(result, style)).join('');
  const lines = groupFailures(results).map((group) => renderGroup(group, style));
  const counts = new Map<string, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return `${lines.join('')}${counted(results.length, 'card')}: ${summary || 'nothing to do'}\n`;
}

/** Renders a card in a line, or several cards with the same error below what they have in common. */
function renderGroup(group: readonly CardResult[], style: Style): string {
  const [first, second] = group;
  if (!first) return '';
  if (!second) return `${mark(first, style)} ${summaryOf(first)}\n`;
  const names = group.map(({ card }) => `    ${formatReference(card)}\n`);
  return `${mark(first, style)} ${printable(describeGroup(first, group.length))}\n${names.join('')}`;
}

function renderCard(result: CardResult, style: Style): string {
  const { card, error } = result;
  // For an order that was not placed, the error is enough.
  if (card.orderId === null && card.cardToken === null) return '';
  const next = card.next && !error ? `  Next: ${style.bold(printable(card.next))}\n` : '';
  return `${mark(result, style)} ${summaryOf(result)}\n${next}`;
}

function mark({ outcome }: CardResult, style: Style): string {
  if (outcome === 'done') return style.good('✓');
  return outcome === 'unchanged' ? style.dim('=') : style.bad('✗');
}

/** Describes a result in one line: the card, the outcome, and what was last read of the card. */
function summaryOf(result: CardResult): string {
  return printable(`${formatReference(result.card)} ${describeOutcome(result)}`);
}

/** Describes the outcome of an action or a wait. The stage of the card never takes its place. */
export function describeOutcome({ card, outcome, error }: CardResult): string {
  const stage = describeStage(card);
  if (outcome === 'done') return stage;
  if (error?.code === 'production-refused') return describeRefusal(error);
  if (outcome === 'failed' && card.stage === 'failed') return stage;
  const isRead = card.stage !== 'unknown' && (outcome === 'unchanged' || outcome === 'timeout');
  return isRead ? `${outcome}: ${stage}` : outcome;
}

function describeRefusal({ details }: FailureDocument): string {
  const { code, meaning } = lookUpError('request', details?.errorCode ?? null);
  return `refused: ${code}. ${meaning}`;
}

export interface CardResultsOptions<One extends CardResult = CardResult> {
  shape: CardInput['shape'];
  /** The flags of the next command for several cards; none by default. */
  invocation?: Pick<Invocation, 'flags'> | undefined;
  /** The failures that stopped the command before all cards were done, like a signal or a lost lock. */
  stops?: readonly Failure[];
  /** More fields of the JSON document of each card. */
  extra?: (result: One) => Record<string, unknown>;
  text?: Result['text'];
}

/** Makes the result of a command on cards: one card as `card`, several as `cards` with a summary. */
export function cardResults<One extends CardResult>(
  results: readonly One[],
  { shape, invocation = { flags: [] }, stops: given = [], extra = () => ({}), text }: CardResultsOptions<One>,
): Result {
  const [first] = results;
  if (shape === 'card' && !first) throw new TypeError('a command on one card has no result');
  const isOver = shape === 'card' && results.every(({ exitCode }) => exitCode !== null);
  const stops = isOver ? [] : [...given, journalStop(results)].filter((one) => one !== null);
  const stop = gravestOf(stops)?.toDocument();
  const toEntry = (result: One) => {
    const { card, outcome, exitCode } = result;
    return { ...card, ...extra(result), outcome, exitCode, ...ownFields(result) };
  };
  const errors = errorsIn(results, { isList: shape === 'cards', invocation });
  return {
    exitCode: exitCodeOf(results, stops),
    document: {
      ...(shape === 'card' && first
        ? { card: { ...first.card, ...extra(first) }, ...ownFields(first) }
        : { cards: results.map(toEntry), summary: summarize(results) }),
      ...(stop && { error: stop }),
    },
    text: text ?? ((style) => renderCards(results, { style, isList: shape === 'cards' })),
    references: results
      .filter(({ outcome }) => outcome === 'done' || outcome === 'unchanged')
      .map(({ card }) => formatReference(card)),
    failures: failuresIn(results),
    errors: [...errors, ...stops.map((one) => ({ about: null, error: one.toDocument() }))],
  };
}

/** The fields of a result in a JSON document, besides its card. */
function ownFields({ changed, via, error }: CardResult) {
  return { ...(changed !== undefined && { changed }), ...(via && { via }), ...(error && { error }) };
}
