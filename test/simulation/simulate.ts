import { GUARDS, type Guard } from './mutation.ts';
import { drawPlan, type Model } from './plan.ts';
import { type End, runPlan } from './run.ts';
import { shrink } from './shrink.ts';
import { type Decider, Equipment } from './world.ts';

/** The features that schedules use. */
export const MODEL: Model = {
  stepsCalendar: true,
  suspends: true,
  restarts: true,
  replacesJournal: true,
  restoresJournal: true,
  isServer: false,
  hasPlans: false,
};

/** The same with a journal on a PostgreSQL server. */
export const SERVER_MODEL: Model = { ...MODEL, isServer: true };

/** Servers that carry out detached plans, with a journal in a file. */
export const PLAN_MODEL: Model = { ...MODEL, hasPlans: true };

/** The guards that matter in these schedules. */
export const GUARDS_IN_USE: readonly Guard[] = GUARDS.filter(
  (guard) =>
    (guard !== 'identity' || MODEL.replacesJournal) && (guard !== 'generation' || MODEL.restoresJournal),
);

export interface Summary {
  schedules: number;
  /** The first failing schedule, shrunk; null for none. */
  failure: End | null;
  medianProcesses: number;
  medianEvents: number;
  /** Number of times that each guard prevented a request. */
  decisions: Map<Decider, number>;
}

export interface Simulation {
  /** Seed of the first schedule; the next ones are consecutive. */
  seed: number;
  schedules: number;
  /** The guard to disable. */
  without?: Guard | null;
  model?: Model;
  onSchedule?: (done: number) => void;
}

/** Runs schedules until one violates a guarantee. */
export async function simulate({
  seed,
  schedules,
  without = null,
  model = MODEL,
  onSchedule,
}: Simulation): Promise<Summary> {
  const equipment = new Equipment();
  const ends: Pick<End, 'processes' | 'events'>[] = [];
  const decisions = new Map<Decider, number>();
  let failure: End | null = null;
  try {
    while (ends.length < schedules && !failure) {
      const plan = drawPlan(seed + ends.length, model);
      const end = await runPlan(plan, equipment, without).catch((cause: unknown) => {
        throw new Error(`Seed ${plan.seed} can’t be simulated`, { cause });
      });
      ends.push({ processes: end.processes, events: end.events });
      for (const [guard, times] of end.decisions) decisions.set(guard, (decisions.get(guard) ?? 0) + times);
      if (end.broken !== null) failure = await shrink(end, equipment, without);
      onSchedule?.(ends.length);
    }
  } finally {
    equipment.close();
  }
  return {
    schedules: ends.length,
    failure,
    medianProcesses: median(ends.map(({ processes }) => processes)),
    medianEvents: median(ends.map(({ events }) => events)),
    decisions,
  };
}

function median(numbers: number[]): number {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1] ?? 0;
}
