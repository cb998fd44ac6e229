import { expect, test } from 'vitest';
import { poll } from '../../src/context/poll.ts';
import { SimulatedClock } from '../harness/clock.ts';

const { signal } = new AbortController();

test('a stopwatch counts the time since a reading and until a deadline', async () => {
  const { stopwatch } = new SimulatedClock();
  const start = stopwatch.now();
  const deadline = stopwatch.after(5_000);
  await stopwatch.sleep(2_000, signal);
  expect([stopwatch.since(start), stopwatch.until(deadline)]).toEqual([2_000, 3_000]);
  expect([stopwatch.until(null), stopwatch.after(null)]).toEqual([Number.POSITIVE_INFINITY, null]);
  expect(deadline.minus(start)).toBe(5_000);
});

test.each([7_200_000, -7_200_000])(
  'a wait lasts as long as it was told to although the calendar is set by %i ms meanwhile',
  async (step) => {
    const clock = new SimulatedClock();
    clock.plan(1_000, () => clock.stepCalendar(step));
    const start = clock.stopwatch.now();
    const end = await poll({
      stopwatch: clock.stopwatch,
      signal,
      timing: { firstPause: 500, interval: 500 },
      deadline: clock.stopwatch.after(4_000),
      read: async () => 0,
      decide: () => 'wait',
    });
    expect(end.kind).toBe('deadline');
    expect(clock.stopwatch.since(start)).toBeCloseTo(4_000);
  },
);
