import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/domain/times/duration.ts';

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 };

describe('reading a duration', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['61d', 5_270_400_000],
  ])('the duration %s is read in milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    '',
    ' ',
    '5',
    '-5s',
    '+5s',
    '1.5m',
    '1h30m',
    '1h30',
    '5 m',
    ' 5m',
    '5m ',
    '5M',
    '5min',
    's',
    'ms',
    '1e3s',
    'ten',
    '9999999999s',
    '٣m',
  ])('%j is not a duration', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
  });
});

describe('saying a duration', () => {
  test.each([
    [0, '0s'],
    [-500, '0s'],
    [40, '0s'],
    [820, '0.8s'],
    [9_940, '9.9s'],
    [10_000, '10s'],
    [42_000, '42s'],
    [59_999, '1m'],
    [60_000, '1m'],
    [200_000, '3m 20s'],
    [3_599_999, '1h'],
    [3_600_000, '1h'],
    [7_500_000, '2h 5m'],
    [259_200_000, '3d'],
    [266_400_000, '3d 2h'],
  ])('%i milliseconds', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test('a formatted duration is exact up to its smallest unit', () => {
    fc.assert(
      fc.property(fc.nat(40 * 86_400_000), (milliseconds) => {
        const said = [...formatDuration(milliseconds).matchAll(/([\d.]+)([smhd])/g)];
        const seconds = said.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as 's'], 0);
        const off = Math.abs(seconds - milliseconds / 1_000);
        expect(off).toBeLessThan(
          milliseconds < 10_000
            ? 0.06
            : milliseconds < 3_600_000
              ? 0.6
              : milliseconds < 86_400_000
                ? 60
                : 3_600,
        );
      }),
    );
  });
});
