import type { RunRecord } from '../domain/run.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Style } from '../output/style.ts';
import { freedText, OUTCOME_WORDS, summarize } from './reports/facts.ts';
import type { RunReport } from './reports/report.ts';

/** A run in a few lines. */
export function renderRun({ run, totals }: RunReport, style: Style): string {
  const outcome = OUTCOME_WORDS[totals.outcome];
  const { reads, sends, limited, perCard } = totals.requests;
  const each = perCard === null ? '' : `, ${perCard.toFixed(1)} a card`;
  const lines: [string, string | false][] = [
    ['Cards', summarize(totals)],
    ['Time', formatDuration(totals.span.until - totals.span.from)],
    ['Stages', totals.stages.map(describeStage).join(', ')],
    ['Attempts', totals.attempts.sent > 0 && describeAttempts(totals.attempts)],
    ['Errors', describeErrors(totals.errors)],
    [
      'Requests',
      `${counted(reads, 'look')} and ${counted(sends, 'act')}${each}${limited > 0 ? `; ${limited} answered with 429` : ''}`,
    ],
    ['Orders', describeCleanUp(run, totals.cleanUp)],
  ];
  const told = lines.flatMap(([name, text]) => (text ? [`  ${name.padEnd(9)} ${printable(text)}\n`] : []));
  const head = `${style.bold(printable(run.scenario))}: ${totals.outcome === 'passed' ? style.good(outcome) : style.bad(outcome)}`;
  return `${head}  ${style.dim(`run ${printable(run.id)}`)}\n${told.join('')}`;
}

function describeStage({ stage, medianMs, p95Ms }: RunReport['totals']['stages'][number]): string {
  const [median, most] = [formatDuration(medianMs), formatDuration(p95Ms)];
  return `${stage} ${median}${most === median ? '' : ` (95 %: ${most})`}`;
}

function describeAttempts({ sent, produced, failed, refused }: RunReport['totals']['attempts']): string {
  const parts = [
    `${sent} sent`,
    `${produced} produced`,
    failed > 0 && `${failed} failed`,
    refused > 0 && `${refused} refused`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** The usual ones; a report has them all, with what they mean. */
const MOST_ERRORS = 6;

function describeErrors(errors: RunReport['totals']['errors']): string {
  const told = errors.slice(0, MOST_ERRORS).map(({ code, count }) => `${count} × ${code}`);
  const more = errors.length - told.length;
  return [...told, ...(more > 0 ? [`${more} others`] : [])].join(', ');
}

/** What became of the orders, and whether their places are free again. */
function describeCleanUp({ freed, keep }: RunRecord, cleanUp: RunReport['totals']['cleanUp']): string {
  if (cleanUp.orders === 0) return '';
  if (keep) return `${cleanUp.orders} kept`;
  const parts = [
    cleanUp.cancelled > 0 && `${cleanUp.cancelled} cancelled`,
    cleanUp['ended-before'] > 0 && `${cleanUp['ended-before']} had ended before`,
    cleanUp.failed > 0 && `${cleanUp.failed} could not be cancelled`,
    cleanUp.pending > 0 && `${cleanUp.pending} not cancelled yet`,
  ].filter((part) => part !== false);
  // What can't be told is in the reports: at the end of each run that went well, it would only make people wonder.
  const places = freed.flatMap(({ profileId, isFreed }) =>
    isFreed === null ? [] : [`profile ${profileId}: ${freedText(isFreed)}`],
  );
  return `${parts.join(', ')}${places.length > 0 ? `; did that free their places? ${places.join('; ')}` : ''}`;
}
