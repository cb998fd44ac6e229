import type { Context } from '../context/context.ts';
import { type Covered, describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { type Attempt, isOpen } from '../domain/attempt.ts';
import { type AttemptDocument, type Card, describeError, describeStage } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { attemptRefused } from '../domain/guards.ts';
import { formatReference, type KioskId } from '../domain/ids.ts';
import { commandLine, type Invocation } from '../domain/next-command.ts';
import { groupFailures } from '../domain/results.ts';
import { type CardFailure, failureOf, isExpiring, kioskOf } from '../domain/selection.ts';
import type { Stage } from '../domain/stage.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Result } from '../output/result.ts';
import { CHANGED, UNCHANGED } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';
import type { StatusResult } from './status.ts';

const STEPS: readonly Stage[][] = [
  ['placed', 'requirements-fulfilled', 'details-created'],
  ['ready'],
  ['in-progress', 'failed', 'unknown'],
  ['produced', 'completed'],
];

/** Renders a card's progress as four dots: ordered, ready, in progress, collected. */
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

interface ShownStatus {
  style: Style;
  invocation: Pick<Invocation, 'flags'>;
  /** References of the cards that changed since the last output; undefined outside of a watch. */
  changed?: ReadonlySet<string> | undefined;
}

/** Renders cards as a table, followed by their failures and next commands. */
export async function renderStatus(
  results: readonly StatusResult[],
  { style, invocation, changed }: ShownStatus,
): Promise<string> {
  if (results.length === 0) return 'No cards.\n';
  const mark = ({ card }: StatusResult) =>
    changed?.has(formatReference(card)) ? style.warning(CHANGED) : UNCHANGED;
  const columns: readonly Column<StatusResult>[] = [
    ...(changed ? [['', { styled: mark }] as const] : []),
    ...COLUMNS,
  ];
  const table = await renderTable(columns, withoutNamed(results), style);
  const isList = results.length > 1;
  const groups = isList ? failedGroups(results) : [];
  const grouped = new Set(groups.flatMap((group) => group.results));
  const lines = [
    ...groups.flatMap((group) => groupLines(group, { style, invocation })),
    ...results.flatMap((result) => detailsOf(result, { style, isList, isGrouped: grouped.has(result) })),
  ];
  return `${table}${lines.map((line) => `${line}\n`).join('')}`;
}

/**
 * Leaves out each card whose error occurs at no other card: the error message names such a card. If all failed cards
 * have the same error, nothing is left out, because the message then names no card.
 */
function withoutNamed(results: readonly StatusResult[]): readonly StatusResult[] {
  const groups = groupFailures(results.filter(({ error }) => error));
  const named = new Set(groups.length > 1 ? groups.flatMap((group) => (group.length > 1 ? [] : group)) : []);
  return results.filter((result) => !named.has(result));
}

const COLUMNS: readonly Column<StatusResult>[] = [
  ['Card', ({ card }) => formatReference(card)],
  ['Order', ({ card }) => (card.orderId === null ? null : `${card.orderId} ${card.orderStatus ?? ''}`), 1],
  ['Production', { styled: ({ card }, style) => `${pipelineOf(card, style)} ${card.stage}` }],
  ['Kiosk', ({ card, latest }) => card.production?.kioskId ?? openKiosk(latest)],
  ['Attempt', ({ card }) => card.attempt || null, 2],
  ['Days left', { styled: ({ card }, style) => daysLeft(card, style) }, 3],
];

/** Cards with the same error at the same kiosk. */
interface FailedGroup {
  results: readonly StatusResult[];
  kioskId: KioskId;
  failure: CardFailure;
}

/** Groups failed cards by error and kiosk. A single failure does not form a group. */
function failedGroups(results: readonly StatusResult[]): FailedGroup[] {
  const failed = results.flatMap((result) => {
    const one = { card: result.card, attempt: result.latest, changedAt: null, createdAt: null };
    const [failure, kioskId] = [failureOf(one), kioskOf(one)];
    return failure && kioskId !== null ? { result, failure, kioskId } : [];
  });
  const alike = Map.groupBy(failed, ({ failure, kioskId }) => JSON.stringify([failure, kioskId]));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    return first && group.length > 1 ? { ...first, results: group.map(({ result }) => result) } : [];
  });
}

