import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { Failure, type FailureDocument } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import { type CardResult, failuresIn, outcomeOf, summarize } from '../domain/results.ts';
import type { RunCard, RunStep } from '../domain/run.ts';
import type { Result } from '../output/result.ts';
import { commandsOf, isTrouble, stepName, summarize as summarizeRun, troubleOf } from './reports/facts.ts';
import type { RunReport } from './reports/report.ts';
import { toRunDocument, toTotalsDocument } from './reports/run-document.ts';
import { renderRun } from './run-views.ts';

/** So many cards that did not go well are told one by one; all are in `runs show` and in the reports. */
const TOLD = 20;

/**
 * What `run` ends with: the run, what its cards come to, and the cards as every command shows them.
 * @param options what interrupted it, and what went wrong with its reports
 */
export async function runResult(
  report: RunReport,
  { signal, reportErrors }: { signal: AbortSignal; reportErrors: readonly FailureDocument[] },
): Promise<Result> {
  const { run, totals } = report;
  const results: (CardResult & { number: number })[] = [];
  const told: { about: string | null; error: FailureDocument }[] = [];
  for await (const card of report.cards()) {
    const error = errorOf(report, card);
    if (error && isTrouble(card) && told.length < TOLD) told.push({ about: `Card ${card.number}`, error });
    if (card.card) results.push({ ...resultOf(card, error), number: card.number, card: card.card });
  }
  const interruption = signal.reason instanceof Failure && run.endedAt === null ? signal.reason : null;
  const error = interruption
    ? { ...interruption.toDocument(), hint: `Go on with: ${commandsOf(run).resume}` }
    : endOf(report, told[0]?.error ?? null);
  const exitCode: ExitCode = interruption?.exitCode ?? totals.exitCode;
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
      ...told,
      ...reportErrors.map((one) => ({ about: null, error: one })),
      ...(interruption && error ? [{ about: null, error }] : []),
    ],
  };
}

/** A card as other commands tell of it, so that they can go on with it. */
function resultOf(
  { outcome, exitCode }: RunCard,
  error: FailureDocument | null,
): Pick<CardResult, 'outcome' | 'exitCode' | 'error'> {
  if (outcome === 'passed') return { outcome: 'done', exitCode: 0 };
  if (outcome === 'not-started' || !error) return { outcome: 'not-started', exitCode: null };
  return { outcome: outcomeOf(error, exitCode ?? 130), exitCode: exitCode ?? 130, error };
}

/** What a card's way ended with; null for one that went well, or was not begun. */
function errorOf(report: RunReport, card: RunCard): FailureDocument | null {
  const step = card.steps.find(({ outcome }) => outcome === 'failed' || outcome === 'unmet');
  if (step?.outcome === 'failed' && step.error)
    return { ...step.error, message: `${stepName(step)}: ${step.error.message}` };
  if (step) return unmetOf(report, step);
  return card.outcome === 'interrupted' ? interruptedOf(report) : null;
}

function unmetOf({ run }: RunReport, step: RunStep): FailureDocument {
  return {
    code: 'expectation-unmet',
    message: `${stepName(step)}: ${troubleOf(step) ?? ''}.`.replace(/\.\.$/, '.'),
    hint: `See all steps: ${commandsOf(run).show}`,
  };
}

function interruptedOf({ run }: RunReport): FailureDocument {
  return {
    code: 'interrupted',
    message: 'It was left on its way.',
    hint: `Go on with: ${commandsOf(run).resume}`,
  };
}

/** The error of the whole run: with one card its own, with more what they come to. */
function endOf({ run, totals }: RunReport, first: FailureDocument | null): FailureDocument | null {
  if (totals.exitCode === 0) return null;
  if (run.cards === 1 && first) return first;
  const code = totals.exitCode === 11 ? 'expectation-unmet' : (first?.code ?? 'internal-error');
  return { code, message: summarizeRun(totals), hint: `See all cards: ${commandsOf(run).show}` };
}
