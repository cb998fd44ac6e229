// Detached plans: schedules in which each of their guards decides. The lack of each is found.
import { afterAll, expect, test } from 'vitest';
import { type Guard, PLAN_GUARDS } from './mutation.ts';
import type { Command, Item, Plan, ProcessFault, WorldFault } from './plan.ts';
import { runPlan } from './run.ts';
import { describeFailure } from './shrink.ts';
import { Equipment } from './world.ts';

const equipment = new Equipment();
afterAll(() => equipment.close());

function commandOf(id: string, at: number, kind: Command['kind'], timeout = 40_000, card = 1): Item {
  const command: Command = { kind, card, kiosk: 'WIS00001', wait: true, timeout };
  return { kind: 'process', id, at, network: 'calm', isContained: false, command };
}

const faultOf = (
  process: string,
  port: string,
  kind: ProcessFault['kind'],
  milliseconds = 0,
  time = 1,
): Item => ({
  kind,
  process,
  port,
  time,
  milliseconds,
});

const eventAt = (at: number, kind: WorldFault['kind']): Item => ({
  kind,
  at,
  milliseconds: 0,
  kiosk: 'WIS00001',
});

/** A card fails within a minute. Then its retry is handed over, and a server starts it. */
const HANDED_OVER = [
  commandOf('P1', 0, 'produce', 90_000),
  commandOf('P2', 68_000, 'detach', 180_000),
  commandOf('P3', 64_000, 'serve', 140_000),
];

/** Schedules, by the guard that decides in them. */
const SCHEDULES: Readonly<Record<(typeof PLAN_GUARDS)[number], readonly Item[]>> = {
  expiry: [faultOf('P3', 'listPlanCards', 'kill'), commandOf('P4', 145_000, 'serve')],
  gap: [faultOf('P3', 'changePlan', 'kill'), commandOf('P4', 175_000, 'serve')],
  plan: [faultOf('P3', 'claim', 'freeze', 8_000), commandOf('P4', 80_000, 'cancel a plan')],
  restore: [
    faultOf('P3', 'listPlanCards', 'kill'),
    eventAt(88_000, 'back the journal up'),
    eventAt(89_000, 'restore the journal'),
    commandOf('P4', 90_000, 'serve', 200_000),
  ],
  canary: [
    commandOf('P5', 0, 'produce', 90_000, 2),
    faultOf('P3', 'savePlanCard', 'kill'),
    commandOf('P4', 80_000, 'serve', 200_000),
  ],
  // The second update of the attempt has its result.
  fence: [faultOf('P3', 'update', 'freeze', 30_000, 2), commandOf('P4', 80_000, 'serve', 200_000)],
};

const SEEDS = 20;

function planOf(guard: (typeof PLAN_GUARDS)[number], seed: number): Plan {
  const items = [...HANDED_OVER, ...SCHEDULES[guard]];
  return { seed, cards: guard === 'canary' ? 2 : 1, lag: 0, isServer: false, items };
}

test.each(PLAN_GUARDS)(
  'the guard “%s” of detached plans decides, and nothing is sent that no user approved',
  async (guard) => {
    let decisions = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const end = await runPlan(planOf(guard, seed), equipment);
      expect(end.broken && describeFailure(end)).toBeNull();
      decisions += end.decisions.get(guard) ?? 0;
    }
    expect(decisions).toBeGreaterThan(0);
  },
  600_000,
);

test.each(PLAN_GUARDS)(
  'without the guard “%s” of detached plans, the simulation finds a violated guarantee',
  async (guard: Guard) => {
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS && broken.length === 0; seed += 1) {
      const end = await runPlan(planOf(guard as (typeof PLAN_GUARDS)[number], seed), equipment, guard);
      if (end.broken !== null) broken.push(end.broken);
    }
    expect(broken).toEqual([expect.stringMatching(/plan/)]);
  },
  600_000,
);
