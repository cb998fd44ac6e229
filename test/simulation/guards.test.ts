import { expect, test } from 'vitest';
import { GUARDS_IN_USE, simulate } from './simulate.ts';

test.each(GUARDS_IN_USE)(
  'The simulation finds a violated guarantee within 2,000 schedules if kioskctl has no %s guard',
  async (without) => {
    const { failure } = await simulate({ seed: 1, schedules: 2_000, without });
    expect(failure?.broken).toEqual(expect.any(String));
    // Shrinking has removed everything that is not needed to fail.
    expect(failure?.plan.items.length).toBeLessThanOrEqual(5);
  },
  600_000,
);
