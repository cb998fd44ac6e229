import { STAGES, type Stage } from '../../domain/stage.ts';
import { counted } from '../../domain/text/words.ts';
import { Markup, markup } from '../../output/markup.ts';
import { runFacts } from './facts.ts';
import STYLE from './html.css?raw';
import {
  badge,
  cardDetails,
  cardTable,
  cleanUpFacts,
  errorList,
  figures,
  requestFacts,
  runSection,
  stageTimes,
} from './html-sections.ts';
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

/** Yields a run as one HTML file that is readable offline and in print: without scripts, and without other files. */
export async function* html(report: RunReport): AsyncGenerator<string> {
  for await (const part of pageOf(report)) yield part.text;
}

async function* pageOf(given: RunReport): AsyncGenerator<Markup> {
  const { run, totals } = given;
  const report = { ...given, cards: () => everyCard(given.cards(), run) };
  yield head(report);
  yield markup`<main>\n${figures(report)}`;
  yield markup`<section id="timeline" class="long"><h2>Timeline</h2><p class="quiet">The stages of each card since ${runFacts(report).began}, drawn to scale.</p>\n`;
  yield* timeline(report);
  yield* cardTable(report);
  yield markup`</section>
<section id="stages"><h2>Time per stage</h2>${stageTimes(totals)}</section>
<section id="errors"><h2>Errors</h2>${errorList(totals)}</section>
<section id="cards" class="long"><h2>Cards, step by step</h2><p class="quiet">${cardsLead(totals)}</p>\n`;
  yield* cardDetails(report);
  yield markup`</section>
<div class="pair" id="use"><section><h2>Requests</h2>${requestFacts(totals)}</section>
<section><h2>Orders at the end</h2>${cleanUpFacts(report)}</section></div>
<section id="run"><h2>The run</h2>${runSection(report)}</section>
</main>
<footer><p>Made by kioskctl from the records of run <code>${run.id}</code>. It holds no personal data of cardholders. Times are UTC.</p></footer>
</body>
</html>
`;
}

function head({ run, totals }: RunReport): Markup {
  const { label, summary, began, took } = runFacts({ run, totals });
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
<title>${run.scenario}: ${label.word}</title>
<style>${new Markup(STYLE.replaceAll(/\s+/g, ' '))}${stageStyles()}</style>
</head>
<body>
${patterns()}<header class="top">
<p class="eyebrow">kioskctl run <code>${run.id}</code>, context ${run.context}, ${run.environment}, ${began}, ${took}</p>
<div class="title"><h1>${run.scenario}</h1>${badge(label)}</div>
<p class="lead">${summary}</p>
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
`;
}

function cardsLead({ cards, stepless }: RunTotals): string {
  const trouble = cards.unmet + cards.failed + cards.interrupted;
  const first = trouble === 0 ? 'All went well.' : `${counted(trouble, 'card')} in trouble first.`;
  return stepless === 0 ? first : `${first} ${counted(stepless, 'card')} without a step left out.`;
}

/** The patterns over the colours of stages, in a square of 8 pixels: stages differ without colours, too. */
const LINES: Readonly<Record<Stage, string>> = {
  placed: '',
  'requirements-fulfilled': 'M2 2h2v2h-2zM6 6h2v2h-2z',
  'details-created': 'M0 0h2v8h-2zM4 0h2v8h-2z',
  ready: '',
  'in-progress': 'M0 8l8-8h-3l-5 5zM8 8v-3l-3 3z',
  produced: '',
  failed: 'M0 0l8 8h-2l-6-6zM8 0l-8 8h2l6-6z',
  completed: 'M0 1h8v2h-8zM0 5h8v2h-8z',
  cancelled: 'M0 0l8 8v-3l-5-5zM0 8v-3l3 3z',
  returned: 'M0 0h8v2h-8z',
  expired: 'M0 0h4v4h-4zM4 4h4v4h-4z',
  unknown: 'M0 3h8v2h-8zM3 0h2v8h-2z',
};

/** The patterns that bars are filled with. */
function patterns(): Markup {
  const each = STAGES.map(
    (stage) =>
      markup`<pattern id="p-${stage}" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="c-${stage}" width="8" height="8"/>${LINES[stage] !== '' && markup`<path class="hatch" d="${LINES[stage]}"/>`}</pattern>`,
  );
  // Failed and unmet cards have the same colour.
  const unmet = markup`<pattern id="p-unmet" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="c-unmet" width="8" height="8"/><path class="hatch" d="${LINES['in-progress']}"/></pattern>`;
  return markup`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>${each}${unmet}</defs></svg>\n`;
}

/** Colour and pattern of each stage. */
function stageStyles(): Markup {
  return new Markup(
    STAGES.map((stage) => `.c-${stage}{fill:var(--s-${stage})}.s-${stage}{fill:url(#p-${stage})}`).join('\n'),
  );
}
