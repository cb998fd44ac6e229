import { CardSession } from '../cards/session/session.ts';
import { ageOf, type Instant, instantOf } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { PlanRecord } from '../detached/plan.ts';
import { asFailure, Outage } from '../domain/errors/failure.ts';
import type { CardIdentity } from '../domain/ids.ts';
import type { OwnClocks } from '../journal/journal.ts';

/** Reads the clocks that decide about plans. Wise's clock counts only right after an answer: see `readFresh`. */
export function planClocks({ uptime }: Context, known: Partial<OwnClocks> = {}): OwnClocks {
  return { boot: uptime.boot, uptime: uptime.withSleep(), vendor: null, observed: 0, ...known };
}

/**
 * Reads a card from the API.
 * @returns Wise's clock; null if the card can't be read
 * @throws Outage if Wise does not answer
 */
export async function readFresh(ctx: Context, card: CardIdentity): Promise<number | null> {
  try {
    await new CardSession(ctx, card).read();
    return ctx.wise.serverTime;
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof Outage || asFailure(error).exitCode === 9) throw error;
    return null;
  }
}

/** Measures by the clocks of this process how long plans have not changed. */
export class PlanObservations {
  readonly #ctx: Context;
  readonly #seen = new Map<string, { mark: string; since: Instant }>();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Returns the milliseconds since this process first saw the approval of a plan, or its last sign of life. */
  since({ id, approval, beat }: PlanRecord): number {
    const mark = JSON.stringify([approval.number, beat]);
    const known = this.#seen.get(id);
    if (known?.mark === mark) return ageOf(known.since, this.#ctx);
    this.#seen.set(id, { mark, since: instantOf(this.#ctx) });
    return 0;
  }

  /** Forgets plans that are not open any more. */
  keep(ids: readonly string[]): void {
    for (const id of this.#seen.keys()) if (!ids.includes(id)) this.#seen.delete(id);
  }
}
