import { name } from '../../domain/card.ts';
import type { RunCard, RunStep } from '../../domain/runs/run.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import type { Context } from '../context.ts';

/** Shows how a run goes: where its cards are, how fast it is, and what went wrong. */
export class RunBoard {
  readonly #ctx: Context;
  readonly #title: string;
  readonly #total: number;
  readonly #startedAt: number;
  /** Those that earlier sessions came to an end with say nothing about the pace. */
  readonly #before: number;
  readonly #active = new Map<number, RunCard>();
  #passed = 0;
  #failed = 0;

  constructor(
    ctx: Context,
    { title, total, before }: { title: string; total: number; before: { passed: number; failed: number } },
  ) {
    this.#ctx = ctx;
    this.#title = title;
    this.#total = total;
    this.#startedAt = ctx.clock.now();
    this.#passed = before.passed;
    this.#failed = before.failed;
    this.#before = before.passed + before.failed;
  }

  begin(card: RunCard): void {
    this.#active.set(card.number, card);
    this.#show();
  }

  /** A single card's steps are told one by one. */
  step(step: RunStep): void {
    if (this.#total === 1 && step.outcome !== 'skipped') this.#ctx.report.note(describeStep(step));
    else this.#show();
  }

  end(card: RunCard): void {
    this.#active.delete(card.number);
    if (card.endedAt !== null) {
      if (card.outcome === 'passed') this.#passed += 1;
      else this.#failed += 1;
      this.#say(card);
    }
  }

  close(): void {
    this.#ctx.report.tally(null);
  }

  #say(card: RunCard): void {
    if (this.#total === 1) return;
    const bad = card.steps.find(({ outcome }) => outcome === 'failed' || outcome === 'unmet');
    const which = `Card ${card.number}${card.card ? ` (${name(card.card)})` : ''}`;
    const took = formatDuration((card.endedAt ?? 0) - (card.startedAt ?? 0));
    if (bad) this.#ctx.report.warn(`${which}: step ${describeStep(bad)}`);
    this.#show(bad ? undefined : `${which}: ${card.card?.stage ?? 'passed'} after ${took}.`);
  }

  #show(news?: string): void {
    const now = this.#ctx.clock.now();
    const ended = this.#passed + this.#failed;
    const done = ended - this.#before;
    const seconds = Math.max(0.001, (now - this.#startedAt) / 1_000);
    const stages = new Map<string, number>();
    for (const { stages: marks } of this.#active.values()) {
      const stage = marks.at(-1)?.stage ?? 'not ordered';
      stages.set(stage, (stages.get(stage) ?? 0) + 1);
    }
    const tally = {
      title: this.#title,
      total: this.#total,
      passed: this.#passed,
      failed: this.#failed,
      stages,
      perSecond: done / seconds,
      timeLeft: done === 0 ? null : ((this.#total - ended) / done) * seconds * 1_000,
    };
    this.#ctx.report.tally(tally, news);
  }
}

/** A step that is over, in one line. */
export function describeStep({
  index,
  title,
  outcome,
  unmet = [],
  error,
  startedAt,
  endedAt,
}: RunStep): string {
  const took = startedAt !== null && endedAt !== null ? ` (${formatDuration(endedAt - startedAt)})` : '';
  const wrong = unmet
    .map(({ field, expected, actual }) => `${field} is ${actual}, expected ${expected}`)
    .join('; ');
  const why =
    wrong ||
    (error && `${outcome === 'tolerated' ? 'failed, as the scenario allows' : 'failed'}: ${error.message}`);
  return `${index + 1} ${title}: ${why || 'done'}${took}`;
}
