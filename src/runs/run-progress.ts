import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { CardCount } from '../context/progress.ts';
import { progressName } from '../domain/ids.ts';
import { isNameless } from '../domain/results.ts';
import type { RunCard, RunStep } from '../domain/run.ts';
import { STAGES } from '../domain/stage.ts';
import { formatDuration } from '../domain/times/duration.ts';

interface Counts {
  passed: number;
  failed: number;
}

/** Shows the progress of a run: cards per stage, speed, and failures. */
export class RunProgress {
  readonly #ctx: Context;
  readonly #run: { title: string; total: number };
  readonly #startedAt: Reading;
  /** Number of cards that ended in earlier sessions. They don't count for the speed. */
  readonly #before: number;
  readonly #counts: Counts;
  readonly #active = new Map<number, RunCard>();

  constructor(ctx: Context, { before, ...run }: { title: string; total: number; before: Counts }) {
    this.#ctx = ctx;
    this.#run = run;
    this.#startedAt = ctx.stopwatch.now();
    this.#counts = { ...before };
    this.#before = before.passed + before.failed;
  }

  begin(card: RunCard): void {
    this.#active.set(card.number, card);
    this.#show();
  }

  /** Shows a finished step, if the run has a single card. */
  step(step: RunStep): void {
    if (this.#run.total === 1 && step.outcome !== 'skipped') this.#ctx.report.note(describeStep(step));
    else this.#show();
  }

  end(card: RunCard): void {
    this.#active.delete(card.number);
    if (card.endedAt !== null) {
      this.#counts[card.outcome === 'passed' ? 'passed' : 'failed'] += 1;
      this.#showEnd(card);
    }
  }

  close(): void {
    this.#ctx.report.progress({ kind: 'cards', counts: [] });
  }

  #showEnd(card: RunCard): void {
    if (this.#run.total === 1) return;
    const bad = card.steps.find(({ outcome }) => outcome === 'failed' || outcome === 'unmet');
    const name = card.card && !isNameless(card.card) ? ` (${progressName(card.card)})` : '';
    const which = `Card ${card.number}${name}`;
    const took = formatDuration((card.endedAt ?? 0) - (card.startedAt ?? 0));
    if (bad) this.#ctx.report.warn(`${which}: ${inShort(bad)}`);
    this.#show(bad ? null : `${which}: ${card.card?.stage ?? 'passed'} after ${took}.`);
  }

  #show(news: string | null = null): void {
    const { title, total } = this.#run;
    const { passed, failed } = this.#counts;
    const ended = passed + failed;
    const endedNow = ended - this.#before;
    const seconds = Math.max(0.001, this.#ctx.stopwatch.since(this.#startedAt) / 1_000);
    const count: CardCount = {
      title,
      total,
      done: passed,
      failed,
      verb: 'passed',
      groups: this.#countStages(),
      current: null,
      perSecond: endedNow / seconds,
      timeLeft: endedNow === 0 ? null : ((total - ended) / endedNow) * seconds * 1_000,
    };
    this.#ctx.report.progress({ kind: 'cards', counts: [count], news });
  }

  /** Counts the cards in progress by stage. A fixed order keeps each stage in its place on the screen. */
  #countStages(): Map<string, number> {
    const stages = [...this.#active.values()].map((card) => card.stages.at(-1)?.stage ?? NOT_ORDERED);
    const cards = Map.groupBy(stages, (stage): string => stage);
    return new Map(
      [NOT_ORDERED, ...STAGES].flatMap((stage) => {
        const count = cards.get(stage)?.length;
        return count === undefined ? [] : [[stage, count]];
      }),
    );
  }
}

const NOT_ORDERED = 'not ordered';

/** Describes briefly a step that failed or did not meet its expectation. The final result has the details. */
function inShort({ index, title, outcome, unmet, error }: RunStep): string {
  const step = `step ${index + 1}, ${title}`;
  if (outcome === 'unmet')
    return `${step}: ${unmet?.map(({ field, actual }) => `${field} is ${actual}`).join(', ')}`;
  return `${step}, failed: ${error?.details?.errorCode ?? error?.message ?? ''}`;
}

/** Describes an ended step in one line. */
function describeStep({ index, title, outcome, unmet = [], error, startedAt, endedAt }: RunStep): string {
  const took = startedAt !== null && endedAt !== null ? ` (${formatDuration(endedAt - startedAt)})` : '';
  const wrong = unmet
    .map(({ field, expected, actual }) => `${field} is ${actual}, expected ${expected}`)
    .join('; ');
  const why =
    wrong ||
    (error && `${outcome === 'tolerated' ? 'failed, as the scenario allows' : 'failed'}: ${error.message}`);
  return `${index + 1} ${title}: ${why || 'done'}${took}`;
}
