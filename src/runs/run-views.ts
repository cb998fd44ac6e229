import { combineExitCodes, type ExitCode, isOfSignal } from '../domain/errors/exit-codes.ts';
import type { Failure, FailureDocument } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import { type CardResult, failuresIn, outcomeOf, summarize } from '../domain/results.ts';
import { exitCodeOfSteps, type RunCard, type RunRecord } from '../domain/run.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { cardFacts, commandsOf, isTrouble, runFacts, type StepFacts, stepFacts } from './reports/facts.ts';
import { toRunCardDocument, toRunDocument, toTotalsDocument } from './reports/json.ts';
import { everyCard, type RunReport, withoutSecrets } from './reports/read-report.ts';
import type { RunTotals } from './reports/run-totals.ts';
import { addError, endOf, errorOf, type ListedError, toShownErrors } from './run-error-views.ts';

/** Renders the summary of a run. */
export function renderRun({ run, totals }: RunReport, style: Style): string {
  const { label, summary, took, perCard, freed } = runFacts({ run, totals });
  const { reads, sends, limited } = totals.requests;
  const each = perCard === null ? '' : `, ${perCard}`;
  const lines: [string, string | false][] = [
    ['Cards', summary],
    ['Time', took],
    ['Stages', totals.stages.map(describeStage).join(', ')],
    ['Attempts', totals.attempts.sent > 0 && describeAttempts(totals.attempts)],
    ['Errors', describeErrors(totals.errors)],
    [
      'Requests',
      `${counted(reads, 'read')}, ${counted(sends, 'action')}${each}${limited > 0 ? `; ${limited} answered with 429` : ''}`,
    ],
    ['Orders', describeCleanUp(run, { cleanUp: totals.cleanUp, freed })],
  ];
  const shown = lines.flatMap(([name, text]) => (text ? [`  ${name.padEnd(9)} ${printable(text)}\n`] : []));
  const head = `${style.bold(printable(run.scenario))}: ${totals.outcome === 'passed' ? style.good(label.word) : style.bad(label.word)}`;
  return `${head}  ${style.dim(`run ${printable(run.id)}`)}\n${shown.join('')}`;
}

function describeStage({ stage, medianMs, p95Ms }: RunTotals['stages'][number]): string {
  const [median, most] = [formatDuration(medianMs), formatDuration(p95Ms)];
  return `${stage} ${median}${most === median ? '' : ` (95 %: ${most})`}`;
}

