import { describe, expect, test } from 'vitest';
import { checkWindow, type Moment, type SettleWindow } from '../../src/domain/times/settle-window.ts';

const LENGTHS = { settleWindow: 30_000, killedWindow: 120_000 };
const DATE = Date.parse('2026-03-01T12:00:00Z');
const START: Moment = { boot: 'monday', uptime: 5_000, vendorTime: DATE };

function lost(more: Partial<SettleWindow> = {}): SettleWindow {
  return { start: START, hasEnded: true, isOver: false, ...more };
}

/** Some milliseconds after the start, by two clocks. */
function after(uptime: number, date: number | null, boot = 'monday'): Moment {
  return { boot, uptime: START.uptime + uptime, vendorTime: date === null ? null : DATE + date };
}

function check(window: SettleWindow | null, now: Moment, begin = now): ReturnType<typeof checkWindow> {
  return checkWindow(window, { now, begin }, LENGTHS);
}

describe('the settle window', () => {
  test.each<[string, SettleWindow, Moment, number]>([
    ['counts by the uptime of the same boot', lost(), after(10_000, null), 20_000],
    ['is over by the uptime of the same boot', lost(), after(30_000, null), 0],
    ['follows the uptime although the clock of Wise shows more', lost(), after(10_000, 90_000), 20_000],
    ['counts by the clock of Wise after a restart', lost(), after(0, 22_000, 'tuesday'), 10_000],
    ['is not over in the last two seconds of the clock of Wise', lost(), after(0, 31_999, 'tuesday'), 1],
    ['is over by the clock of Wise after a restart', lost(), after(0, 32_000, 'tuesday'), 0],
    ['lasts longer if the sender recorded no loss', lost({ hasEnded: false }), after(30_000, null), 90_000],
    ['ends later if the sender recorded no loss', lost({ hasEnded: false }), after(120_000, null), 0],
    ['stays over, whatever the clocks show', lost({ isOver: true }), after(0, -1, 'tuesday'), 0],
  ])('%s', (_, window, now, left) => {
    expect(check(window, now).left).toBe(left);
  });

  test.each<[string, SettleWindow | null, Moment]>([
    ['after a restart without a Date', lost(), after(3_600_000, null, 'tuesday')],
    ['if the clock of Wise runs backwards', lost(), after(0, -3_600_000, 'tuesday')],
    ['if it was recorded by an older version', null, after(3_600_000, 3_600_000)],
  ])('begins again at the first check %s, and counts from there', (_, window, now) => {
    const first = check(window, now);
    const length = window ? 30_000 : 120_000;
    expect(first).toMatchObject({ left: length, isNews: true, window: { start: now } });
    const later = { ...now, uptime: now.uptime + length };
    expect(check(first.window, later)).toMatchObject({
      left: 0,
      window: { isOver: true },
    });
  });

  test('a settle window is recorded when it is over, and not before', () => {
    expect(check(lost(), after(29_999, null))).toMatchObject({ isNews: false });
    expect(check(lost(), after(30_000, null))).toMatchObject({ isNews: true });
  });

  test('the settle window of a killed sender is never shorter than that of a lost response', () => {
    const lengths = { settleWindow: 600_000, killedWindow: 120_000 };
    expect(checkWindow(lost({ hasEnded: false }), { now: START, begin: START }, lengths).left).toBe(600_000);
  });

  test('a settle window is neither over nor moved by a read that was requested before it started', () => {
    const asked = after(-3_600_000, -3_600_000);
    expect(check(lost(), asked, after(1_000, 1_000))).toEqual({
      left: 30_000,
      window: lost(),
      isNews: false,
    });
  });

  test('a settle window restarts at the latest possible present time, and not when the read was requested', () => {
    const begin = after(9_000, 9_000, 'tuesday');
    const first = check(lost(), after(0, null, 'tuesday'), begin);
    expect(first).toMatchObject({ left: 30_000, isNews: true, window: { start: begin } });
  });
});
