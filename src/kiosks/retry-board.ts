import type { BoardRow, Context } from '../context/context.ts';
import { name } from '../domain/card.ts';
import type { CardResult } from '../domain/results.ts';
import { median } from '../domain/times/quantile.ts';
import type { PlannedRetry, RetryPlan } from './retry-plan.ts';

/** Keeps count of a retry, kiosk by kiosk, for the people who watch it. */
export class RetryBoard {
  readonly #ctx: Context;
  readonly #rows = new Map<string, BoardRow>();
  /** How long productions took: usually, and in this run. */
  readonly #durations = new Map<string, { usual: number | null; took: number[] }>();

  constructor(ctx: Context, { kiosks }: RetryPlan) {
    this.#ctx = ctx;
    for (const { kioskId, cards, usual } of kiosks) {
      const counts = { total: cards.length, produced: 0, failed: 0, left: cards.length };
      this.#rows.set(kioskId, {
        kioskId,
        ...counts,
        card: null,
        note: '',
        since: 0,
        timeLeft: null,
      });
      this.#durations.set(kioskId, { usual, took: [] });
    }
  }

  begin({ kioskId, one }: PlannedRetry, { isCanary }: { isCanary: boolean }): void {
    const row = this.#row(kioskId);
    row.card = name(one.card);
    row.note = isCanary && row.left > 1 ? ' (the first one: the others wait for it)' : '';
    row.since = this.#ctx.clock.now();
    this.#show();
  }

  end(kioskId: string, { outcome, exitCode }: CardResult): void {
    const row = this.#row(kioskId);
    row.card = null;
    row.left -= 1;
    if (exitCode === 0) row.produced += 1;
    else row.failed += 1;
    row.timeLeft = this.#timeLeft(row, outcome === 'done' ? this.#ctx.clock.now() - row.since : null);
    this.#show();
  }

  close(): void {
    this.#ctx.report.board(null);
  }

  #row(kioskId: string) {
    const row = this.#rows.get(kioskId);
    if (!row) throw new TypeError('a kiosk is not in the plan');
    return row;
  }

  #timeLeft({ kioskId, left }: BoardRow, took: number | null): number | null {
    const durations = this.#durations.get(kioskId);
    if (took !== null) durations?.took.push(took);
    const each = median(durations?.took ?? []) ?? durations?.usual ?? null;
    return each === null ? null : each * left;
  }

  #show(): void {
    this.#ctx.report.board([...this.#rows.values()]);
  }
}
