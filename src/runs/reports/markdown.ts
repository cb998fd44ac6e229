import type { RunCard, RunRecord, RunStep } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { markdownCode, markdownTable, markdownText, plainText } from '../../output/markup.ts';
import {
  CARD_SIGNS,
  CARD_WORDS,
  cardName,
  commandsOf,
  describeExit,
  freedText,
  idsOfStep,
  isTrouble,
  OUTCOME_WORDS,
  STEP_SIGNS,
  sourceText,
  summarize,
  tookText,
  troubleOf,
  utcText,
} from './facts.ts';
import type { RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/** What GitHub takes as the summary of a step, in bytes. */
export const LARGEST_SUMMARY = 1_048_576;

/** Room for the remark that says what was left out. */
const REMARK = 500;

/**
 * A run as Markdown: what it came to, and the cards that did not pass.
 * @param largest how many bytes it may have; cards that don't fit are counted
 */
export async function* markdown(
  { run, totals, cards }: RunReport,
  { largest = LARGEST_SUMMARY }: { largest?: number } = {},
): AsyncGenerator<string> {
  const head = overview(run, totals);
  let left = largest - REMARK - Buffer.byteLength(head);
  // Not even the overview: a scenario of thousands of different errors, or a summary that is nearly full.
  if (left < 0) return void (yield `${summarize(totals)}\n`);
  yield head;
  let leftOut = 0;
  for await (const card of cards()) {
    if (!isTrouble(card)) continue;
    const text = cardSection(card);
    const size = Buffer.byteLength(text);
    if (leftOut > 0 || size > left) {
      leftOut += 1;
      continue;
    }
    left -= size;
    yield text;
  }
  if (leftOut > 0)
    yield `\n${counted(leftOut, 'more card')} did not pass, and would make this longer than it may be. All of them: ${markdownCommand(commandsOf(run).show)}\n`;
}

function overview(run: RunRecord, totals: RunTotals): string {
  const sign = CARD_SIGNS[totals.outcome === 'unfinished' ? 'interrupted' : totals.outcome];
  const { show, resume } = commandsOf(run);
  const isOpen = totals.outcome === 'interrupted' || totals.outcome === 'unfinished';
  return [
    `## ${sign} ${text(run.scenario)}: ${OUTCOME_WORDS[totals.outcome]}\n`,
    `${summarize(totals)}\n`,
    markdownTable(['', ''], facts(run, totals)),
    isOpen ? `Go on with it: ${markdownCommand(resume)}\n` : `Look at it: ${markdownCommand(show)}\n`,
    ...stages(totals),
    ...errors(totals),
  ].join('\n');
}

function facts(run: RunRecord, totals: RunTotals): (string | null)[][] {
  const { attempts, requests, span, cleanUp } = totals;
  const freed = run.freed.map(({ profileId, isFreed }) => `profile ${profileId}: ${freedText(isFreed)}`);
  return [
    ['Run', `${code(run.id)}, ${describeExit(totals)}`],
    ['Scenario', text(sourceText(run))],
    ['Where', `context ${code(run.context)}, environment ${code(run.environment)}`],
    ['When', `${utcText(run.startedAt)}, ${formatDuration(span.until - span.from)}`],
    [
      'Attempts',
      `${attempts.sent} sent, ${attempts.produced} produced, ${attempts.failed} failed, ${attempts.refused} refused`,
    ],
    [
      'Requests',
      `${requests.reads} reads, ${requests.sends} sends, ${requests.limited} answered with 429${requests.perCard === null ? '' : `; ${requests.perCard.toFixed(1)} a card`}`,
    ],
    [
      'Orders',
      `${cleanUp.orders} made: ${cleanUp.cancelled} cancelled, ${cleanUp['ended-before']} had ended, ${cleanUp.kept} kept, ${cleanUp.failed} not cancelled, ${cleanUp.pending} left`,
    ],
    ...(freed.length > 0 ? [['Places freed', freed.join('; ')]] : []),
    ...(run.reason === null ? [] : [['Reason', text(run.reason)]]),
  ];
}

function stages({ stages }: RunTotals): string[] {
  const rows = stages.map(({ stage, count, medianMs, p95Ms }) => [
    stage,
    String(count),
    formatDuration(medianMs),
    formatDuration(p95Ms),
  ]);
  return rows.length === 0
    ? []
    : ['### Time per stage\n', markdownTable(['stage', 'times', 'median', 'p95'], rows)];
}

function errors({ errors }: RunTotals): string[] {
  const rows = errors.map((error) => [
    code(error.code),
    `${error.count}${error.tolerated > 0 ? ` (${error.tolerated} tolerated)` : ''}`,
    text(error.meaning),
    error.actor,
    text(error.nextStep),
  ]);
  return rows.length === 0
    ? []
    : ['### Errors\n', markdownTable(['code', 'times', 'meaning', 'who acts', 'next step'], rows)];
}

function cardSection(card: RunCard): string {
  const name = cardName(card);
  const more = [name && code(name), card.kioskId && `kiosk ${code(card.kioskId)}`].filter(Boolean);
  return [
    `\n### ${CARD_SIGNS[card.outcome]} Card ${card.number}: ${CARD_WORDS[card.outcome]}\n`,
    more.length > 0 ? `${more.join(', ')}\n` : '',
    markdownTable(
      ['', 'step', 'took', 'what happened'],
      card.steps.map((step) => [
        STEP_SIGNS[step.outcome],
        `${step.index + 1}. ${text(step.title)}`,
        tookText(step),
        happened(step, card),
      ]),
    ),
  ].join('\n');
}

function happened(step: RunStep, card: RunCard): string | null {
  const trouble = troubleOf(step);
  if (trouble === null) return step.outcome === 'skipped' ? 'skipped' : null;
  const ids = step.outcome === 'tolerated' ? [] : idsOfStep(step, card);
  const parts = [
    text(trouble),
    step.error && text(step.error.hint),
    step.outcome === 'tolerated' ? 'The scenario goes on after this.' : null,
    ids.map(([name, id]) => `${name} ${code(id)}`).join(', '),
  ];
  return parts.filter(Boolean).join(' ');
}

function text(given: string): string {
  return markdownText(plainText(given));
}

function code(given: string): string {
  return markdownCode(plainText(given));
}

/** A command of ours, to be copied; one with backquotes in it stays text. */
function markdownCommand(command: string): string {
  return command.includes('`') ? markdownText(command) : `\`${command}\``;
}
