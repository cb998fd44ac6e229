import type { RunCard } from '../../domain/run.ts';
import { STAGES, type Stage } from '../../domain/stage.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Markup, markup } from '../../output/markup.ts';
import { CARD_LABELS, utcText } from './facts.ts';
import type { RunReport } from './read-report.ts';
import { type StageSpan, stageSpans } from './run-totals.ts';

/** Height of a card's row in pixels, by the number of cards. */
const ROWS: readonly [upTo: number, height: number][] = [
  [60, 24],
  [400, 10],
  [2_500, 4],
  [Number.POSITIVE_INFINITY, 2],
];
/**
 * Minimum height of a row, in pixels, for bars with a title and a pattern. In lower rows, the bars are drawn as paths.
 */
const READABLE = 24;
/** Number of low rows that are drawn together, with one path per stage. */
const BLOCK = 500;
/** Width of the drawing area for paths, in SVG units. */
const UNITS = 100_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  [100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND],
  [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  [HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY],
].flat();
const MOST_TICKS = 6;

/** Time scale: start in milliseconds since the epoch, length in milliseconds. */
interface Scale {
  from: number;
  length: number;
}

/** Yields the timeline: a row for each card, with its stages drawn to scale. */
export async function* timeline({ totals, cards }: RunReport): AsyncGenerator<Markup> {
  const { total } = totals.cards;
  const row = ROWS.find(([upTo]) => total <= upTo)?.[1] ?? 2;
  const { from, until } = totals.span;
  // The extra 5 % leaves space for the symbols at the ends of the rows.
  const scale = { from, length: Math.max(until - from, 100) * 1.05 };
  const seen = new Set<Stage>();
  yield markup`<div class="scroll tall" role="region" aria-label="Timeline of all cards" tabindex="0">
<div class="chart axis"><svg class="gutter" width="72" height="26" aria-hidden="true"></svg>${axis(scale)}</div>
<div class="chart">${gutter(total, row)}<svg class="bars" role="img" aria-labelledby="timeline-title timeline-text" height="${total * row}">
<title id="timeline-title">Stages of ${counted(total, 'card')} over time</title>
<desc id="timeline-text">One row per card, from ${utcText(from)} to ${utcText(until)}. The table of all cards below has the same data as text.</desc>
${grid(scale, total * row)}`;
  if (row >= READABLE) yield* bars(cards(), { scale, row, seen });
  else yield* blocks(cards(), { scale, row, seen });
  yield markup`</svg></div></div>${legend(seen, row >= READABLE ? 's' : 'c')}`;
}

interface Drawing {
  scale: Scale;
  row: number;
  seen: Set<Stage>;
}

async function* bars(cards: AsyncIterable<RunCard>, { scale, row, seen }: Drawing): AsyncGenerator<Markup> {
  let top = 0;
  for await (const card of cards) {
    const spans = stageSpans(card);
    for (const { stage } of spans) seen.add(stage);
    const middle = top + row / 2;
    yield markup`<g>${spans.map((span) => bar(span, { card, scale, top: top + 5 }))}${end(card, { scale, middle })}</g>\n`;
    top += row;
  }
}

function bar(span: StageSpan, { card, scale, top }: { card: RunCard; scale: Scale; top: number }): Markup {
  const { stage, from, until } = span;
  const name = `Card ${card.number}: ${stage}, ${formatDuration(until - from)}`;
  return markup`<rect class="s-${stage}" x="${percent(from - scale.from, scale)}" y="${top}" width="${percent(until - from, scale)}" height="14"><title>${name}</title></rect>`;
}

/** Draws the symbol of the card's outcome at the end of its row. */
function end(card: RunCard, { scale, middle }: { scale: Scale; middle: number }): Markup {
  const last = stageSpans(card).at(-1);
  if (!last) return markup`<text x="0" dx="6" y="${middle + 4}">${CARD_LABELS[card.outcome].word}</text>`;
  const x = percent(last.until - scale.from, scale);
  return markup`<text class="end o-${card.outcome}" x="${x}" dx="6" y="${middle + 5}">${CARD_LABELS[card.outcome].sign}</text>`;
}

