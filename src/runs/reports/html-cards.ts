import type { CardOutcome, RunCard, RunRecord, RunStep, StepOutcome } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Markup, markup } from '../../output/markup.ts';
import {
  CARD_SIGNS,
  CARD_WORDS,
  cardName,
  idsOfStep,
  isTrouble,
  STEP_SIGNS,
  tookText,
  troubleOf,
  utcText,
} from './facts.ts';
import type { RunReport } from './read-report.ts';
import { stageSpans } from './stage-times.ts';

/** So many cards are shown step by step, those in trouble first; of the others, the table has a row. */
const DETAILED = 100;
/** So many of those in trouble are unfolded. */
const UNFOLDED = 10;

export const TONES: Readonly<Record<CardOutcome, 'good' | 'bad' | 'warn' | 'idle'>> = {
  passed: 'good',
  unmet: 'bad',
  failed: 'bad',
  interrupted: 'warn',
  'not-started': 'idle',
};

const STEP_TONES: Readonly<Record<StepOutcome, string>> = {
  done: 't-good',
  failed: 't-bad',
  tolerated: 't-warn',
  unmet: 't-bad',
  skipped: 't-idle',
  running: 't-warn',
};

const STEP_WORDS: Readonly<Record<StepOutcome, string>> = {
  done: 'done',
  failed: 'failed',
  tolerated: 'failed, tolerated',
  unmet: 'not met',
  skipped: 'skipped',
  running: 'no end seen',
};

/** Cards with their steps: those in trouble first, then as many of the others as there is room for. */
export async function* cardDetails({ run, totals, cards }: RunReport): AsyncGenerator<Markup> {
  let shown = 0;
  for (const isWanted of [isTrouble, (card: RunCard) => !isTrouble(card)]) {
    if (shown >= DETAILED) break;
    for await (const card of cards()) {
      if (!isWanted(card) || card.steps.length === 0) continue;
      if (shown >= DETAILED) break;
      yield cardBlock(card, { run, isOpen: isTrouble(card) && shown < UNFOLDED });
      shown += 1;
    }
  }
  const left = totals.cards.total - totals.stepless - shown;
  if (left > 0)
    yield markup`<p class="quiet">${counted(left, 'more card')}: see the table of all cards, or the JSON report for each of their steps.</p>\n`;
}

function cardBlock(card: RunCard, { run, isOpen }: { run: RunRecord; isOpen: boolean }): Markup {
  const { number, outcome, kioskId, row, steps } = card;
  const facts = [
    cardName(card) && markup`<code>${cardName(card)}</code>`,
    kioskId !== null && markup`kiosk <code>${kioskId}</code>`,
    row !== null && markup`line ${row} of the data`,
    card.startedAt !== null && markup`from ${utcText(card.startedAt)}`,
  ].filter((fact) => fact !== false && fact !== null && fact !== '');
  return markup`<details class="print"${isOpen && markup` open`}><summary><h3>Card ${number}</h3> ${badge(outcome)} <span class="quiet">${tookText(card)}</span></summary>
<div class="inner"><p class="ids">${joined(facts)}</p>
<table class="steps"><caption>Steps of card ${number}</caption><thead><tr><th scope="col" colspan="2">Step</th><th scope="col">Outcome</th><th scope="col" class="number">Took</th><th scope="col" class="number">Exit</th></tr></thead>
<tbody>${steps.map((step) => stepRows(step, { card, run }))}</tbody></table></div></details>\n`;
}

function stepRows(step: RunStep, { card, run }: { card: RunCard; run: RunRecord }): Markup {
  const { index, title, outcome, exitCode, line } = step;
  const trouble =
    troubleOf(step) !== null &&
    markup`<tr class="more"><td></td><td colspan="4">${troubleBlock(step, card)}</td></tr>`;
  const place =
    line !== null && run.source.kind === 'file' && markup` <span class="quiet">line ${line}</span>`;
  return markup`<tr><td class="sign ${STEP_TONES[outcome]}" aria-hidden="true">${STEP_SIGNS[outcome]}</td><th scope="row">${index + 1}. ${title}${place}</th><td class="${STEP_TONES[outcome]}">${STEP_WORDS[outcome]}</td><td class="number">${tookText(step)}</td><td class="number">${exitCode ?? '–'}</td></tr>${trouble}`;
}

function troubleBlock(step: RunStep, card: RunCard): Markup {
  const { outcome, error, unmet = [] } = step;
  const ids = idsOfStep(step, card).map(([name, id]) => markup`${name} <code>${id}</code>`);
  const said =
    unmet.length > 0
      ? unmet.map(
          ({ field, expected, actual }) =>
            markup`<p><code>${field}</code>: expected <b>${expected}</b>, was <b>${actual}</b></p>`,
        )
      : [markup`<p>${troubleOf(step)}</p>`];
  return markup`<div class="trouble ${outcome === 'tolerated' || outcome === 'running' ? 'mild' : 'grave'}">${said}${error && markup`<p>${error.hint}</p>`}${outcome === 'tolerated' && markup`<p>The scenario goes on after this failure.</p>`}${ids.length > 0 && markup`<p class="ids">${joined(ids)}</p>`}</div>`;
}

/** Every card in a row: what the timeline shows, in words. */
export async function* cardTable({ totals, cards }: RunReport): AsyncGenerator<Markup> {
  yield markup`<details${totals.cards.total <= DETAILED && markup` class="print"`}><summary><h3>All cards as a table</h3> <span class="quiet">the timeline in words</span></summary>
<div class="scroll" role="region" aria-label="Table of all cards" tabindex="0"><table><caption>Every card, and how long it was in each stage</caption><thead><tr><th scope="col">Card</th><th scope="col">Outcome</th><th scope="col">Name</th><th scope="col">Kiosk</th><th scope="col">Stages</th><th scope="col" class="number">Took</th><th scope="col" class="number">Exit</th></tr></thead><tbody>\n`;
  for await (const card of cards()) yield cardRow(card);
  yield markup`</tbody></table></div></details>\n`;
}

function cardRow(card: RunCard): Markup {
  const { number, outcome, kioskId, exitCode } = card;
  const stages = stageSpans(card).map(({ stage, from, until, isLast }) =>
    isLast ? stage : `${stage} ${formatDuration(until - from)}`,
  );
  const name = cardName(card);
  return markup`<tr><th scope="row">${number}</th><td>${CARD_SIGNS[outcome]} ${CARD_WORDS[outcome]}</td><td>${name === null ? '–' : markup`<code>${name}</code>`}</td><td>${kioskId ?? '–'}</td><td>${stages.join(', ') || '–'}</td><td class="number">${tookText(card)}</td><td class="number">${exitCode ?? '–'}</td></tr>\n`;
}

function badge(outcome: CardOutcome): Markup {
  return markup`<span class="badge small ${TONES[outcome]}"><span aria-hidden="true">${CARD_SIGNS[outcome]}</span>${CARD_WORDS[outcome]}</span>`;
}

function joined(parts: readonly Markup[]): Markup[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [markup` · `, part]));
}
