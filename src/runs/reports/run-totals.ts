import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { meaningOf } from '../../domain/errors/exit-codes.ts';
import type { Actor, ErrorKind } from '../../domain/errors/vendor-errors.ts';
import {
  type CardOutcome,
  type CleanUp,
  type RunCard,
  RunCodes,
  type RunOutcome,
  type RunRecord,
  type RunRequests,
  type RunStep,
  type StepOutcome,
} from '../../domain/run.ts';
import { STAGES } from '../../domain/stage.ts';
import { redact } from '../../domain/text/redaction.ts';
import { type StageTime, StageTimes } from './stage-times.ts';

/** Attempts that a run made. */
export interface RunAttempts {
  sent: number;
  produced: number;
  failed: number;
  /** The kiosk did not take the request. */
  refused: number;
}

/** What all cards of a run come to. */
export interface RunTotals {
  outcome: RunOutcome;
  exitCode: ExitCode;
  cards: { total: number } & Record<CardOutcome, number>;
  steps: { total: number } & Record<StepOutcome, number>;
  /** Cards of which there is no step, also those that the journal has nothing of. */
  stepless: number;
  stages: StageTime[];
  attempts: RunAttempts;
  errors: RunError[];
  /** `perCard`: reads and sends; null without cards. */
  requests: RunRequests & { perCard: number | null };
  /** What became of the orders that the run made; `pending`: not cleaned up (yet). */
  cleanUp: { orders: number; pending: number } & Record<CleanUp, number>;
  /** When the first thing of it happened, and the last one that is known, in milliseconds since the epoch. */
  span: { from: number; until: number };
}

/** Adds up a run, card by card: of each card only numbers are kept. */
export class RunTally {
  readonly #cards = { total: 0, passed: 0, unmet: 0, failed: 0, interrupted: 0, 'not-started': 0 };
  readonly #steps = { total: 0, done: 0, failed: 0, tolerated: 0, unmet: 0, skipped: 0, running: 0 };
  readonly #cleanUp = { orders: 0, pending: 0, cancelled: 0, 'ended-before': 0, failed: 0, kept: 0 };
  readonly #attempts = { sent: 0, produced: 0, failed: 0, refused: 0 };
  readonly #stages = new StageTimes();
  readonly #errors = new RunErrors();
  readonly #codes = new RunCodes();
  #stepless = 0;
  #until = 0;

  add(card: RunCard): void {
    this.#cards.total += 1;
    this.#cards[card.outcome] += 1;
    if (card.steps.length === 0) this.#stepless += 1;
    for (const step of card.steps) this.#addStep(step);
    for (const order of card.orders) {
      this.#cleanUp.orders += 1;
      this.#cleanUp[order.cleanUp ?? 'pending'] += 1;
    }
    this.#addAttempts(card);
    this.#stages.add(card);
    this.#codes.add(card);
    const times = [card.endedAt, card.stages.at(-1)?.at, ...card.steps.map(({ endedAt }) => endedAt)];
    this.#until = Math.max(this.#until, ...times.map((time) => time ?? 0));
  }

