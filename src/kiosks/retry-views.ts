import { type CardResultsOptions, cardResults, renderCards } from '../cards/card-views.ts';
import { type Covered, describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { cardLabel } from '../domain/card.ts';
import type { CatalogueEntry } from '../domain/errors/error-catalogue.ts';
import { ACTOR_NAMES } from '../domain/errors/vendor-errors.ts';
import { formatReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence, counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Result } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import { type Column, renderTable, timeIn } from '../output/table.ts';
import type { Recovery } from './recover.ts';
import { countCards, type KioskPlan, type Turn, toPlanDocument } from './retry/retry-plan.ts';
import type { PlannedRetries, SelectedRetry } from './retry-selection.ts';

/** Creates the result of a dry run, which contains only the plan. */
export function plannedRetry({ plan, covered }: SelectedRetry): Result {
  return {
    exitCode: 0,
    document: { plan: toPlanDocument(plan), covered: toCoveredDocument(covered) },
    failures: failedCards(plan).map(({ entry: { kind, code } }) => ({ kind, errorCode: code })),
    text: async (style) => renderPlan({ plan, covered }, style),
    references: plan.kiosks.flatMap(({ cards }) => cards.map(({ one }) => formatReference(one.card))),
  };
}

/** The signal that interrupted the command, and data for the next command. */
type Ending = Pick<CardResultsOptions, 'stops' | 'invocation' | 'mayHaveSent'>;

/** Creates the result of a retry of many cards. */
export function selectedRetry(retry: SelectedRetry, { stops: signals = [], ...ending }: Ending): Result {
  const { plan, covered, results, stops, used } = retry;
  const result = cardResults(results, {
    shape: 'cards',
    ...ending,
    stops: [...stops, ...signals],
    extra: ({ kioskId, isCanary }) => ({ kioskId, canary: isCanary }),
    isListing: results.length > 0,
    text: async (style) =>
      results.length === 0
        ? renderPlan({ plan, covered }, style)
        : `${renderCards(results, { style, isList: true, invocation: ending.invocation })}${renderEnd(retry, style)}`,
  });
  const { beyondLimit } = plan;
  const requests = { ...used, perCard: perCard(retry) };
  return {
    ...result,
    document: { ...result.document, beyondLimit, requests, covered: toCoveredDocument(covered) },
  };
}

function renderEnd(retry: SelectedRetry, style: Style): string {
  const { plan, results, used } = retry;
  const left = results.filter(({ outcome }) => outcome === 'not-started').length + plan.beyondLimit;
  const rest = left > 0 ? `${counted(left, 'card')} left. Run the same command again to continue.\n` : '';
  const requests = `${counted(used.reads + used.sends, 'request')}, ${perCard(retry) ?? 0} per card.\n`;
  return `${rest}${style.dim(requests)}`;
}

/** Returns the number of API requests per started card, rounded to two decimals; null if no card was started. */
function perCard({ plan, results, used }: SelectedRetry): number | null {
  const idle = results.filter(({ outcome }) => outcome === 'not-started').length;
  const begun = countCards(plan) - idle;
  return begun > 0 ? Math.round(((used.reads + used.sends) / begun) * 100) / 100 : null;
}

/** Converts a recovery to its JSON form, which is that of its retry and more. */
export function toRecoveryDocument({ kioskId, released, destroyed }: Recovery, retry: Result['document']) {
  return {
    kioskId,
    released: released !== null,
    destroyed: destroyed.map((card) => card && formatReference(card)),
    ...retry,
  };
}

/** Creates the result of `kiosk recover`. */
export function recovered(recovery: Recovery, ending: Ending): Result {
  const { kioskId, released, destroyed, retry } = recovery;
  const result = selectedRetry(retry, ending);
  const done = [
    ...destroyed.map((card) => `Recorded as destroyed: ${card ? cardLabel(card) : 'an unknown card'}\n`),
    ...(released ? [`Kiosk ${kioskId} is no longer on hold.\n`] : []),
  ];
  return {
    ...result,
    document: toRecoveryDocument(recovery, result.document),
    text: async (style) => `${done.join('')}${await result.text(style)}`,
  };
}

/** Returns the cards of a plan that failed before. Leaves out joined cards, which are still in progress. */
function failedCards(plan: PlannedRetries['plan']): KioskPlan['cards'] {
  return plan.kiosks.flatMap(({ cards }) => cards).filter(({ turn }) => turn !== 'joined');
}

const TURNS: Record<Turn, string | null> = {
  joined: 'in the kiosk, waiting for it',
  first: null,
  again: 'failed in an earlier run, sent last',
};

/**
 * Renders a plan for its confirmation: cards in sequence, errors, and the journal's coverage.
 * @param options.hasCauses true if the user has already seen the causes of the errors
 */
export async function renderPlan(
  { plan, covered }: PlannedRetries,
  style: Style,
  { hasCauses = false } = {},
): Promise<string> {
  const kiosks = await Promise.all(plan.kiosks.map(async (kiosk) => renderKiosk(kiosk, style)));
  const causes = failedCards(plan).map(({ entry }) => entry);
  const entries = new Map(causes.map((entry) => [`${entry.kind} ${entry.code}`, entry]));
  const advice = hasCauses ? [] : [...entries.values()].map(renderAdvice);
  const leftOut = renderLeftOut(plan);
  const nothing = countCards(plan) === 0 ? 'No cards to retry.\n' : '';
  const more = plan.beyondLimit > 0 ? `${counted(plan.beyondLimit, 'card')} left out by --limit.\n` : '';
  return [...kiosks, ...advice, nothing, more, ...leftOut].join('').concat(renderCovered(covered, style));
}

/** Renders the cards that the plan leaves out. Cards with the same reason share a line. */
function renderLeftOut({ leftOut }: PlannedRetries['plan']): string[] {
  const groups = Map.groupBy(leftOut, ({ failure }) => `${asSentence(failure.message)} ${failure.hint}`);
  return [...groups].map(([reason, group]) => {
    const cards = group.map(({ card }) => cardLabel(card)).join(', ');
    return `Left out: ${printable(`${cards}: ${reason}`)}\n`;
  });
}

const COLUMNS: readonly Column<KioskPlan['cards'][number] & { place: number }>[] = [
  ['#', 'place'],
  ['Card', ({ one }) => cardLabel(one.card)],
  ['Failed at', ({ one }) => timeIn('changedAt')(one), 1],
  ['Error', ({ turn, entry }) => (turn === 'joined' ? null : entry.code)],
  ['Days left', ({ one }) => one.card.daysLeft, 2],
];

const NOTE: (typeof COLUMNS)[number] = ['Note', ({ turn }) => TURNS[turn]];

async function renderKiosk({ kioskId, cards, usual }: KioskPlan, style: Style): Promise<string> {
  const time = usual === null ? 'duration unknown' : `about ${formatDuration(usual * cards.length)}`;
  const title = `Kiosk ${kioskId}: ${counted(cards.length, 'card')}, oldest first, one at a time, ${time}`;
  const rows = cards.map((card, index) => ({ ...card, place: index + 1 }));
  const hasNotes = cards.some(({ turn }) => TURNS[turn] !== null);
  const table = await renderTable(hasNotes ? [...COLUMNS, NOTE] : COLUMNS, rows, style);
  return `${style.bold(printable(title))}\n${table}`;
}

function renderAdvice({ code, actor, meaning, nextStep }: CatalogueEntry): string {
  return printable(`${code} (${ACTOR_NAMES[actor]}): ${meaning} ${nextStep}`).concat('\n');
}

function renderCovered({ coverage, firstEventAt, lastEventAt, isListenedTo }: Covered, style: Style): string {
  const gaps = describeCoverage(coverage, localTime);
  if (lastEventAt === null && coverage.from === null && !isListenedTo) return style.dim(`${gaps}\n`);
  const events =
    firstEventAt === null || lastEventAt === null
      ? 'The journal has no events'
      : `The journal has events from ${localTime(firstEventAt)} to ${localTime(lastEventAt)}`;
  const now = isListenedTo
    ? '; a webhook listener is running'
    : '; no webhook listener is running, so failures reported only by webhook are not listed';
  const isSaid = isListenedTo && coverage.gaps.length === 0;
  return style.dim(`${events}${isSaid ? '' : now}. ${gaps}\n`);
}
