import type { RunCard } from '../../domain/run.ts';
import { STAGES, type Stage } from '../../domain/stage.ts';
import { quantile } from '../../domain/times/duration.ts';

/** A card in a stage. Times are milliseconds since the epoch. */
export interface StageSpan {
  stage: Stage;
  from: number;
  until: number;
  /** True if the card was still in it when it was read last. */
  isLast: boolean;
}

/** Stages of a card in their order: each lasts until the next mark, the last one until the card's end, if known. */
export function stageSpans({ stages, endedAt }: Pick<RunCard, 'stages' | 'endedAt'>): StageSpan[] {
  return stages.map(({ stage, at }, index) => {
    const next = stages[index + 1];
    const until = next?.at ?? endedAt ?? at;
    // Clocks may be set back.
    return { stage, from: at, until: Math.max(at, until), isLast: !next };
  });
}

/** Times that cards were in a stage, in whole milliseconds. */
export interface StageTime {
  stage: Stage;
  count: number;
  medianMs: number;
  p95Ms: number;
}

/** Gathers the times that cards were in each stage: only the length of each is kept. */
export class StageTimes {
  readonly #lengths = new Map<Stage, number[]>();

  /** The last stage of a card doesn't count: its length is unknown. */
  add(card: Pick<RunCard, 'stages' | 'endedAt'>): void {
    for (const { stage, from, until, isLast } of stageSpans(card)) {
      if (isLast) continue;
      const lengths = this.#lengths.get(stage) ?? [];
      lengths.push(until - from);
      this.#lengths.set(stage, lengths);
    }
  }

  /** In the order in which cards go through them. */
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
