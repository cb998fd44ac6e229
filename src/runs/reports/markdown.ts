import type { RunCard, RunRecord } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { markdownCode, markdownTable, markdownText, plainText } from '../../output/markup.ts';
import { cardFacts, commandsOf, isTrouble, runFacts, type StepFacts, stepFacts } from './facts.ts';
import type { RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/** Maximum size of a step summary on GitHub, in bytes. */
export const LARGEST_SUMMARY = 1_048_576;

/** Bytes reserved for the note about omitted cards. */
const NOTE = 500;

/**
 * Yields a run as Markdown: the outcome, and the cards that did not pass.
 * @param largest maximum size in bytes; cards beyond it are only counted
 */
export async function* markdown(
  report: RunReport,
  { largest = LARGEST_SUMMARY }: { largest?: number } = {},
): AsyncGenerator<string> {
  const { run, totals, cards } = report;
  const head = overview(report);
  let left = largest - NOTE - Buffer.byteLength(head);
  // Even the overview does not fit: it lists thousands of different errors, or the summary file is nearly full.
  if (left < 0) return void (yield `${runFacts({ run, totals }).summary}\n`);
  yield head;
  let leftOut = 0;
  for await (const card of cards()) {
    if (!isTrouble(card)) continue;
    const section = cardSection(card, run);
    const size = Buffer.byteLength(section);
    if (leftOut > 0 || size > left) {
      leftOut += 1;
      continue;
    }
    left -= size;
    yield section;
  }
  if (leftOut > 0)
    yield `\n${counted(leftOut, 'more card')} did not pass and are left out, because this summary has a size limit. Show all of them: ${markdownCommand(commandsOf(run).show)}\n`;
}

function overview({ run, totals }: RunReport): string {
  const facts = runFacts({ run, totals });
  return [
    `## ${facts.label.sign} ${text(run.scenario)}: ${facts.label.word}\n`,
    `${facts.summary}\n`,
    markdownTable(['', ''], rowsOf(facts, { run, totals })),
    `${facts.next.about}: ${markdownCommand(facts.next.command)}\n`,
    ...stages(totals),
    ...errors(totals),
  ].join('\n');
}

function rowsOf(
  { exit, source, began, took, attempts, perCard, freed }: ReturnType<typeof runFacts>,
  { run, totals }: Pick<RunReport, 'run' | 'totals'>,
): [string, string][] {
  const { requests, cleanUp } = totals;
  const rows: [string, string | null][] = [
    ['Run', `${code(run.id)}, ${exit}`],
    ['Scenario', text(source)],
    ['Where', `context ${code(run.context)}, environment ${code(run.environment)}`],
    ['When', `${began}, ${took}`],
    ['Attempts', `${totals.attempts.sent} sent, ${attempts}`],
    [
      'Requests',
      `${requests.reads} reads, ${requests.sends} sends, ${requests.limited} answered with 429${perCard === null ? '' : `; ${perCard}`}`,
    ],
    [
      'Orders',
      `${cleanUp.orders} created: ${cleanUp.cancelled} cancelled, ${cleanUp['ended-before']} already ended, ${cleanUp.kept} kept, ${cleanUp.failed} not cancelled, ${cleanUp.pending} left`,
    ],
    ['Card limit freed', freed.map((one) => `profile ${one.profileId}: ${one.text}`).join('; ') || null],
    ['Reason', run.reason === null ? null : text(run.reason)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
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

function cardSection(card: RunCard, run: RunRecord): string {
  const { label, name, kioskId } = cardFacts(card);
  const more = [name && code(name), kioskId && `kiosk ${code(kioskId)}`].filter(Boolean);
  const rows = card.steps.map((one) => {
    const step = stepFacts(one, card, run);
    return [step.label.sign, text(step.name), step.took, happened(step)];
  });
  return [
    `\n### ${label.sign} Card ${card.number}: ${label.word}\n`,
    more.length > 0 ? `${more.join(', ')}\n` : '',
    markdownTable(['', 'step', 'took', 'what happened'], rows),
  ].join('\n');
}

function happened({ outcome, trouble, error, ids }: StepFacts): string | null {
  if (trouble === null) return outcome === 'skipped' ? 'skipped' : null;
  const isTolerated = outcome === 'tolerated';
  const parts = [
    text(trouble),
    error && text(error.hint),
    isTolerated ? 'The scenario continues.' : ids.map(([name, id]) => `${name} ${code(id)}`).join(', '),
  ];
  return parts.filter(Boolean).join(' ');
}

function text(given: string): string {
  return markdownText(plainText(given));
}

function code(given: string): string {
  return markdownCode(plainText(given));
}

/** Formats a command as code. A command with backquotes is escaped instead. */
function markdownCommand(command: string): string {
  return command.includes('`') ? markdownText(command) : `\`${command}\``;
}
