import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import { combineExitCodes, type ExitCode, meaningOf } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import type { Actor, ErrorKind } from '../../domain/errors/vendor-errors.ts';
import {
  type CardOutcome,
  type CleanUp,
  exitCodeOfCard,
  type RunCard,
  type RunOutcome,
  type RunRecord,
  type RunRequests,
  type RunStep,
  type StepOutcome,
} from '../../domain/run.ts';
import { STAGES, type Stage } from '../../domain/stage.ts';
import { redact } from '../../domain/text/redaction.ts';
import { quantile } from '../../domain/times/duration.ts';

interface RunAttempts {
  sent: number;
  produced: number;
  failed: number;
  /** Requests that the kiosk did not accept. */
  refused: number;
}

export interface RunTotals {
  outcome: RunOutcome;
  exitCode: ExitCode;
  cards: { total: number } & Record<CardOutcome, number>;
  steps: { total: number } & Record<StepOutcome, number>;
  /** The number of cards without a step, including those that the run did not reach. */
  stepless: number;
  stages: StageTime[];
  attempts: RunAttempts;
  errors: RunError[];
  /** `perCard`: reads and sends; null without cards. */
  requests: RunRequests & { perCard: number | null };
  /** The orders of the run by the result of their clean-up; `pending`: not cleaned up (yet). */
  cleanUp: { orders: number; pending: number } & Record<CleanUp, number>;
  /** Times of the first and the last known event of the run, in milliseconds since the epoch. */
  span: { from: number; until: number };
}

/** Adds up the cards of a run. They are read once, and not held in memory. */
export async function addUp(run: RunRecord, cards: AsyncIterable<RunCard>): Promise<RunTotals> {
  const tally = new RunTally();
  for await (const card of cards) tally.add(card);
  return tally.totals(run);
}

/** The time of a card in a stage, in milliseconds since the epoch. */
export interface StageSpan {
  stage: Stage;
  from: number;
  until: number;
  /** True if the card was in this stage when it was read last. */
  isLast: boolean;
}

/** Returns the stages of a card. Each lasts until the next one begins, the last one until the end of the card, if known. */
export function stageSpans({ stages, endedAt }: Pick<RunCard, 'stages' | 'endedAt'>): StageSpan[] {
  return stages.map(({ stage, at }, index) => {
    const next = stages[index + 1];
    const until = next?.at ?? endedAt ?? at;
    // The clock may have been set back.
    return { stage, from: at, until: Math.max(at, until), isLast: !next };
  });
}

/** The times that cards were in a stage, in whole milliseconds. */
interface StageTime {
  stage: Stage;
  count: number;
  medianMs: number;
  p95Ms: number;
}

/** Gathers the lengths of stages. */
class StageTimes {
  readonly #lengths = new Map<Stage, number[]>();

  /** Adds the stages of a card except the last one, whose length is unknown. */
  add(card: Pick<RunCard, 'stages' | 'endedAt'>): void {
    for (const { stage, from, until, isLast } of stageSpans(card)) {
      if (isLast) continue;
      const lengths = this.#lengths.get(stage) ?? [];
      lengths.push(until - from);
      this.#lengths.set(stage, lengths);
    }
  }

  /** Returns the stages in the order in which cards pass through them. */
  list(): StageTime[] {
    return STAGES.flatMap((stage) => {
      const lengths = this.#lengths.get(stage) ?? [];
      const [medianMs, p95Ms] = [quantile(lengths, 0.5), quantile(lengths, 0.95)];
      return medianMs === null || p95Ms === null
        ? []
        : [{ stage, count: lengths.length, medianMs: Math.round(medianMs), p95Ms: Math.round(p95Ms) }];
    });
  }
}

class RunTally {
  readonly #cards = { total: 0, passed: 0, unmet: 0, failed: 0, interrupted: 0, 'not-started': 0 };
  readonly #steps = { total: 0, done: 0, failed: 0, tolerated: 0, unmet: 0, skipped: 0, running: 0 };
  readonly #cleanUp = { orders: 0, pending: 0, cancelled: 0, 'ended-before': 0, failed: 0, kept: 0 };
  readonly #attempts = { sent: 0, produced: 0, failed: 0, refused: 0 };
  readonly #stages = new StageTimes();
  readonly #errors = new Map<string, RunError>();
  #exitCode: ExitCode = 0;
  #stepless = 0;
  #until = 0;

