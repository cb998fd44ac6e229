import { CardSession } from '../cards/session/session.ts';
import { ageOf, type Instant, instantOf } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { PlanRecord } from '../detached/plan.ts';
import { isFreshApproval, type PlanClocks, type PlanMoment } from '../detached/plan-time.ts';
import { asFailure, failure, Outage } from '../domain/errors/failure.ts';
import type { CardIdentity } from '../domain/ids.ts';
import type { OwnClocks } from '../journal/journal.ts';

/** Reads the clocks that decide about plans. Wise's clock counts only right after an answer: see `readFresh`. */
export function planClocks({ uptime, calendar }: Context, known: Partial<OwnClocks> = {}): OwnClocks {
  const own = { boot: uptime.boot, uptime: uptime.withSleep(), calendar: calendar.now() };
  return { ...own, vendor: null, observed: 0, ...known };
}

/** Returns the moment of a user's last answer, by the clocks to which servers compare theirs. */
export async function momentOfAnswer(ctx: Context, answeredAt: Instant): Promise<PlanMoment> {
  const server = await ctx.journal.readServerClock();
  return {
    // The machine may have slept since the answer: its clocks show how long ago it was.
    server: server === null ? null : server - ageOf(answeredAt, ctx),
    boot: ctx.uptime.boot,
    uptime: answeredAt.withSleep,
    calendar: answeredAt.time,
    vendor: null,
  };
}

/** Rejects an approval that is stored long after its last answer. @throws Failure `not-confirmed` */
export function requireFresh(
  ctx: Context,
  { moment, answeredAt }: { moment: PlanMoment; answeredAt: Instant },
  { server }: Pick<PlanClocks, 'server'>,
): void {
  // The machine may have slept until this transaction.
  const now = planClocks(ctx, { observed: ageOf(answeredAt, ctx) });
  if (isFreshApproval(moment, { ...now, server })) return;
  throw failure(
    'not-confirmed',
    'The plan was approved over a minute ago: this machine was suspended, or Wise or the journal did not answer. Nothing was handed over.',
    'Run the command again.',
  );
}

/**
 * Reads a card from the API.
 * @param options.isApproval true for a user, whose token must have access to the card
 * @returns Wise's clock; null if the card can't be read
 * @throws Outage if Wise does not answer; Failure `credentials-…` for an approval
 */
export async function readFresh(
  ctx: Context,
  card: CardIdentity,
  { isApproval = false } = {},
): Promise<number | null> {
  try {
    await new CardSession(ctx, card).read();
    return ctx.wise.serverTime;
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { exitCode } = asFailure(error);
    if (error instanceof Outage || exitCode === 9 || (isApproval && exitCode === 3)) throw error;
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
    return this.#measure(id, [approval.number, beat]);
  }

  /** Returns the milliseconds since this process first could not continue a plan, without a result of a card meanwhile. */
  stuckFor({ id, approval, counts }: PlanRecord): number {
    return this.#measure(`stuck ${id}`, [approval.number, counts]);
  }

  /** Forgets plans that are not open any more. */
  keep(ids: readonly string[]): void {
    for (const key of this.#seen.keys()) if (!ids.some((id) => key.endsWith(id))) this.#seen.delete(key);
  }

  #measure(key: string, state: unknown): number {
    const mark = JSON.stringify(state);
    const known = this.#seen.get(key);
    if (known?.mark === mark) return ageOf(known.since, this.#ctx);
    this.#seen.set(key, { mark, since: instantOf(this.#ctx) });
    return 0;
  }
}
