import { type Covered, describeCoverage } from '../context/coverage.ts';
import { cardLabel } from '../domain/card.ts';
import type { CatalogueEntry } from '../domain/errors/error-catalogue.ts';
import { ACTOR_NAMES } from '../domain/errors/vendor-errors.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { localTime, type Style } from '../output/style.ts';
import { type Column, renderTable, timeIn } from '../output/table.ts';
import { countCards, type KioskPlan, type RetryPlan, type Turn } from './retry-plan.ts';

const TURNS: Record<Turn, string> = {
  joined: 'is in the kiosk: waited for',
  first: '',
  again: 'failed in an earlier run: last',
};

/** A retry before it is approved: the cards in their order, what they failed with, what the journal can't know. */
export async function renderPlan(plan: RetryPlan, covered: Covered, style: Style): Promise<string> {
  const kiosks = await Promise.all(plan.kiosks.map(async (kiosk) => renderKiosk(kiosk, style)));
  const entries = new Map(
    plan.kiosks.flatMap(({ cards }) => cards.map(({ entry }) => [`${entry.kind} ${entry.code}`, entry])),
  );
  const leftOut = plan.leftOut.map(
    ({ card, failure }) =>
      `Left out: ${printable(`${cardLabel(card)}: ${failure.message} ${failure.hint}`)}\n`,
  );
  const nothing = countCards(plan) === 0 ? 'Nothing to produce again.\n' : '';
  const more = plan.beyondLimit > 0 ? `${counted(plan.beyondLimit, 'card')} more beyond the limit.\n` : '';
  return [...kiosks, ...[...entries.values()].map(renderAdvice), nothing, more, ...leftOut]
    .join('')
    .concat(renderCovered(covered, style));
}

const COLUMNS: readonly Column<KioskPlan['cards'][number] & { place: number }>[] = [
  ['', 'place'],
  ['Card', ({ one }) => cardLabel(one.card)],
  ['Failed at', ({ one }) => timeIn('changedAt')(one)],
  ['With', ({ entry }) => entry.code],
  ['Days left', ({ one }) => one.card.daysLeft],
  ['', ({ turn }) => TURNS[turn]],
];

async function renderKiosk({ kioskId, cards, usual }: KioskPlan, style: Style): Promise<string> {
  const time = usual === null ? 'no earlier production tells how long' : formatDuration(usual * cards.length);
  const title = `Kiosk ${kioskId}: ${counted(cards.length, 'card')}, oldest first, one after the other, ${time}`;
  const rows = cards.map((card, index) => ({ ...card, place: index + 1 }));
  const table = await renderTable(COLUMNS, rows, style);
  return `${style.bold(printable(title))}\n${table}`;
}

function renderAdvice({ code, actor, meaning, nextStep }: CatalogueEntry): string {
  return printable(`${code} (${ACTOR_NAMES[actor]}): ${meaning} ${nextStep}`).concat('\n');
}

function renderCovered({ coverage, firstEventAt, lastEventAt, isListenedTo }: Covered, style: Style): string {
  const events =
    firstEventAt === null || lastEventAt === null
      ? 'This journal has no events'
      : `This journal has events from ${localTime(firstEventAt)} to ${localTime(lastEventAt)}`;
  const now = isListenedTo
    ? 'a listener is live'
    : 'no listener is live: cards that failed unheard are missing';
  return style.dim(`${events}; ${now}. ${describeCoverage(coverage, localTime)}\n`);
}
