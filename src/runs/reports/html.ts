import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { Markup, markup } from '../../output/markup.ts';
import { CARD_SIGNS, OUTCOME_WORDS, summarize, utcText } from './facts.ts';
import { cardDetails, cardTable } from './html-cards.ts';
import { patterns, stageStyles } from './html-patterns.ts';
import { cleanUpFacts, errorList, figures, requestFacts, runFacts, stageTimes } from './html-sections.ts';
import { STYLE } from './html-style.ts';
import { timeline } from './html-timeline.ts';
import { everyCard, type RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

const SECTIONS: readonly [id: string, name: string][] = [
  ['timeline', 'Timeline'],
  ['stages', 'Time per stage'],
  ['errors', 'Errors'],
  ['cards', 'Cards'],
  ['use', 'Requests and orders'],
  ['run', 'The run'],
];

/** A run as one HTML file, readable offline and in print: no script, and nothing from anywhere else. */
export async function* html(report: RunReport): AsyncGenerator<string> {
  for await (const part of pageOf(report)) yield part.text;
}

async function* pageOf(given: RunReport): AsyncGenerator<Markup> {
  const { run, totals } = given;
  const report = { ...given, cards: () => everyCard(given.cards(), run) };
  yield head(report);
  yield markup`<main>\n${figures(totals)}`;
  yield markup`<section id="timeline" class="long"><h2>Timeline</h2><p class="quiet">The stages of each card since ${utcText(run.startedAt)}, drawn to scale.</p>\n`;
  yield* timeline(report);
  yield* cardTable(report);
  yield markup`</section>
<section id="stages"><h2>Time per stage</h2>${stageTimes(totals)}</section>
<section id="errors"><h2>Errors</h2>${errorList(totals)}</section>
<section id="cards" class="long"><h2>Cards, step by step</h2><p class="quiet">${cardsLead(totals)}</p>\n`;
  yield* cardDetails(report);
  yield markup`</section>
<div class="pair" id="use"><section><h2>Requests</h2>${requestFacts(totals)}</section>
<section><h2>Orders at the end</h2>${cleanUpFacts(totals, run)}</section></div>
<section id="run"><h2>The run</h2>${runFacts(run, totals)}</section>
</main>
<footer><p>Made by kioskctl from the records of run <code>${run.id}</code>. It holds no personal data of cardholders. Times are UTC.</p></footer>
</body>
</html>
`;
}

function head({ run, totals }: RunReport): Markup {
  const title = `${run.scenario}: ${OUTCOME_WORDS[totals.outcome]}`;
  const when = `${utcText(run.startedAt)}, ${formatDuration(totals.span.until - totals.span.from)}`;
  const links = SECTIONS.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>`);
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="kioskctl">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(STYLE)}${stageStyles()}</style>
</head>
<body>
${patterns()}<header class="top">
<p class="eyebrow">kioskctl run <code>${run.id}</code>, context ${run.context}, ${run.environment}, ${when}</p>
<div class="title"><h1>${run.scenario}</h1>${badge(totals)}</div>
<p class="lead">${summarize(totals)}</p>
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
`;
}

function badge({ outcome }: RunTotals): Markup {
  const tone = { passed: 'good', unmet: 'bad', failed: 'bad', interrupted: 'warn', unfinished: 'warn' }[
    outcome
  ];
  const sign = CARD_SIGNS[outcome === 'unfinished' ? 'interrupted' : outcome];
  return markup`<span class="badge ${tone}"><span aria-hidden="true">${sign}</span>${OUTCOME_WORDS[outcome]}</span>`;
}

function cardsLead({ cards, stepless }: RunTotals): string {
  const trouble = cards.unmet + cards.failed + cards.interrupted;
  const first = trouble === 0 ? 'All went well.' : `${counted(trouble, 'card')} in trouble first.`;
  return stepless === 0 ? first : `${first} ${counted(stepless, 'card')} without a step left out.`;
}