  add(card: RunCard): void {
    this.#cards.total += 1;
    this.#cards[card.outcome] += 1;
    if (card.steps.length === 0) this.#stepless += 1;
    for (const step of card.steps) {
      this.#steps.total += 1;
      this.#steps[step.outcome] += 1;
      this.#addError(step);
    }
    for (const order of card.orders) {
      this.#cleanUp.orders += 1;
      this.#cleanUp[order.cleanUp ?? 'pending'] += 1;
    }
    this.#addAttempts(card);
    this.#stages.add(card);
    this.#exitCode = combineExitCodes([this.#exitCode, exitCodeOfCard(card)]);
    const times = [card.endedAt, card.stages.at(-1)?.at, ...card.steps.map(({ endedAt }) => endedAt)];
    this.#until = Math.max(this.#until, ...times.map((time) => time ?? 0));
  }

  /**
   * Totals of the cards so far. The other cards of the run were not started: the journal does not have cards that an
   * interrupted run did not reach.
   */
  totals(run: RunRecord): RunTotals {
    const { reads, sends, limited } = run.requests;
    const { total: seen } = this.#cards;
    const unseen = Math.max(0, run.cards - seen);
    const cards = {
      ...this.#cards,
      total: seen + unseen,
      'not-started': this.#cards['not-started'] + unseen,
    };
    return {
      outcome: outcomeOf(run, { cards, steps: this.#steps }),
      exitCode: run.exitCode ?? this.#exitCode,
      cards,
      steps: this.#steps,
      stepless: this.#stepless + unseen,
      stages: this.#stages.list(),
      attempts: this.#attempts,
      errors: [...this.#errors.values()].toSorted(byFrequency),
      requests: { reads, sends, limited, perCard: seen === 0 ? null : (reads + sends) / seen },
      cleanUp: this.#cleanUp,
      span: { from: run.startedAt, until: Math.max(run.startedAt, run.endedAt ?? 0, this.#until) },
    };
  }

  #addError(step: RunStep): void {
    if (!step.error) return;
    const error = describeError(step.error, step.exitCode);
    const key = `${error.kind} ${error.code}`;
    const known = this.#errors.get(key) ?? error;
    known.count += 1;
    if (step.outcome === 'tolerated') known.tolerated += 1;
    this.#errors.set(key, known);
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

function outcomeOf(run: RunRecord, { cards, steps }: Pick<RunTotals, 'cards' | 'steps'>): RunOutcome {
  if (cards.interrupted > 0) return 'interrupted';
  if (run.endedAt === null) return 'unfinished';
  if (cards.unmet + steps.unmet > 0) return 'unmet';
  return cards.failed + cards['not-started'] > 0 || run.exitCode ? 'failed' : 'passed';
}

/** An error that steps of a run ended with: listed once, however many cards had it. */
export interface RunError {
  /** The error code of Wise, or the stable code of another failure, like `unreachable`. */
  code: string;
  /** `failure`: one without a code of the error catalogue. */
  kind: ErrorKind | 'failure';
  /** Number of steps that ended with it, including those after which the scenario continues. */
  count: number;
  /** Number of steps that ended with it, and after which the scenario continues. */
  tolerated: number;
  meaning: string;
  /** The role that has to act; null where that depends. */
  actor: Actor | null;
  nextStep: string;
}

/** Sorts errors, the most frequent first. */
function byFrequency(left: RunError, right: RunError): number {
  return right.count - left.count || (left.code < right.code ? -1 : 1);
}

const KINDS = new Map<string, ErrorKind>([
  ['production-failed', 'production'],
  ['production-refused', 'request'],
]);

function describeError(error: FailureDocument, exitCode: ExitCode | null): RunError {
  const none = { count: 0, tolerated: 0 };
  const kind = KINDS.get(error.code);
  if (kind) {
    const { code, meaning, actor, nextStep } = lookUpError(kind, error.details?.errorCode ?? null);
    return { code, kind, ...none, meaning, actor, nextStep };
  }
  const meaning = meaningOf(exitCode) ?? 'a failure without a meaning of its own';
  return { code: error.code, kind: 'failure', ...none, meaning, actor: null, nextStep: redact(error.hint) };
}
