import { GUARDS, type Guard } from './mutation.ts';
import { drawPlan, type Model } from './plan.ts';
import { type End, runPlan } from './run.ts';
import { shrink } from './shrink.ts';
import { type Decider, Equipment } from './world.ts';

/** What a schedule may hold today. */
export const MODEL: Model = {
  stepsCalendar: true,
  suspends: true,
  restarts: true,
  replacesJournal: true,
  restoresJournal: true,
};

/** The guards that have something to do in these schedules. */
export const GUARDS_IN_USE: readonly Guard[] = GUARDS.filter(
  (guard) =>
    (guard !== 'identity' || MODEL.replacesJournal) && (guard !== 'generation' || MODEL.restoresJournal),
);

export interface Summary {
  schedules: number;
  /** The first schedule that broke a promise, made shorter; null if none did. */
  failure: End | null;
  medianProcesses: number;
  medianEvents: number;
  /** How often each guard kept a process from sending. */
  decisions: Map<Decider, number>;
}

export interface Simulation {
  /** The seed of the first schedule; the others follow it. */
  seed: number;
  schedules: number;
  /** Leaves a guard out of kioskctl. */
  without?: Guard | null;
  onSchedule?: (done: number) => void;
}

/** Runs schedules until one breaks a promise. */
export async function simulate({
  seed,
  schedules,
  without = null,
  onSchedule,
}: Simulation): Promise<Summary> {
  const equipment = new Equipment();
  const ends: Pick<End, 'processes' | 'events'>[] = [];
  const decisions = new Map<Decider, number>();
  let failure: End | null = null;
  try {
    while (ends.length < schedules && !failure) {
      const end = await runPlan(drawPlan(seed + ends.length, MODEL), equipment, without);
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
