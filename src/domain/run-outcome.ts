import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import type { RunCard, RunStep } from './run.ts';

/**
 * How a run went. `unmet`: an expectation did not hold. `interrupted`: cards were left on their way, and it can be resumed.
 * `unfinished`: it goes on, or its process died.
 */
export type RunOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'unfinished';

const UNMET: ExitCode = 11;
const INTERRUPTED: ExitCode = 130;

/** 11 if an expectation did not hold, otherwise the gravest of the codes. */
function gravest(codes: readonly ExitCode[]): ExitCode {
  return codes.includes(UNMET) ? UNMET : combineExitCodes(codes);
}

/** What the steps of a card come to; tolerated failures don't count. */
export function exitCodeOfSteps(steps: readonly Pick<RunStep, 'outcome' | 'exitCode'>[]): ExitCode {
  return gravest(
    steps.map(({ outcome, exitCode }) => {
      if (outcome === 'unmet') return UNMET;
      // A failure without a code would be a bug, and must not look like a success.
      return outcome === 'failed' ? exitCode || 1 : 0;
    }),
  );
}

type EndOfCard = Pick<RunCard, 'outcome' | 'exitCode' | 'steps'>;

/** Gathers what cards ended with, one by one. */
export class RunCodes {
  readonly #codes = new Set<ExitCode>();
  #isInterrupted = false;
  #isCutShort = false;

  add({ outcome, exitCode, steps }: EndOfCard): void {
    const own = gravest([exitCodeOfSteps(steps), exitCode ?? 0]);
    if (outcome === 'unmet') this.#codes.add(UNMET);
    else this.#codes.add(outcome === 'failed' ? own || 1 : own);
    this.#isInterrupted ||= outcome === 'interrupted';
    this.#isCutShort ||= outcome === 'not-started';
  }

  /** @param stoppedBy what stopped the run, where cards were interrupted or not started */
  combine(stoppedBy: ExitCode | null): ExitCode {
    const codes = [...this.#codes];
    if (this.#isInterrupted) codes.push(stoppedBy || INTERRUPTED);
    if (this.#isCutShort) codes.push(stoppedBy ?? 0);
    return gravest(codes);
  }
}

/**
 * What a run ends with: 11 if any expectation did not hold, otherwise the gravest of what its steps failed with, 0 when all
 * is well.
 * @param stoppedBy counts for cards that were interrupted or not started; an interrupted one is never well, but 130
 */
export function exitCodeOfRun(
  cards: Iterable<EndOfCard>,
  { stoppedBy = null }: { stoppedBy?: ExitCode | null } = {},
): ExitCode {
  const codes = new RunCodes();
  for (const card of cards) codes.add(card);
  return codes.combine(stoppedBy);
}
