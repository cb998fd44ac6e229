import { ageOf, type Instant, instantOf } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { beatPlan, PLAN_GAP_MS, type PlanRecord } from '../detached/plan.ts';
import { asFailure } from '../domain/errors/failure.ts';
import type { Stop } from '../kiosks/retry/canary.ts';
import { planClocks } from './plan-clocks.ts';

const BEAT_MS = 5_000;

/** Shows other servers that this one carries out a plan, and notices when it may not any more. */
export class Heart {
  readonly #ctx: Context;
  readonly #id: string;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> | null = null;
  #last: Instant;
  #stop: Stop | null = null;

  constructor(ctx: Context, { id }: PlanRecord) {
    this.#ctx = ctx;
    this.#id = id;
    this.#last = instantOf(ctx);
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS).unref();
  }

  /** Returns why no further card of the plan may be sent; null if one may. */
  async findStop(): Promise<Stop | null> {
    await this.#beat();
    return this.#stop;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  /** Beats, unless a beat is in progress. */
  async #beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    if (this.#stop !== null) return;
    const at = instantOf(this.#ctx);
    const clocks = planClocks(this.#ctx, { observed: ageOf(this.#last, this.#ctx) });
    let isOurs = false;
    try {
      const plan = await this.#ctx.journal.changePlan(this.#id, clocks, (one, now, by) => {
        const change = beatPlan(one, now, by);
        isOurs = change !== null && change.state === undefined;
        return change;
      });
      if (isOurs) this.#last = at;
      else this.#stop = { code: 'plan-stopped', why: describeStop(plan) };
    } catch (error) {
      // An outage of the journal may end before the plan pauses.
      if (clocks.observed > PLAN_GAP_MS) this.#stop = { code: 'plan-stopped', why: asFailure(error).message };
    }
  }
}

function describeStop(plan: PlanRecord | null): string {
  if (plan === null) return 'the plan is not in the journal any more';
  if (plan.state === 'running') return 'another server carries out the plan';
  return `the plan is ${plan.state}${plan.cause === null ? '' : ` (${plan.cause.replace(/\.$/, '')})`}`;
}
