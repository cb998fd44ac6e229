import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { CardCount } from '../context/progress.ts';
import { cardLabel } from '../domain/card.ts';
import type { RunCard, RunStep } from '../domain/run.ts';
import { STAGES } from '../domain/stage.ts';
import { formatDuration } from '../domain/times/duration.ts';

/** Shows how a run goes: where its cards are, how fast it is, and what went wrong. */
export class RunProgress {
  readonly #ctx: Context;
  readonly #title: string;
  readonly #total: number;
  readonly #startedAt: Reading;
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
    this.#startedAt = ctx.stopwatch.now();
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
    this.#ctx.report.progress({ kind: 'cards', counts: [] });
  }

  #say(card: RunCard): void {
    if (this.#total === 1) return;
    const bad = card.steps.find(({ outcome }) => outcome === 'failed' || outcome === 'unmet');
    const which = `Card ${card.number}${card.card ? ` (${cardLabel(card.card)})` : ''}`;
    const took = formatDuration((card.endedAt ?? 0) - (card.startedAt ?? 0));
    if (bad) this.#ctx.report.warn(`${which}: ${inShort(bad)}`);
    this.#show(bad ? null : `${which}: ${card.card?.stage ?? 'passed'} after ${took}.`);
  }

  #show(news: string | null = null): void {
    const ended = this.#passed + this.#failed;
    const endedNow = ended - this.#before;
    const seconds = Math.max(0.001, this.#ctx.stopwatch.since(this.#startedAt) / 1_000);
    const count: CardCount = {
      title: this.#title,
      total: this.#total,
      done: this.#passed,
      failed: this.#failed,
      verb: 'passed',
      groups: this.#countStages(),
      current: null,
      perSecond: endedNow / seconds,
      timeLeft: endedNow === 0 ? null : ((this.#total - ended) / endedNow) * seconds * 1_000,
    };
    this.#ctx.report.progress({ kind: 'cards', counts: [count], news });
  }

  /** In the order in which cards go through them: what is shown again and again keeps its place. */
  #countStages(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { stages } of this.#active.values()) {
      const stage = stages.at(-1)?.stage ?? NOT_ORDERED;
      counts.set(stage, (counts.get(stage) ?? 0) + 1);
    }
    return new Map(
      [NOT_ORDERED, ...STAGES].flatMap((stage) =>
        counts.has(stage) ? [[stage, counts.get(stage) ?? 0]] : [],
      ),
    );
  }
}

const NOT_ORDERED = 'not ordered';

/** A step that did not go well, in half a line: all of it is told at the end. */
function inShort({ index, title, outcome, unmet, error }: RunStep): string {
  const step = `step ${index + 1}, ${title}`;
  if (outcome === 'unmet')
    return `${step}: ${unmet?.map(({ field, actual }) => `${field} is ${actual}`).join(', ')}`;
  return `${step}, failed: ${error?.details?.errorCode ?? error?.message ?? ''}`;
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
