import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { Failure, FailureDocument } from '../domain/errors/failure.ts';
import { type ShownError, withoutName } from '../domain/results.ts';
import type { RunCard } from '../domain/run.ts';
import { commandsOf, runFacts, stepFacts } from './reports/facts.ts';
import type { RunReport } from './reports/read-report.ts';

const UNKNOWN: ExitCode = 8;

/** Returns the error that ended the run for a card; null if the card passed or was not started. */
export function errorOf(
  { run }: RunReport,
  card: RunCard,
  interruption: Failure | null = null,
): FailureDocument | null {
  const { show, resume } = commandsOf(run);
  const step = card.steps.find(({ outcome }) => outcome === 'failed' || outcome === 'unmet');
  if (!step) {
    if (card.outcome !== 'interrupted') return null;
    const hint = `Continue with: ${resume}`;
    if (card.exitCode === UNKNOWN)
      return { code: 'outcome-unknown', message: 'Its request to produce may have been accepted.', hint };
    return { code: interruption?.code ?? 'interrupted', message: 'Interrupted before it finished.', hint };
  }
  const { name, trouble } = stepFacts(step, card, run);
  if (step.outcome === 'failed' && step.error)
    return { ...step.error, message: `${name}: ${step.error.message}` };
  const message = `${name}: ${trouble ?? ''}.`.replace(/\.\.$/, '.');
  return { code: 'expectation-unmet', message, hint: `See all steps: ${show}` };
}

/** Returns the error of the run: the card's own error for a single card, otherwise a summary. */
export function endOf({ run, totals }: RunReport, first: FailureDocument | null): FailureDocument | null {
  if (totals.exitCode === 0) return null;
  if (run.cards === 1 && first) return first;
  const code = totals.exitCode === 11 ? 'expectation-unmet' : (first?.code ?? 'internal-error');
  return { code, message: runFacts({ run, totals }).summary, hint: `See all cards: ${commandsOf(run).show}` };
}

/** Maximum number of errors that are listed, and of cards with the same error. `runs show` and reports list all. */
const MOST_LISTED = 20;

/** An error, and the numbers of the cards that ended with it. */
export interface ListedError {
  numbers: number[];
  error: FailureDocument;
}

/** Lists the error of a card. Cards with the same error share it. */
export function addError(
  listed: Map<string, ListedError>,
  { number, card }: RunCard,
  error: FailureDocument,
): void {
  const message = card ? withoutName(error.message, card) : error.message;
  const key = JSON.stringify([error.code, message, error.hint]);
  const known = listed.get(key);
  if (known) {
    known.numbers.push(number);
    known.error = { ...error, message };
  } else if (listed.size < MOST_LISTED) listed.set(key, { numbers: [number], error });
}

/** Converts listed errors for text output. */
export function toShownErrors(listed: ReadonlyMap<string, ListedError>): ShownError[] {
  return Array.from(listed.values(), ({ numbers, error }) => ({ about: nameCards(numbers), error }));
}

/** Names cards by their numbers: `Card 1`, `Cards 1, 2`. */
function nameCards(numbers: readonly number[]): string {
  const more = numbers.length - MOST_LISTED;
  const named = numbers.slice(0, MOST_LISTED).join(', ');
  return `${numbers.length === 1 ? 'Card' : 'Cards'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