function describeAttempts({ sent, produced, failed, refused }: RunTotals['attempts']): string {
  const parts = [
    `${sent} sent`,
    `${produced} produced`,
    failed > 0 && `${failed} failed`,
    refused > 0 && `${refused} refused`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** Maximum number of errors in the summary. Reports list all errors, with their meaning. */
const MOST_ERRORS = 6;

function describeErrors(errors: RunTotals['errors']): string {
  const listed = errors.slice(0, MOST_ERRORS).map(({ code, count }) => `${count} × ${code}`);
  const more = errors.length - listed.length;
  return [...listed, ...(more > 0 ? [`${more} others`] : [])].join(', ');
}

/** Describes the results of cancelling the orders, and the effect on the card limit. */
function describeCleanUp(
  { keep }: RunRecord,
  { cleanUp, freed }: Pick<RunTotals, 'cleanUp'> & Pick<ReturnType<typeof runFacts>, 'freed'>,
): string {
  if (cleanUp.orders === 0) return '';
  if (keep) return `${cleanUp.orders} kept`;
  const parts = [
    cleanUp.cancelled > 0 && `${cleanUp.cancelled} cancelled`,
    cleanUp['ended-before'] > 0 && `${cleanUp['ended-before']} already ended`,
    cleanUp.failed > 0 && `${cleanUp.failed} could not be cancelled`,
    cleanUp.pending > 0 && `${cleanUp.pending} not cancelled yet`,
  ].filter((part) => part !== false);
  // Profiles for which the effect is unknown are listed only in reports.
  const places = freed
    .filter(({ isFreed }) => isFreed !== null)
    .map(({ profileId, text }) => `profile ${profileId}: ${text}`);
  return `${parts.join(', ')}${places.length > 0 ? `; did that free their places? ${places.join('; ')}` : ''}`;
}

/**
 * Creates the result of `run`: the run, its totals, and its cards in the format of other commands.
 * @param options the signal that interrupted the run, and the errors of reports
 */
export async function runResult(
  report: RunReport,
  {
    interruption: ending,
    reportErrors,
  }: { interruption: Failure | null; reportErrors: readonly FailureDocument[] },
): Promise<Result> {
  const { run, totals } = report;
  const results: (CardResult & { number: number })[] = [];
  const listed = new Map<string, ListedError>();
  const interruption = run.endedAt === null ? ending : null;
  const { exitCode } = totals;
  let cause: FailureDocument | null = null;
  for await (const card of report.cards()) {
    const error = errorOf(report, card, interruption);
    if (error && isTrouble(card)) addError(listed, card, error);
    if (error && endedWith(card) === exitCode) cause ??= error;
    if (card.card)
      results.push({ ...resultOf(card, error, interruption), number: card.number, card: card.card });
  }
  const error =
    interruption?.exitCode === exitCode
      ? { ...interruption.toDocument(), hint: `Continue with: ${commandsOf(run).resume}` }
      : endOf(report, cause ?? [...listed.values()][0]?.error ?? null);
  return {
    exitCode: exitCode === 0 && reportErrors.length > 0 ? 2 : exitCode,
    document: {
      run: toRunDocument(run),
      totals: toTotalsDocument(totals, run),
      cards: results.map(({ card, number, outcome, exitCode: code, error: own }) => ({
        ...card,
        number,
        outcome,
        exitCode: code,
        ...(own && { error: own }),
      })),
      summary: summarize(results),
      ...((error ?? reportErrors[0]) && { error: error ?? reportErrors[0] }),
    },
    text: (style) => renderRun(report, style),
    references: results.flatMap(({ card, outcome }) => (outcome === 'done' ? [formatReference(card)] : [])),
    failures: failuresIn(results),
    errors: [
      ...toShownErrors(listed),
      ...reportErrors.map((one) => ({ about: null, error: one })),
      ...(interruption && error ? [{ about: null, error }] : []),
    ],
  };
}

/**
 * Adds a signal's exit code to a run, unless the exit code of a card takes precedence. The journal does not store the
 * signal.
 */
export function endedBy(report: RunReport, interruption: Failure | null): RunReport {
  const { run, totals } = report;
  if (!interruption || run.endedAt !== null) return report;
  const ofCards = isOfSignal(totals.exitCode) ? 0 : totals.exitCode;
  return { ...report, totals: { ...totals, exitCode: combineExitCodes([interruption.exitCode, ofCards]) } };
}

function endedWith({ exitCode, steps }: RunCard): ExitCode {
  return exitCode ?? exitCodeOfSteps(steps);
}

/** Converts a run card to a card result, which other commands accept as input. */
function resultOf(
  card: RunCard,
  error: FailureDocument | null,
  interruption: Failure | null,
): Pick<CardResult, 'outcome' | 'exitCode' | 'error'> {
  if (card.outcome === 'passed') return { outcome: 'done', exitCode: 0 };
  if (card.outcome === 'not-started' || !error) return { outcome: 'not-started', exitCode: null };
  const exitCode = endedWith(card) || (interruption?.exitCode ?? 130);
  return { outcome: outcomeOf(error, exitCode), exitCode, error };
}

/** Maximum number of cards shown with all steps. Cards with problems come first; the JSON document has all cards. */
const SHOWN = 20;

/** Creates the result of `runs show`. */
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
    text: (style) =>
      `${renderRun(report, style)}${renderCards(cards, { run, style })}${nextOf(report, style)}`,
  };
}

interface Shown {
  run: RunRecord;
  style: Style;
}

function renderCards(cards: readonly RunCard[], { run, style }: Shown): string {
  const inTrouble = cards.filter(isTrouble);
  const shown = (inTrouble.length > 0 ? inTrouble : cards).slice(0, SHOWN);
  const left = cards.length - shown.length;
  const more = left > 0 ? style.dim(`\n  ${left} more. Show all with --json or a report.\n`) : '';
  return `${shown.map((card) => `\n${renderCard(card, { run, style })}`).join('')}${more}`;
}

function renderCard(card: RunCard, { run, style }: Shown): string {
  const { label, name, kioskId } = cardFacts(card);
  const facts = [name && `(${name})`, card.row !== null && `row ${card.row}`, kioskId].filter(Boolean);
  const sign = card.outcome === 'passed' ? style.good(label.sign) : style.bad(label.sign);
  const steps = card.steps.map((step) => renderStep(stepFacts(step, card, run), style));
  return `${sign} Card ${card.number} ${facts.join(' ')}: ${label.word}\n${steps.join('')}`;
}

function renderStep({ label, name, took, trouble }: StepFacts, style: Style): string {
  const why = trouble === null ? '' : `: ${trouble}`;
  return `  ${label.sign} ${name} ${style.dim(`(${took})`)}${why}\n`;
}

function nextOf({ run }: RunReport, style: Style): string {
  return run.endedAt === null
    ? style.dim(`\nIt is not finished. Continue with: ${commandsOf(run).resume}\n`)
    : '';
}
