import { ACTOR_NAMES } from '../../domain/errors/vendor-errors.ts';
import type { RunCard, RunRecord } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Markup, markup } from '../../output/markup.ts';
import {
  CARD_LABELS,
  CARD_OUTCOMES,
  cardFacts,
  isTrouble,
  type Label,
  otherOutcomes,
  runFacts,
  type StepFacts,
  stepFacts,
  utcText,
} from './facts.ts';
import type { RunReport } from './read-report.ts';
import { type RunError, type RunTotals, stageSpans } from './run-totals.ts';

/** Renders the key figures of the run. */
export function figures({ run, totals }: RunReport): Markup {
  const { cards, attempts, requests, span } = totals;
  const facts = runFacts({ run, totals });
  const took = span.until - span.from;
  const begun = cards.total - cards['not-started'];
  const rate = took > 0 ? `${((begun / took) * 60_000).toFixed(1)} cards per minute` : null;
  const limited = `${requests.limited} answered with 429`;
  return markup`<section class="bare" aria-label="Figures"><dl class="tiles">
${tile('Cards passed', `${cards.passed} of ${cards.total}`, otherOutcomes(cards) || 'no other')}
${tile('Attempts', attempts.sent, facts.attempts)}
${tile('Requests', requests.reads + requests.sends, facts.perCard === null ? limited : `${facts.perCard}, ${limited}`)}
${tile('Took', facts.took, rate)}
</dl>${share(cards)}</section>\n`;
}

function tile(name: string, figure: string | number, more: string | null): Markup {
  return markup`<div><dt>${name}</dt><dd class="big">${figure}</dd>${more !== null && markup`<dd>${more}</dd>`}</div>`;
}

/** Draws a bar with the share of each card outcome, and its legend. Returns null for a run without cards. */
function share(cards: RunTotals['cards']): Markup | null {
  if (cards.total === 0) return null;
  let from = 0;
  const there = CARD_OUTCOMES.filter((outcome) => cards[outcome] > 0);
  const parts = there.map((outcome) => {
    const width = (cards[outcome] / cards.total) * 100;
    const part = markup`<rect class="o-${outcome}" x="${from.toFixed(2)}%" width="${Math.max(width - 0.3, 0.2).toFixed(2)}%" height="12"/>`;
    from += width;
    return part;
  });
  const legend = there.map(
    (outcome) =>
      markup`<li><svg width="22" height="12" aria-hidden="true"><rect class="o-${outcome}" width="22" height="12" rx="2"/></svg>${CARD_LABELS[outcome].word}</li>`,
  );
  return markup`<svg class="share" aria-hidden="true">${parts}</svg><ul class="legend" aria-label="Outcomes">${legend}</ul>`;
}

/** Renders a table of the times that cards spent in each stage. */
export function stageTimes({ stages }: RunTotals): Markup {
  const longest = Math.max(...stages.map(({ p95Ms }) => p95Ms), 1);
  const rows = stages.map(({ stage, count, medianMs, p95Ms }) => {
    const [middle, most] = [medianMs, p95Ms].map((each) => `${((each / longest) * 98).toFixed(2)}%`);
    const picture = markup`<svg class="meter" aria-hidden="true"><rect class="s-${stage}" width="${middle ?? '0'}" height="14" rx="2"/><line x1="${most ?? '0'}" x2="${most ?? '0'}" y1="0" y2="14"/></svg>`;
    return markup`<tr><th scope="row">${stage}</th><td class="number">${count}</td><td class="number">${formatDuration(medianMs)}</td><td class="number">${formatDuration(p95Ms)}</td><td class="wide">${picture}</td></tr>\n`;
  });
  if (rows.length === 0) return markup`<p class="quiet">No card left a stage.</p>`;
  return markup`<table><caption>The bar is the median, the mark is p95. The final stage of a card is not counted.</caption><thead><tr><th scope="col">Stage</th><th scope="col" class="number">Times</th><th scope="col" class="number">Median</th><th scope="col" class="number">p95</th><td></td></tr></thead><tbody>
${rows}</tbody></table>`;
}

/** Renders the errors with their meaning and the party responsible. */
export function errorList({ errors }: Pick<RunTotals, 'errors'>): Markup {
  if (errors.length === 0) return markup`<p class="quiet">No step ended with an error.</p>`;
  return markup`<ul class="errors">${errors.map(errorItem)}</ul>`;
}

