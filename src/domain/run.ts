import type { Card } from './card.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import type { FailureDocument } from './errors/failure.ts';
import type { CardToken, KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/**
 * How a step ended for one card. `tolerated`: it failed, and the scenario goes on. `unmet`: an expectation did not hold.
 * `skipped`: an earlier step ended the card's way. `running`: it was begun, and nobody saw its end.
 */
export type StepOutcome = 'done' | 'failed' | 'tolerated' | 'unmet' | 'skipped' | 'running';

/** One step, as it went for one card. Times are milliseconds since the epoch. */
export interface RunStep {
  /** Its place among the steps of the card, repetitions counted, from 0. */
  index: number;
  /** The word of the step's definition. */
  kind: string;
  /** For people: `produce WIS00001`. */
  title: string;
  /** Where the scenario's file says it; null for one without a file. */
  line: number | null;
  outcome: StepOutcome;
  /** null while it runs, and for a skipped one. */
  exitCode: ExitCode | null;
  startedAt: number | null;
  endedAt: number | null;
  error?: FailureDocument;
  /** What did not hold. */
  unmet?: Unmet[];
  /** The card that it was done with, as far as there was one. */
  orderId: number | null;
  cardToken: CardToken | null;
  /** The attempt that it made. */
  attemptId?: string;
  /** How many attempts on the card the journal knew before it: what a killed step is recognised by. */
  attemptsBefore?: number;
  /** Where it moves the sandbox's clock to, in the sandbox's milliseconds. */
  advanceTo?: number;
  /** How many attempts of it came to nothing because its process died: expectations don't count them. */
  attemptsLost?: number;
}

/** When a card was first seen in a stage, in milliseconds since the epoch. A new order begins anew. */
export interface StageMark {
  stage: Stage;
  at: number;
}

/** How the run went for one card. `interrupted`: it can be resumed. */
export type CardOutcome = 'passed' | 'unmet' | 'failed' | 'interrupted' | 'not-started';

/** What became of an order that the run made, at its end. */
export type CleanUp = 'cancelled' | 'ended-before' | 'failed' | 'kept';

/** The way of one card through a scenario, as the journal keeps it. Times are milliseconds since the epoch. */
export interface RunCard {
  /** From 1. */
  number: number;
  /** The line of the data file that it was made of. */
  row: number | null;
  kioskId: KioskId | null;
  outcome: CardOutcome;
  /** null while it isn't over. */
  exitCode: ExitCode | null;
  /** The card as it was seen last: nothing about its holder. */
  card: Card | null;
  /** The orders that it made, in their order: what became of each at the run's end. */
  orders: { profileId: number; orderId: number; cleanUp: CleanUp | null }[];
  stages: StageMark[];
  steps: RunStep[];
  /** A step of it ended the whole run. */
  stopsRun?: true;
  startedAt: number | null;
  endedAt: number | null;
}

/** Requests that a run sent: looks, acts, and how many were answered with a 429. */
export interface RunRequests {
  reads: number;
  sends: number;
  limited: number;
}

/** Did cancelling free the places that the cards took of a profile's limit? null: the limit was not reached, so it can't be told. */
export interface FreedPlaces {
  profileId: number;
  isFreed: boolean | null;
}

/** A run as it begins; the journal knows who begins it. */
export type NewRun = Omit<RunRecord, 'user' | 'host'>;

/** A run as the journal keeps it. Times are milliseconds since the epoch. */
export interface RunRecord {
  id: string;
  /** What the scenario calls itself. */
  scenario: string;
  /** Where it is from: the name of a built-in one, or the absolute path of a file. */
  source: { kind: 'built-in'; name: string } | { kind: 'file'; path: string };
  /** Of the scenario's text: a resumed run goes on with the same one, or not at all. */
  fingerprint: string;
  data: { path: string; fingerprint: string } | null;
  /** Given with `--var`; those that orders are made of are left out, and given again to go on. */
  variables: Record<string, string>;
  forgottenVariables: string[];
  kiosks: KioskId[];
  cards: number;
  concurrency: number;
  keep: boolean;
  context: string;
  /** Lead other commands to the same context and server: `['--context', 'ci']`. */
  flags: string[];
  /** That of orders whose step doesn't say. */
  profileId: number | null;
  environment: string;
  reason: string | null;
  user: string;
  host: string;
  startedAt: number;
  /** null while it isn't over: it goes on, was interrupted, or its process died. */
  endedAt: number | null;
  exitCode: ExitCode | null;
  /** How often it was begun: 1, and one more for each time that it was resumed. */
  sessions: number;
  requests: RunRequests;
  freed: FreedPlaces[];
}

/** An expectation that did not hold. */
export interface Unmet {
  field: string;
  /** For people: `produced`, `at most 30s`. */
  expected: string;
  actual: string;
}

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
