import type { Context } from '../context/context.ts';
import { type Covered, describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { type Attempt, isOpen } from '../domain/attempt.ts';
import { type AttemptDocument, type Card, describeError, describeStage } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { Failure, FailureDocument } from '../domain/errors/failure.ts';
import { attemptRefused } from '../domain/guards.ts';
import { formatReference } from '../domain/ids.ts';
import { commandLine, type Invocation } from '../domain/next-command.ts';
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
import { isExpiring } from '../domain/selection.ts';
import type { Stage } from '../domain/stage.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Result } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';
import type { CardInput } from './card-arguments.ts';
import type { StatusResult } from './status.ts';

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

const STEPS: readonly Stage[][] = [
  ['placed', 'requirements-fulfilled', 'details-created'],
  ['ready'],
  ['in-progress', 'failed', 'unknown'],
  ['produced', 'completed'],
];

/** The progress of a card as four dots: ordered, ready, in progress, collected. */
function pipelineOf({ stage, production, attempt }: Card, style: Style): string {
  const isUnseen = stage === 'unknown' && production === null && attempt === 0;
  const reached = isUnseen ? -1 : STEPS.findIndex((stages) => stages.includes(stage));
  if (reached < 0) return style.dim('– – – –');
  return STEPS.map((_, step) => {
    if (step < reached || stage === 'produced' || stage === 'completed') return style.good('●');
    if (step > reached) return style.dim('○');
    return stage === 'failed' ? style.bad('✗') : style.warning('◉');
  }).join(' ');
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

/** Renders cards as a table; failures and next commands are below it. */
export async function renderStatus(results: readonly StatusResult[], style: Style): Promise<string> {
  if (results.length === 0) return 'No cards.\n';
  const table = await renderTable(STATUS_COLUMNS, results, style);
  const details = results.map((result) => detailsOf(result, { style, isList: results.length > 1 }));
  return `${table}${details.join('')}`;
}

const STATUS_COLUMNS: readonly Column<StatusResult>[] = [
  ['Card', ({ card }) => formatReference(card)],
  ['Order', ({ card }) => (card.orderId === null ? null : `${card.orderId} ${card.orderStatus ?? ''}`), 1],
  ['Production', { styled: ({ card }, style) => `${pipelineOf(card, style)} ${card.stage}` }],
  ['Kiosk', ({ card, latest }) => card.production?.kioskId ?? kioskOf(latest)],
  ['Attempt', ({ card }) => card.attempt || null, 2],
  ['Days left', { styled: ({ card }, style) => daysLeft(card, style) }, 3],
];

/**
 * Describes an empty journal: where it is, and how to fill it.
 * @param isFromApi true if the orders of the profile were read just now
 */
export function describeEmpty(
  { environment, profileId, invocation }: Context,
  { journal, isFromApi }: { journal: string; isFromApi: boolean },
): string {
  const order = `Order a card: ${commandLine(['order'], invocation)}`;
  if (isFromApi) return `Profile ${profileId} has no kiosk cards. ${order}\n`;
  const lines = [
    `The journal has no cards for environment ${environment}: ${journal}`,
    `Read the cards of one profile from the API: ${commandLine(['status', '--from-api'], invocation)}`,
    order,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Adds the coverage of the journal to the result of a selection. */
export function ofSelection(result: Result, { covered, count }: { covered: Covered; count: number }): Result {
  return {
    ...result,
    document: { ...result.document, coverage: toCoveredDocument(covered) },
    text: async (style) => {
      const cards = count === 0 ? 'The journal has no matching cards.\n' : await result.text(style);
      return `${cards}${style.dim(describeCoverage(covered.coverage, localTime))}\n`;
    },
  };
}

/** The kiosk of an open attempt that the production does not show yet. */
function kioskOf(latest: Attempt | null): string | null {
  return latest && isOpen(latest) ? latest.kioskId : null;
}

/** Describes the latest attempt if the production does not show it; empty otherwise. */
function describeUnshown({ card, latest }: StatusResult): string {
  if (latest?.outcome === 'queued')
    return `Attempt ${latest.number} is queued at ${latest.kioskId}: it starts when the printer is ready.`;
  if (latest === null || card.stage !== 'ready') return '';
  if (latest.production === null && latest.endCode !== null) return attemptRefused(card, latest).message;
  if (latest.outcome !== 'refused' || !latest.production) return '';
  const { code, meaning } = lookUpError('request', latest.production.errorCode);
  return `Attempt ${latest.number} was refused at ${latest.kioskId}: ${code}. ${meaning}`;
}

/** Renders the days left, with a colour for expiring and expired cards. */
function daysLeft(card: Card, style: Style): string {
  if (card.daysLeft === null) return '–';
  if (card.stage === 'expired') return style.bad('expired');
  return isExpiring(card) ? style.warning(String(card.daysLeft)) : String(card.daysLeft);
}

function detailsOf(result: StatusResult, { style, isList }: { style: Style; isList: boolean }): string {
  const { card, attempts } = result;
  const subject = isList ? `${formatReference(card)}: ` : '';
  const error = describeError(card) || describeUnshown(result);
  const lines = [
    ...(error ? [style.bad(printable(`${subject}${error}`))] : []),
    ...(error || card.stage === 'expired' || !isList
      ? card.next
        ? [`${subject}Next: ${style.bold(printable(card.next))}`]
        : []
      : []),
    ...(attempts?.map((attempt) => printable(`${subject}${describeAttempt(attempt)}`)) ?? []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function describeAttempt(document: AttemptDocument): string {
  const { attempt, by, outcome, kioskId, sentAt, production, endCode, httpStatus } = document;
  const when = sentAt === null ? '' : ` at ${localTime(Date.parse(sentAt))}`;
  const status = httpStatus === null ? '' : ` (HTTP ${httpStatus})`;
  const end = endCode === null ? '' : `, ${endCode}${status}`;
  const error = production?.errorCode ? `, ${production.errorCode}` : end;
  const where = kioskId ?? 'an unknown kiosk';
  return `Attempt ${attempt} on ${where}${when} by ${by ?? 'another system'}: ${outcome}${error}`;
}
