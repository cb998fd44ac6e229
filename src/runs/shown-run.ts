import type { RunCard, RunStep } from '../domain/run.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { everyCard } from './reports/every-card.ts';
import {
  CARD_SIGNS,
  CARD_WORDS,
  cardName,
  commandsOf,
  isTrouble,
  STEP_SIGNS,
  stepName,
  tookText,
  troubleOf,
} from './reports/facts.ts';
import { type RunReport, withoutSecrets } from './reports/report.ts';
import { toRunCardDocument, toRunDocument, toTotalsDocument } from './reports/run-document.ts';
import { renderRun } from './run-views.ts';

/** So many cards are shown with their steps, those in trouble first; all of them are in the JSON document. */
const SHOWN = 20;

/** A run with its cards, as `runs show` shows it. */
export async function shownRun(given: RunReport): Promise<Result> {
  const report = withoutSecrets(given);
  const { run, totals } = report;
  const cards: RunCard[] = [];
  for await (const card of everyCard(report.cards(), run)) cards.push(card);
  return {
    exitCode: 0,
    document: {
      run: toRunDocument(run),
      totals: toTotalsDocument(totals, run),
      cards: cards.map(toRunCardDocument),
    },
    text: (style) => `${renderRun(report, style)}${renderCards(cards, style)}${nextOf(report, style)}`,
  };
}

function renderCards(cards: readonly RunCard[], style: Style): string {
  const inTrouble = cards.filter(isTrouble);
  const shown = (inTrouble.length > 0 ? inTrouble : cards).slice(0, SHOWN);
  const left = cards.length - shown.length;
  const more = left > 0 ? style.dim(`\n  ${left} more: --json, or a report, has all of them.\n`) : '';
  return `${shown.map((card) => `\n${renderCard(card, style)}`).join('')}${more}`;
}

function renderCard(card: RunCard, style: Style): string {
  const sign = CARD_SIGNS[card.outcome];
  const name = cardName(card);
  const facts = [name && `(${name})`, card.row !== null && `row ${card.row}`, card.kioskId].filter(Boolean);
  const head = `${card.outcome === 'passed' ? style.good(sign) : style.bad(sign)} Card ${card.number} ${facts.join(' ')}: ${CARD_WORDS[card.outcome]}`;
  return `${head}\n${card.steps.map((step) => renderStep(step, style)).join('')}`;
}

function renderStep(step: RunStep, style: Style): string {
  const trouble = troubleOf(step);
  const why = trouble === null ? '' : `: ${trouble}`;
  return `  ${STEP_SIGNS[step.outcome]} ${stepName(step)} ${style.dim(`(${tookText(step)})`)}${why}\n`;
}

function nextOf({ run }: RunReport, style: Style): string {
  return run.endedAt === null ? style.dim(`\nIt isn't over. Go on with: ${commandsOf(run).resume}\n`) : '';
}