function errorItem({ code, kind, count, tolerated, meaning, actor, nextStep }: RunError): Markup {
  const times = `${counted(count, 'time')}${tolerated > 0 ? `, ${tolerated} tolerated` : ''}`;
  return markup`<li><div class="head"><code>${code}</code><span class="quiet">${kind === 'failure' ? 'failure' : `${kind} error`}, ${times}</span></div>
<p>${meaning}</p>
<p>${actor !== null && markup`<b>Who acts:</b> ${ACTOR_NAMES[actor]}. `}<b>Next:</b> ${nextStep}</p></li>\n`;
}

/** Renders the request counts. */
export function requestFacts({ requests }: RunTotals): Markup {
  const { reads, sends, limited, perCard } = requests;
  return facts([
    ['Reads', String(reads)],
    ['Sends', String(sends)],
    ['Answered with 429', String(limited)],
    ['Per card', perCard === null ? '–' : perCard.toFixed(1)],
  ]);
}

/** Renders the results of cancelling the run's orders. */
export function cleanUpFacts({ run, totals }: RunReport): Markup {
  const { cleanUp } = totals;
  return facts([
    ['Orders created', String(cleanUp.orders)],
    ['Cancelled', String(cleanUp.cancelled)],
    ['Already ended', String(cleanUp['ended-before'])],
    ['Kept', String(cleanUp.kept)],
    ['Not cancelled', String(cleanUp.failed)],
    ['Not cleaned up', String(cleanUp.pending)],
    ...runFacts({ run, totals }).freed.map(
      ({ profileId, text }): Fact => [`Card limit of profile ${profileId} freed`, text],
    ),
  ]);
}

/** Renders the settings of the run, and the command that resumes or shows it. */
export function runSection({ run, totals }: RunReport): Markup {
  const { source, began, exit, next } = runFacts({ run, totals });
  const variables = Object.entries(run.variables).map(([name, value]) => `${name}=${value}`);
  return facts([
    ['Run', markup`<code>${run.id}</code>`],
    ['Scenario', `${run.scenario}, ${source}`],
    ['Data', run.data && run.data.path],
    ['Variables', variables.join(', ') || null],
    ['Context', `${run.context}, environment ${run.environment}`],
    ['Kiosks', run.kiosks.join(', ') || '–'],
    ['Began', began],
    ['Ended', run.endedAt === null ? 'not yet' : utcText(run.endedAt)],
    ['Resumed', resumedText(run)],
    ['By', `${run.user}@${run.host}`],
    ['Reason', run.reason ?? '–'],
    ['Concurrency', counted(run.concurrency, 'card')],
    ['Ended with', exit],
    [next.about, markup`<code class="command">${next.command}</code>`],
  ]);
}

function resumedText({ sessions }: RunRecord): string | null {
  return sessions > 1 ? `${counted(sessions - 1, 'time')}; pauses are included in the time` : null;
}

/** A row of a list: name and value. Rows with null are omitted. */
type Fact = readonly [name: string, value: string | Markup | null];

function facts(list: readonly Fact[]): Markup {
  const rows = list.filter(([, value]) => value !== null);
  return markup`<dl class="facts">${rows.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

/**
 * Maximum number of cards that are shown with all their steps, cards with problems first. The table lists every card.
 */
const DETAILED = 100;
/** Maximum number of cards with problems that are expanded when the report is opened. */
const UNFOLDED = 10;

/** Yields cards with all steps: cards with problems first, up to `DETAILED`. */
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

/** Renders an outcome with its colour as the background. */
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

/** Yields a table with the stages of all cards: the text alternative of the timeline. */
export async function* cardTable({ totals, cards }: RunReport): AsyncGenerator<Markup> {
  yield markup`<details${totals.cards.total <= DETAILED && markup` class="print"`}><summary><h3>All cards as a table</h3> <span class="quiet">the timeline as text</span></summary>
<div class="scroll" role="region" aria-label="Table of all cards" tabindex="0"><table><caption>Every card with its time in each stage</caption><thead><tr><th scope="col">Card</th><th scope="col">Outcome</th><th scope="col">Name</th><th scope="col">Kiosk</th><th scope="col">Stages</th><th scope="col" class="number">Took</th><th scope="col" class="number">Exit</th></tr></thead><tbody>\n`;
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