async function* blocks(cards: AsyncIterable<RunCard>, drawing: Drawing): AsyncGenerator<Markup> {
  let [top, count] = [0, 0];
  let paths = new Map<Stage, string>();
  for await (const card of cards) {
    for (const span of stageSpans(card)) {
      drawing.seen.add(span.stage);
      const path = paths.get(span.stage) ?? '';
      paths.set(span.stage, path + pathOf(span, { ...drawing, top: count * drawing.row }));
    }
    count += 1;
    if (count < BLOCK) continue;
    yield block(paths, { top, height: count * drawing.row });
    top += count * drawing.row;
    [paths, count] = [new Map(), 0];
  }
  if (count > 0) yield block(paths, { top, height: count * drawing.row });
}

/** Draws rows as paths. The browser stretches them to the width of the page, but not in height. */
function block(paths: ReadonlyMap<Stage, string>, { top, height }: { top: number; height: number }): Markup {
  const drawn = [...paths].map(([stage, path]) => markup`<path class="c-${stage}" d="${path}"/>`);
  return markup`<svg y="${top}" width="100%" height="${height}" viewBox="0 0 ${UNITS} ${height}" preserveAspectRatio="none">${drawn}</svg>\n`;
}

function pathOf({ from, until }: StageSpan, { scale, row, top }: Drawing & { top: number }): string {
  const x = Math.round(((from - scale.from) / scale.length) * UNITS);
  const width = Math.round(((until - from) / scale.length) * UNITS);
  return width === 0 ? '' : `M${x} ${top}h${width}v${row > 2 ? row - 1 : row}h${-width}z`;
}

function axis(scale: Scale): Markup {
  const labels = ticks(scale).map(
    (at) =>
      markup`<text x="${percent(at, scale)}" y="17"${at === 0 && markup` class="first"`}>${formatDuration(at)}</text>`,
  );
  return markup`<svg class="bars" height="26" aria-hidden="true">${labels}</svg>`;
}

function grid(scale: Scale, height: number): Markup {
  const lines = ticks(scale).map((at) => {
    const x = percent(at, scale);
    return markup`<line x1="${x}" x2="${x}" y1="0" y2="${height}"/>`;
  });
  return markup`<g class="grid">${lines}</g>\n`;
}

/** Returns the tick marks of the time axis, in milliseconds from the start. */
function ticks({ length }: Scale): number[] {
  const step = STEPS.find((one) => length / one <= MOST_TICKS) ?? length / MOST_TICKS;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

/** Draws card numbers, at a distance that keeps them readable. */
function gutter(total: number, row: number): Markup {
  const every = [1, 5, 10, 50, 100, 500, 1_000].find((one) => one * row >= READABLE) ?? 1_000;
  // 1, then each multiple of `every`.
  const numbers = Array.from({ length: Math.floor(total / every) + 1 }, (_, index) => index * every)
    .map((number) => Math.max(1, number))
    .filter((number, index) => index === 0 || number > 1);
  const labels = numbers.map(
    (number) =>
      markup`<text x="64" y="${Math.max((number - 0.5) * row + 4, 11)}">${every === 1 ? `Card ${number}` : number}</text>`,
  );
  return markup`<svg class="gutter" width="72" height="${total * row}" aria-hidden="true">${labels}</svg>`;
}

/** Meaning of each stage, for the legend. */
const MEANINGS: Readonly<Record<Stage, string>> = {
  placed: 'ordered',
  'requirements-fulfilled': 'all requirements are met',
  'details-created': 'the card details exist',
  ready: 'can be produced',
  'in-progress': 'in the kiosk',
  produced: 'printed',
  failed: 'the production failed',
  completed: 'collected',
  cancelled: 'order cancelled',
  returned: 'order returned',
  expired: 'over 60 days old',
  unknown: 'unknown',
};

/** Renders the legend of the stages. @param fill `s`: bars with patterns; `c`: bars with colours only */
function legend(stages: ReadonlySet<Stage>, fill: 's' | 'c'): Markup {
  const items = STAGES.filter((stage) => stages.has(stage)).map(
    (stage) =>
      markup`<li><svg width="22" height="12" aria-hidden="true"><rect class="${fill}-${stage}" width="22" height="12" rx="2"/></svg><b>${stage}</b> ${MEANINGS[stage]}</li>`,
  );
  return markup`<ul class="legend" aria-label="Stages">${items}</ul>`;
}

function percent(milliseconds: number, { length }: Scale): string {
  return `${((milliseconds / length) * 100).toFixed(3)}%`;
}
