import { expect, test } from 'vitest';
import { type HoldTimes, holdEnd, isHoldOver } from '../../../src/domain/times/hold-times.ts';

const START = { time: 1_000_000, boot: 'b1', uptime: 500 };
const HOUR = 3_600_000;
const NO_END: HoldTimes = { heldAt: START.time, endsAt: null, boot: null, uptime: null };
const times: HoldTimes = { heldAt: START.time, ...(holdEnd(HOUR, START) ?? NO_END) };

test('a hold without a duration has no end', () => {
  expect(holdEnd(null, START)).toBeNull();
  expect(isHoldOver(NO_END, { ...START, time: START.time + 1_000 * HOUR })).toBe(false);
});

test.each<[situation: string, now: typeof START, isOver: boolean]>([
  ['before its end', { time: START.time + HOUR - 1, boot: 'b1', uptime: 500 + HOUR }, false],
  ['at its end', { time: START.time + HOUR, boot: 'b1', uptime: 500 + HOUR }, true],
  ['after the calendar was set forward', { time: START.time + 9 * HOUR, boot: 'b1', uptime: 600 }, false],
  ['after the calendar was set back', { time: START.time - HOUR, boot: 'b1', uptime: 500 + 9 * HOUR }, false],
  ['on another machine, or after a boot', { time: START.time + HOUR, boot: 'b2', uptime: 7 }, true],
])('a hold of an hour is judged by both clocks: %s', (_, now, isOver) => {
  expect(isHoldOver(times, now)).toBe(isOver);
});
