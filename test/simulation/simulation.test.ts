import { expect, test } from 'vitest';
import { drawPlan } from './plan.ts';
import { runPlan } from './run.ts';
import { describeFailure } from './shrink.ts';
import { GUARDS_IN_USE, MODEL, simulate } from './simulate.ts';
import { type Decider, Equipment } from './world.ts';

const DECIDERS: readonly Decider[] = [...GUARDS_IN_USE, 'hold'];

test('The simulation finds no broken promise in 1,000 schedules of several processes with faults', async () => {
  const { failure, schedules, medianProcesses, medianEvents, decisions } = await simulate({
    seed: 1,
    schedules: 1_000,
  });
  expect(failure && describeFailure(failure)).toBeNull();
  expect(schedules).toBe(1_000);
  expect(medianProcesses).toBeGreaterThanOrEqual(3);
  expect(medianEvents).toBeGreaterThanOrEqual(20);
  // Each guard kept a process from sending at least once.
  expect(DECIDERS.filter((guard) => !decisions.has(guard))).toEqual([]);
}, 600_000);

test('The same seed gives the same schedule, and the same things happen in it', async () => {
  const equipment = new Equipment();
  const logs = [];
  for (const seed of [3, 4, 3]) logs.push((await runPlan(drawPlan(seed, MODEL), equipment)).log);
  equipment.close();
  expect(logs[2]).toEqual(logs[0]);
  expect(logs[2]).not.toEqual(logs[1]);
});
