import type { RunCard, RunRecord } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Markup, markup } from '../../output/markup.ts';
import { cardFacts, isTrouble, type Label, type StepFacts, stepFacts, utcText } from './facts.ts';
import type { RunReport } from './read-report.ts';
import { stageSpans } from './stage-times.ts';

/** Most cards that are shown step by step, those in trouble first; the table has a row for each of the others. */
const DETAILED = 100;
/** Most cards in trouble that are unfolded. */
const UNFOLDED = 10;

/** Yields cards with their steps: those in trouble first, then others up to the limit. */
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
  const { number, row, steps } = card;
  const { label, name, kioskId, took } = cardFacts(card);
  const facts = [
    name && markup`<code>${name}</code>`,
    kioskId !== null && markup`kiosk <code>${kioskId}</code>`,
    row !== null && markup`line ${row} of the data`,
    card.startedAt !== null && markup`from ${utcText(card.startedAt)}`,
  ].filter((fact) => fact !== false && fact !== null && fact !== '');
  return markup`<details class="print"${isOpen && markup` open`}><summary><h3>Card ${number}</h3> ${badge(label, 'badge small')} <span class="quiet">${took}</span></summary>
<div class="inner"><p class="ids">${joined(facts)}</p>
<table class="steps"><caption>Steps of card ${number}</caption><thead><tr><th scope="col" colspan="2">Step</th><th scope="col">Outcome</th><th scope="col" class="number">Took</th><th scope="col" class="number">Exit</th></tr></thead>
<tbody>${steps.map((step) => stepRows(stepFacts(step, card, run)))}</tbody></table></div></details>\n`;
}

/** An outcome on a ground of its colour. */
export function badge({ tone, sign, word }: Label, kind = 'badge'): Markup {
  return markup`<span class="${kind} ${tone}"><span aria-hidden="true">${sign}</span>${word}</span>`;
}

function stepRows(step: StepFacts): Markup {
  const { label, name, line, took, exitCode } = step;
  const trouble =
    step.trouble !== null &&
    markup`<tr class="more"><td></td><td colspan="4">${troubleBlock(step)}</td></tr>`;
  const place = line !== null && markup` <span class="quiet">line ${line}</span>`;
  return markup`<tr><td class="sign t-${label.tone}" aria-hidden="true">${label.sign}</td><th scope="row">${name}${place}</th><td class="t-${label.tone}">${label.word}</td><td class="number">${took}</td><td class="number">${exitCode ?? '–'}</td></tr>${trouble}`;
}

function troubleBlock({ outcome, label, trouble, unmet, error, ...step }: StepFacts): Markup {
  const ids = step.ids.map(([name, id]) => markup`${name} <code>${id}</code>`);
  const expected = unmet.map(
    ({ field, expected: wanted, actual }) =>
      markup`<p><code>${field}</code>: expected <b>${wanted}</b>, was <b>${actual}</b></p>`,
  );
  return markup`<div class="trouble ${label.tone === 'warn' ? 'mild' : 'grave'}">${unmet.length > 0 ? expected : markup`<p>${trouble}</p>`}${error && markup`<p>${error.hint}</p>`}${outcome === 'tolerated' && markup`<p>The scenario goes on after this failure.</p>`}${ids.length > 0 && markup`<p class="ids">${joined(ids)}</p>`}</div>`;
}

/** Yields a table of all cards: what the timeline shows, in words. */
export async function* cardTable({ totals, cards }: RunReport): AsyncGenerator<Markup> {
  yield markup`<details${totals.cards.total <= DETAILED && markup` class="print"`}><summary><h3>All cards as a table</h3> <span class="quiet">the timeline in words</span></summary>
<div class="scroll" role="region" aria-label="Table of all cards" tabindex="0"><table><caption>Every card, and how long it was in each stage</caption><thead><tr><th scope="col">Card</th><th scope="col">Outcome</th><th scope="col">Name</th><th scope="col">Kiosk</th><th scope="col">Stages</th><th scope="col" class="number">Took</th><th scope="col" class="number">Exit</th></tr></thead><tbody>\n`;
  for await (const card of cards()) yield cardRow(card);
  yield markup`</tbody></table></div></details>\n`;
}

function cardRow(card: RunCard): Markup {
  const { label, name, kioskId, took } = cardFacts(card);
  const stages = stageSpans(card).map(({ stage, from, until, isLast }) =>
    isLast ? stage : `${stage} ${formatDuration(until - from)}`,
  );
  return markup`<tr><th scope="row">${card.number}</th><td>${label.sign} ${label.word}</td><td>${name === null ? '–' : markup`<code>${name}</code>`}</td><td>${kioskId ?? '–'}</td><td>${stages.join(', ') || '–'}</td><td class="number">${took}</td><td class="number">${card.exitCode ?? '–'}</td></tr>\n`;
}

function joined(parts: readonly Markup[]): Markup[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [markup` · `, part]));
}