  /**
   * What was added so far. The cards of the run that were not added were not started: an interrupted run keeps nothing of
   * those that it had not come to.
   * @param run its own exit code wins over what the cards come to
   * @param stoppedBy see `RunCodes.combine`
   */
  totals(run: RunRecord, { stoppedBy = null }: { stoppedBy?: ExitCode | null } = {}): RunTotals {
    const { reads, sends, limited } = run.requests;
    const { total: seen } = this.#cards;
    const unseen = Math.max(0, run.cards - seen);
    const cards = {
      ...this.#cards,
      total: seen + unseen,
      'not-started': this.#cards['not-started'] + unseen,
    };
    const perCard = seen === 0 ? null : (reads + sends) / seen;
    return {
      outcome: outcomeOf(run, { cards, steps: this.#steps }),
      exitCode: run.exitCode ?? this.#codes.combine(stoppedBy),
      cards,
      steps: { ...this.#steps },
      stepless: this.#stepless + unseen,
      stages: this.#stages.list(STAGES),
      attempts: { ...this.#attempts },
      errors: this.#errors.list(),
      requests: { reads, sends, limited, perCard },
      cleanUp: { ...this.#cleanUp },
      span: { from: run.startedAt, until: Math.max(run.startedAt, run.endedAt ?? 0, this.#until) },
    };
  }

  #addStep(step: RunStep): void {
    this.#steps.total += 1;
    this.#steps[step.outcome] += 1;
    this.#errors.add(step);
  }

  #addAttempts({ steps, stages }: RunCard): void {
    this.#attempts.sent += new Set(steps.flatMap(({ attemptId }) => attemptId ?? [])).size;
    this.#attempts.refused += steps.filter(({ error }) => error?.code === 'production-refused').length;
    this.#attempts.failed += stages.filter(({ stage }) => stage === 'failed').length;
    this.#attempts.produced += stages.filter(
      ({ stage }, index) =>
        stage === 'produced' || (stage === 'completed' && stages[index - 1]?.stage !== 'produced'),
    ).length;
  }
}

/** Adds up a run from the cards that the journal has of it, going through them once. */
export async function addUp(run: RunRecord, cards: AsyncIterable<RunCard>): Promise<RunTotals> {
  const tally = new RunTally();
  for await (const card of cards) tally.add(card);
  return tally.totals(run);
}

function outcomeOf(run: RunRecord, { cards, steps }: Pick<RunTotals, 'cards' | 'steps'>): RunOutcome {
  if (cards.interrupted > 0) return 'interrupted';
  if (run.endedAt === null) return 'unfinished';
  if (cards.unmet + steps.unmet > 0) return 'unmet';
  return cards.failed + cards['not-started'] > 0 || run.exitCode ? 'failed' : 'passed';
}

/** An error that steps of a run ended with. */
export interface RunError {
  /** The vendor's error code, or the stable code of another failure, like `unreachable`. */
  code: string;
  /** `failure`: one without a code of the error catalogue. */
  kind: ErrorKind | 'failure';
  /** How many steps ended with it, those included after which the scenario goes on. */
  count: number;
  /** Of those, how many the scenario goes on after. */
  tolerated: number;
  meaning: string;
  /** Who has to act; null where that depends. */
  actor: Actor | null;
  nextStep: string;
}

const KINDS = new Map<string, ErrorKind>([
  ['production-failed', 'production'],
  ['production-refused', 'request'],
]);

/** Gathers the errors of a run: kept once each, however many cards had them. */
export class RunErrors {
  readonly #errors = new Map<string, RunError>();

  add(step: Pick<RunStep, 'error' | 'outcome' | 'exitCode'>): void {
    const error = describeError(step);
    if (!error) return;
    const key = `${error.kind} ${error.code}`;
    const known = this.#errors.get(key) ?? error;
    known.count += 1;
    if (step.outcome === 'tolerated') known.tolerated += 1;
    this.#errors.set(key, known);
  }

  /** The most frequent ones first. */
  list(): RunError[] {
    return [...this.#errors.values()].toSorted(
      (left, right) => right.count - left.count || (left.code < right.code ? -1 : 1),
    );
  }
}

/** What the error of a step means, and who acts; null for a step without one. */
export function describeError({ error, exitCode }: Pick<RunStep, 'error' | 'exitCode'>): RunError | null {
  if (!error) return null;
  const kind = KINDS.get(error.code);
  if (!kind) {
    const meaning = meaningOf(exitCode) ?? 'a failure without a meaning of its own';
    const nextStep = redact(error.hint);
    return { code: error.code, kind: 'failure', count: 0, tolerated: 0, meaning, actor: null, nextStep };
  }
  const { code, meaning, actor, nextStep } = lookUpError(kind, error.details?.errorCode ?? null);
  return { code, kind, count: 0, tolerated: 0, meaning, actor, nextStep };
}
