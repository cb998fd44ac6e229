import type { Card } from './card.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import type { FailureDocument } from './errors/failure.ts';
import type { CardToken, KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/**
 * Outcome of a step for one card. `tolerated`: it failed, and the scenario continues. `unmet`: an expectation did not hold.
 * `skipped`: an earlier step ended the card's run. `running`: it was started, and its end is not stored.
 */
export type StepOutcome = 'done' | 'failed' | 'tolerated' | 'unmet' | 'skipped' | 'running';

/** One step of one card, as the journal stores it. Times are milliseconds since the epoch. */
export interface RunStep {
  /** The number among the steps of the card, from 0, with loops unrolled. */
  index: number;
  /** The word of the step's definition. */
  kind: string;
  /** The title in reports: `produce WIS00001`. */
  title: string;
  /** The line in the scenario's file; null without a file. */
  line: number | null;
  outcome: StepOutcome;
  /** null while it runs, and for a skipped one. */
  exitCode: ExitCode | null;
  startedAt: number | null;
  endedAt: number | null;
  error?: FailureDocument;
  unmet?: Unmet[];
  /** The ids of the card, as far as they were known. */
  orderId: number | null;
  cardToken: CardToken | null;
  /** The attempt that the step made. */
  attemptId?: string;
  /** The number of attempts on the card before the step: a later one belongs to the step, also after an interruption. */
  attemptsBefore?: number;
  /** The time to which the step moves the clock of the sandbox, in milliseconds since the epoch. */
  advanceTo?: number;
  /** The number of attempts that exist only because a process was killed. Expectations don't count them. */
  attemptsLost?: number;
}

/** The time when a card was first read in a stage, in milliseconds since the epoch. */
export interface StageMark {
  stage: Stage;
  at: number;
}

/** Outcome of the run for one card. `interrupted`: it can be resumed. */
export type CardOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'not-started';

/** Result of cancelling an order at the end of the run that made it. */
export type CleanUp = 'cancelled' | 'ended-before' | 'failed' | 'kept';

/** One card of a run, as the journal stores it. Times are milliseconds since the epoch. */
export interface RunCard {
  /** From 1. */
  number: number;
  /** The line in the data file. */
  row: number | null;
  kioskId: KioskId | null;
  outcome: CardOutcome;
  /** null until the card is over. */
  exitCode: ExitCode | null;
  /** The card at the last read. It contains nothing about its holder. */
  card: Card | null;
  /** The orders that the steps made, oldest first; `cleanUp` is null until the end of the run. */
  orders: { profileId: number; orderId: number; cleanUp: CleanUp | null }[];
  stages: StageMark[];
  steps: RunStep[];
  /** Set if a step of the card ended the whole run. */
  stopsRun?: true;
  startedAt: number | null;
  endedAt: number | null;
}

/** Returns the record of a card that was not started. */
export function unstartedCard(number: number): RunCard {
  return {
    number,
    row: null,
    kioskId: null,
    outcome: 'not-started',
    exitCode: null,
    card: null,
    orders: [],
    stages: [],
    steps: [],
    startedAt: null,
    endedAt: null,
  };
}

/** The numbers of requests of a run; `limited` were answered with a 429. */
export interface RunRequests {
  reads: number;
  sends: number;
  limited: number;
}

/** `isFreed` is true if cancelling freed places of a profile's card limit; null where the limit was not reached. */
export interface FreedPlaces {
  profileId: number;
  isFreed: boolean | null;
}

/** A run that starts; the journal adds user and host. */
export type NewRun = Omit<RunRecord, 'user' | 'host'>;

/** A run as the journal stores it. Times are milliseconds since the epoch. */
export interface RunRecord {
  id: string;
  /** The name in the scenario's file. */
  scenario: string;
  /** The name of a built-in scenario, or the absolute path of a file. */
  source: { kind: 'built-in'; name: string } | { kind: 'file'; path: string };
  /** The SHA-256 of the scenario's text, in hex: a resumed run needs the same text. */
  fingerprint: string;
  data: { path: string; fingerprint: string } | null;
  /** The values of `--var`, without those that orders are filled in with. */
  variables: Record<string, string>;
  /** The names of variables that are not stored, and have to be passed again to resume the run. */
  forgottenVariables: string[];
  kiosks: KioskId[];
  cards: number;
  concurrency: number;
  keep: boolean;
  context: string;
  /** The flags that select the same context and server: `['--context', 'ci']`. */
  flags: string[];
  /** The profile of orders whose step names none. */
  profileId: number | null;
  environment: string;
  reason: string | null;
  user: string;
  host: string;
  startedAt: number;
  /** null while it runs, and after an interruption or a crash. */
  endedAt: number | null;
  exitCode: ExitCode | null;
  /** The number of times that it was started or resumed. */
  sessions: number;
  requests: RunRequests;
  freed: FreedPlaces[];
}

/** An expectation that did not hold. */
export interface Unmet {
  field: string;
  /** The expectation in words: `produced`, `at most 30s`. */
  expected: string;
  actual: string;
}

/**
 * Outcome of a run. `unmet`: an expectation did not hold. `interrupted`: cards are left, and it can be resumed.
 * `unfinished`: it is running, or its process was killed.
 */
export type RunOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'unfinished';

const UNMET: ExitCode = 11;
const INTERRUPTED: ExitCode = 130;

/** Returns the exit code of a card by its steps; tolerated failures don't count. */
export function exitCodeOfSteps(steps: readonly Pick<RunStep, 'outcome' | 'exitCode'>[]): ExitCode {
  return combineExitCodes(
    steps.map(({ outcome, exitCode }) => {
      if (outcome === 'unmet') return UNMET;
      // A failure without a code would be a bug, and must not look like a success.
      return outcome === 'failed' ? exitCode || 1 : 0;
    }),
  );
}

/** Returns the exit code that a card adds to those of its run. */
export function exitCodeOfCard({
  outcome,
  exitCode,
  steps,
}: Pick<RunCard, 'outcome' | 'exitCode' | 'steps'>): ExitCode {
  if (outcome === 'unmet') return UNMET;
  const own = combineExitCodes([exitCodeOfSteps(steps), exitCode ?? 0]);
  if (outcome === 'interrupted') return combineExitCodes([own, INTERRUPTED]);
  return outcome === 'failed' ? own || 1 : own;
}
