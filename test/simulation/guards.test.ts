import { expect, test } from 'vitest';
import { type Guard, SERVER_GUARDS } from './mutation.ts';
import { GUARDS_IN_USE, SERVER_MODEL, simulate } from './simulate.ts';

/**
 * Seeds at which the lack of a guard was found first. The search starts there, because it passes all schedules before it.
 * Where it is found at a later seed now, the search only takes longer.
 */
const SEEDS: Partial<Record<Guard, number>> = {
  claim: 41,
  settle: 16,
  staleness: 35,
  lease: 78,
  identity: 235,
  generation: 74,
  commit: 3,
  lock: 38,
  liveness: 26,
};

test.each(GUARDS_IN_USE)(
  'The simulation finds a violated guarantee within 2,000 schedules if kioskctl has no %s guard',
  async (without) => {
    const { failure } = await simulate({ seed: SEEDS[without] ?? 1, schedules: 2_000, without });
    expect(failure?.broken).toEqual(expect.any(String));
    // Shrinking has removed everything that is not needed to fail.
    expect(failure?.plan.items.length).toBeLessThanOrEqual(5);
  },
  600_000,
);

test.each(SERVER_GUARDS)(
  'With a journal on a server, the simulation finds a violated guarantee within 100 schedules without the %s guard',
  async (without) => {
    const seed = SEEDS[without] ?? 1;
    const { failure } = await simulate({ seed, schedules: 100, without, model: SERVER_MODEL });
    expect(failure?.broken).toEqual(expect.any(String));
    expect(failure?.plan.items.length).toBeLessThanOrEqual(5);
  },
  600_000,
);
