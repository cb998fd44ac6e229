import { listHolds } from '../cards/session/hold-check.ts';
import type { Context } from '../context/context.ts';
import { coverageOf, type Span } from '../context/coverage.ts';
import { isOpenPlan, type PlanRecord } from '../detached/plan.ts';
import { isHeldLong } from '../domain/times/hold-times.ts';
import type { ListenerRecord } from '../journal/journal.ts';
import { selectFromJournal, vendorNow } from '../kiosks/kiosk-cards.ts';
import { planClocks } from '../plans/plan-clocks.ts';
import { findProblems, type Problem, type ProblemFacts } from './problem.ts';

const MINUTE_MS = 60_000;

/** Age up to which gaps, stopped listeners and ended plans are problems, in milliseconds. */
const RECENT_MS = 24 * 60 * MINUTE_MS;

/** Minimum length of a gap, in milliseconds. A restart is shorter. */
const SHORTEST_GAP_MS = MINUTE_MS;

/** Time before and after the end of a listener in which another one can replace it, in milliseconds. */
const REPLACED_MS = 5 * MINUTE_MS;

/** Time after the settle window in which a request without an answer is settled by a job, in milliseconds. */
const SETTLED_MS = MINUTE_MS;

/** Reads the problems from the journal, without reading the API. @param stuckAfter milliseconds in progress */
export async function readProblems(ctx: Context, { stuckAfter }: { stuckAfter: number }): Promise<Problem[]> {
  const { calendar, timing } = ctx;
  const cards = await selectFromJournal(ctx, {}, { isUnfinished: true });
  const holds = (await listHolds(ctx)).filter((hold) => isHeldLong(hold, calendar.now()));
  const listeners = await readListeners(ctx);
  const plans = await readPlans(ctx);
  const now = await vendorNow(ctx);
  const unknownAfter = timing.killedWindow + SETTLED_MS;
  return findProblems({ cards, holds, ...listeners, plans, now, stuckAfter, unknownAfter });
}

/** Returns the detached plans that are paused, or ended recently. */
async function readPlans(ctx: Context): Promise<PlanRecord[]> {
  const { journal, calendar } = ctx;
  const plans = await journal.listPlans({ endedSince: calendar.now() - RECENT_MS }, planClocks(ctx));
  return plans.filter((plan) => plan.state === 'paused' || !isOpenPlan(plan));
}

async function readListeners({
  journal,
  calendar,
}: Context): Promise<Pick<ProblemFacts, 'gaps' | 'stopped'>> {
  const now = calendar.now();
  const all = await journal.listListeners(0);
  const open = new Set((await journal.listRunningListeners()).map(({ id }) => id));
  const ends = all.map((one) => ({
    ...one,
    endedAt: open.has(one.id) ? null : (one.endedAt ?? one.heartbeatAt),
  }));
  return { gaps: gapsIn(ends, now), stopped: stoppedIn(ends, now) };
}

/** Returns the recent gaps between listeners, but not the time since the last one. */
function gapsIn(listeners: readonly ListenerRecord[], now: number): Span[] {
  const isListenedTo = listeners.some(({ endedAt }) => endedAt === null);
  const { gaps } = coverageOf(listeners, { from: null, to: now, now, isListenedTo });
  return gaps.filter(({ from, to }) => to < now && to > now - RECENT_MS && to - from >= SHORTEST_GAP_MS);
}

/** Returns the listeners that stopped recently, and after which no other one was started. */
function stoppedIn(listeners: readonly ListenerRecord[], now: number): ProblemFacts['stopped'][number][] {
  const lastStart = Math.max(...listeners.map(({ startedAt }) => startedAt));
  return listeners.flatMap(({ endedAt, startedAt, owner }) => {
    if (endedAt === null || endedAt < now - RECENT_MS || endedAt > now - REPLACED_MS) return [];
    const isReplaced = lastStart > startedAt && lastStart >= endedAt - REPLACED_MS;
    return isReplaced ? [] : [{ host: owner.host, at: endedAt }];
  });
}
