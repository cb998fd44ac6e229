import { describe, expect, it } from 'vitest';
import { describeFailure } from './shrink.ts';
import { GUARDS_IN_USE, simulate } from './simulate.ts';

const MINUTES = 600_000;

describe('The simulation', () => {
  it(
    'finds no broken promise in 1,000 schedules of several processes with faults',
    async () => {
      const { failure, schedules, medianProcesses, medianEvents } = await simulate({
        seed: 1,
        schedules: 1_000,
      });
      expect(failure && describeFailure(failure)).toBeNull();
      expect(schedules).toBe(1_000);
      expect(medianProcesses).toBeGreaterThanOrEqual(3);
      expect(medianEvents).toBeGreaterThanOrEqual(20);
    },
    MINUTES,
  );

  it.each(GUARDS_IN_USE)(
    'finds a broken promise within 2,000 schedules if kioskctl has no %s guard',
    async (without) => {
      const { failure } = await simulate({ seed: 3_000, schedules: 2_000, without });
      expect(failure?.broken).toEqual(expect.any(String));
      // The shorter schedule has no item that could be left out.
      expect(failure?.plan.items.length).toBeLessThan(8);
    },
    MINUTES,
  );
});
