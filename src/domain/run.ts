import type { Card } from './card.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import type { FailureDocument } from './errors/failure.ts';
import type { CardToken, KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/**
 * The outcome of a scenario step for one card. `tolerated`: failed, but the scenario continues. `unmet`: an expectation
 * was not met. `skipped`: an earlier step ended the run of this card. `running`: started, and no result is recorded.
 */
export type StepOutcome = 'done' | 'failed' | 'tolerated' | 'unmet' | 'skipped' | 'running';

/** A step of one card in the journal. Times are milliseconds since the epoch. */
export interface RunStep {
  /** Index among the card's steps, from 0, with loops unrolled. */
  index: number;
  /** Keyword of the step in a scenario file. */
  kind: string;
  /** The title in reports: `produce WIS00001`. */
  title: string;
  /** Line of the step in the scenario file; null for a built-in scenario. */
  line: number | null;
  outcome: StepOutcome;
  /** null while the step is running, and for a skipped step. */
  exitCode: ExitCode | null;
  startedAt: number | null;
  endedAt: number | null;
  error?: FailureDocument;
  unmet?: Unmet[];
  /** The ids of the card, if known. */
  orderId: number | null;
  cardToken: CardToken | null;
  /** The attempt that the step started. */
  attemptId?: string;
  /** Number of attempts before the step. After a crash, a later attempt shows that the step was sent. */
  attemptsBefore?: number;
  /** Time to which the step advances the clock of the sandbox, in milliseconds since the epoch. */
  advanceTo?: number;
  /** Number of attempts that a killed process started and that had no effect. Expectations don't count them. */
  attemptsLost?: number;
}

/** The time at which a read first showed a stage, in milliseconds since the epoch. */
export interface StageMark {
  stage: Stage;
  at: number;
}

/** The outcome of a run for one card. `interrupted`: the card can be resumed. */
export type CardOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'not-started';

/**
 * The result of cancelling an order at the end of its run. `ended-before`: the order had already ended. `kept`: the run
 * has `--keep`.
 */
export type CleanUp = 'cancelled' | 'ended-before' | 'failed' | 'kept';

/** A card of a run in the journal. Times are milliseconds since the epoch. */
export interface RunCard {
  /** Number of the card in the run, from 1. */
  number: number;
  /** Line of the card in the data file; null without a data file. */
  row: number | null;
  kioskId: KioskId | null;
  outcome: CardOutcome;
  /** null until the card's steps have ended. */
  exitCode: ExitCode | null;
  /** The card at the last read, without data of the cardholder. */
  card: Card | null;
  /** The orders that the steps placed, oldest first. `cleanUp` is null until the end of the run. */
  orders: { profileId: number; orderId: number; cleanUp: CleanUp | null }[];
  stages: StageMark[];
  steps: RunStep[];
  /** Set if a step of this card stopped the whole run. */
  stopsRun?: true;
  startedAt: number | null;
  endedAt: number | null;
}

/** Returns the initial record of a card in a run. */
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

/** Number of API requests of a run; `limited`: those with a 429 response. */
export interface RunRequests {
  reads: number;
  sends: number;
  limited: number;
}

/**
 * The effect of cancelled orders on the card limit of their profile. `isFreed`: true if the profile can order cards
 * again; null if the limit had not been reached.
 */
export interface FreedPlaces {
  profileId: number;
  isFreed: boolean | null;
}

/** A new run, before the journal adds user and host. */
export type NewRun = Omit<RunRecord, 'user' | 'host'>;

/** A run in the journal. Times are milliseconds since the epoch. */
export interface RunRecord {
  id: string;
  /** Name in the scenario file. */
  scenario: string;
  /** Name of a built-in scenario, or absolute path of a file. */
  source: { kind: 'built-in'; name: string } | { kind: 'file'; path: string };
  /** SHA-256 of the scenario text, in hex. Resuming requires the same text. */
  fingerprint: string;
  data: { path: string; fingerprint: string } | null;
  /** Values of `--var`, except those used in orders, which may be personal data. */
  variables: Record<string, string>;
  /** Names of the variables whose values are not stored. Resuming requires them again. */
  forgottenVariables: string[];
  kiosks: KioskId[];
  cards: number;
  concurrency: number;
  keep: boolean;
  context: string;
  /** Flags that select the context and the server: `['--context', 'ci']`. */
  flags: string[];
  /** Default profile for orders. */
  profileId: number | null;
  environment: string;
  reason: string | null;
  user: string;
  host: string;
  startedAt: number;
  /** null while the run is running, and if it was interrupted or its process was killed. */
  endedAt: number | null;
  exitCode: ExitCode | null;
  /** Number of times the run was started or resumed. */
  sessions: number;
  requests: RunRequests;
  freed: FreedPlaces[];
}

/** An expectation that was not met. */
export interface Unmet {
  field: string;
  /** Readable form of the expectation: `produced`, `at most 30s`. */
  expected: string;
  actual: string;
}

/**
 * The outcome of a run. `unmet`: an expectation was not met. `interrupted`: a card is between its steps; the run can be
 * resumed. `unfinished`: no card is, and the run has not ended. A run that is running, or was killed, has one of both.
 */
export type RunOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'unfinished';

const UNMET: ExitCode = 11;
export const INTERRUPTED: ExitCode = 130;

/** Returns the exit code of a card from its steps. Tolerated failures don't count. */
export function exitCodeOfSteps(steps: readonly Pick<RunStep, 'outcome' | 'exitCode'>[]): ExitCode {
  return combineExitCodes(
    steps.map(({ outcome, exitCode }) => {
      if (outcome === 'unmet') return UNMET;
      // A failed step without an exit code is a bug and must not count as success.
      return outcome === 'failed' ? exitCode || 1 : 0;
    }),
  );
}

/** Returns the exit code of a card, from which the exit code of its run is determined. */
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