function groupLines(
  { results, kioskId, failure }: FailedGroup,
  { style, invocation }: Pick<ShownStatus, 'style' | 'invocation'>,
): string[] {
  const { code, meaning } = lookUpError(failure.kind, failure.errorCode);
  const what = failure.kind === 'request' ? 'were refused' : 'failed';
  const next = commandLine(['kiosk', 'recover', kioskId], invocation);
  return [
    style.bad(printable(`${results.length} cards ${what} with ${code} at ${kioskId}: ${meaning}`)),
    `Next: ${style.bold(printable(next))}`,
  ];
}

/** Describes a card in one line, for a watch whose output is not a terminal. */
export function statusLine({ card, error }: StatusResult): string {
  return printable(`${formatReference(card)} ${error ? error.message : describeStage(card)}`);
}

/** Adds the total number of cards to a limited list, with a note if some are omitted. */
export function ofLimited(result: Result, { shown, total }: { shown: number; total: number }): Result {
  const hasMore = total > shown;
  const more = `Showing the ${shown} most urgent of ${total} cards. Show more with --limit.\n`;
  return {
    ...result,
    document: { ...result.document, total, hasMore },
    text: async (style) => `${await result.text(style)}${hasMore ? style.dim(more) : ''}`,
  };
}

/**
 * Describes an empty journal: its file, and how to fill it.
 * @param known number of cards in the journal
 * @param isFromApi true if the profile's orders were just read from the API
 */
export function describeEmpty(
  { environment, profileId, invocation }: Context,
  { journal, known, isFromApi }: { journal: string; known: number; isFromApi: boolean },
): string {
  const order = `Order a card: ${commandLine(['order'], invocation)}`;
  if (isFromApi) return `Profile ${profileId} has no kiosk cards. ${order}\n`;
  if (known > 0) {
    const all = commandLine(['status', '--since', '30d'], invocation);
    return `No unfinished cards, and none from the last 24 h. The journal has ${counted(known, 'card')}: ${all}\n`;
  }
  const lines = [
    `The journal has no cards for environment ${environment}: ${journal}`,
    `Read the cards of one profile from the API: ${commandLine(['status', '--from-api'], invocation)}`,
    order,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** Adds the journal's event coverage to the result of a filter. */
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

/**
 * Returns the kiosk of the latest attempt if it is open: the production may not show it yet. Otherwise, returns null.
 */
function openKiosk(latest: Attempt | null): string | null {
  return latest && isOpen(latest) ? latest.kioskId : null;
}

/** Describes the latest attempt if the production does not show it; otherwise empty. */
function describeUnshown({ card, latest }: StatusResult): string {
  if (latest?.outcome === 'queued')
    return `Attempt ${latest.number} is queued at ${latest.kioskId}: it starts when the printer is ready.`;
  if (latest === null || card.stage !== 'ready') return '';
  if (latest.production === null && latest.endCode !== null) return attemptRefused(card, latest).message;
  if (latest.outcome !== 'refused' || !latest.production) return '';
  const { code, meaning } = lookUpError('request', latest.production.errorCode);
  return `Attempt ${latest.number} was refused at ${latest.kioskId}: ${code}. ${meaning}`;
}

/** Renders the days left, coloured if the card expires soon or has expired. */
function daysLeft(card: Card, style: Style): string {
  if (card.daysLeft === null) return '–';
  if (card.stage === 'expired') return style.bad('expired');
  return isExpiring(card) ? style.warning(String(card.daysLeft)) : String(card.daysLeft);
}

interface DetailOptions {
  style: Style;
  isList: boolean;
  /** True if the failure is described for a group of cards. */
  isGrouped: boolean;
}

function detailsOf(result: StatusResult, { style, isList, isGrouped }: DetailOptions): string[] {
  const { card, attempts } = result;
  const subject = isList ? `${formatReference(card)}: ` : '';
  const error = isGrouped ? '' : describeOwn(result, isList);
  const next = !isGrouped && (error !== '' || card.stage === 'expired' || !isList) ? card.next : null;
  return [
    // If there is a next command, it contains the card's name.
    ...(error ? [style.bad(printable(`${next === null ? subject : ''}${error}`))] : []),
    ...(next === null ? [] : [`Next: ${style.bold(printable(next))}`]),
    ...(attempts?.map((attempt) => printable(`${subject}${describeAttempt(attempt)}`)) ?? []),
  ];
}

/** Describes the failure of a card. In a list, includes the kiosk. */
function describeOwn(result: StatusResult, isList: boolean): string {
  const { card } = result;
  const error = describeError(card);
  const kioskId = card.production?.kioskId ?? 'an unknown kiosk';
  return error && isList ? `1 card failed at ${kioskId}: ${error}` : error || describeUnshown(result);
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
