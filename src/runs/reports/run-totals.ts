import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import { combineExitCodes, type ExitCode, meaningOf } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import type { Actor, ErrorKind } from '../../domain/errors/vendor-errors.ts';
import {
  type CardOutcome,
  type CleanUp,
  exitCodeOfCard,
  INTERRUPTED,
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
  /** Number of produce requests that were refused. */
  refused: number;
}

export interface RunTotals {
  outcome: RunOutcome;
  exitCode: ExitCode;
  cards: { total: number } & Record<CardOutcome, number>;
  steps: { total: number } & Record<StepOutcome, number>;
  /** Number of cards without any step, including those that were not started. */
  stepless: number;
  stages: StageTime[];
  attempts: RunAttempts;
  errors: RunError[];
  /** `perCard`: requests per card; null without cards. */
  requests: RunRequests & { perCard: number | null };
  /**
   * Numbers of orders. `orders`: all; `pending`: not cancelled (yet); the others: by the result of the cancellation.
   */
  cleanUp: { orders: number; pending: number } & Record<CleanUp, number>;
  /** Times of the first and last recorded event of the run, in milliseconds since the epoch. */
  span: { from: number; until: number };
}

/** Computes the totals of a run. Streams the cards, so that memory use does not grow with them. */
export async function addUp(run: RunRecord, cards: AsyncIterable<RunCard>): Promise<RunTotals> {
  const tally = new RunTally();
  for await (const card of cards) tally.add(card);
  return tally.totals(run);
}

/** A time span that a card spent in a stage. Times are milliseconds since the epoch. */
export interface StageSpan {
  stage: Stage;
  from: number;
  until: number;
  /** True if this was the stage at the last read. */
  isLast: boolean;
}

/**
 * Returns the stage spans of a card. A stage ends when the next one begins; the last stage ends with the card. While
 * the end of the card is unknown, the span of the last stage has no length.
 */
export function stageSpans({ stages, endedAt }: Pick<RunCard, 'stages' | 'endedAt'>): StageSpan[] {
  return stages.map(({ stage, at }, index) => {
    const next = stages[index + 1];
    const until = next?.at ?? endedAt ?? at;
    // The calendar clock may have been set back.
    return { stage, from: at, until: Math.max(at, until), isLast: !next };
  });
}

/** Statistics of the time that cards spent in a stage, in whole milliseconds. */
interface StageTime {
  stage: Stage;
  count: number;
  medianMs: number;
  p95Ms: number;
}

/** Collects the time that cards spent in each stage. */
class StageTimes {
  readonly #lengths = new Map<Stage, number[]>();

  /** Adds the stages of a card, except the last one, whose length is unknown. */
  add(card: Pick<RunCard, 'stages' | 'endedAt'>): void {
    for (const { stage, from, until, isLast } of stageSpans(card)) {
      if (isLast) continue;
      const lengths = this.#lengths.get(stage) ?? [];
      lengths.push(until - from);
      this.#lengths.set(stage, lengths);
    }
  }

  /** Returns the stages in the sequence in which cards pass them. */
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

  /** Returns the totals of the cards added so far. The remaining cards of the run count as not started. */
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
      exitCode: run.exitCode ?? combineExitCodes([this.#exitCode, run.endedAt === null ? INTERRUPTED : 0]),
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

/** An error code, with the number of steps that it ended. */
export interface RunError {
  /** Wise's error code, or kioskctl's failure code, like `unreachable`. */
  code: string;
  /** `failure`: a failure code that is not in the error catalogue. */
  kind: ErrorKind | 'failure';
  /** Number of steps that ended with this error, including tolerated ones. */
  count: number;
  /** Number of tolerated steps that ended with this error. */
  tolerated: number;
  meaning: string;
  /** The party responsible; null if it depends on the case. */
  actor: Actor | null;
  nextStep: string;
}

/** Comparator by count, most frequent first. */
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
