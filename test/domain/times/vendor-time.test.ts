import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/domain/errors/failure.ts';
import {
  compareVendorTimes,
  parseVendorTime,
  requireVendorTime,
} from '../../../src/domain/times/vendor-time.ts';

describe('reading a time of the vendor', () => {
  test.each([
    ['2024-01-01T12:24:56Z', Date.UTC(2024, 0, 1, 12, 24, 56), 1_000],
    ['2024-01-01T12:24:56.121Z', Date.UTC(2024, 0, 1, 12, 24, 56, 121), 1],
    ['2024-01-01T12:24:56.121456789Z', Date.UTC(2024, 0, 1, 12, 24, 56, 121), 1],
    ['2024-01-01T12:24:56.9999999Z', Date.UTC(2024, 0, 1, 12, 24, 56, 999), 1],
    ['2024-01-01T14:24:56.121+02:00', Date.UTC(2024, 0, 1, 12, 24, 56, 121), 1],
    ['2024-01-01T07:24:56-0500', Date.UTC(2024, 0, 1, 12, 24, 56), 1_000],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29), 1_000],
  ])('the time %s of Wise is read with its precision', (text, milliseconds, precision) => {
    expect(parseVendorTime(text)).toEqual({ milliseconds, precision });
  });

  test.each([
    null,
    '',
    // As the vendor's documentation prints it.
    '2024-01-01T12:24:560Z',
    '2024-01-01T12:24:56',
    '2024-01-01 12:24:56Z',
    '2024-01-01',
    '2024-13-01T12:24:56Z',
    '2024-01-01T25:24:56Z',
    '2024-01-01T12:61:56Z',
    '2024-01-01T12:24:56.Z',
    '2023-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '1704111896',
    'now',
    ' 2024-01-01T12:24:56Z',
    '2024-01-01T12:24:56Z\n2024-01-01T12:24:56Z',
  ])('%j is not a valid time', (text) => {
    expect(parseVendorTime(text)).toBeUndefined();
  });
});

describe('comparing two times of the vendor', () => {
  const when = fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });

  test('times in milliseconds are compared exactly', () => {
    fc.assert(
      fc.property(when, when, (one, other) => {
        const order = compareVendorTimes(one.toISOString(), other.toISOString());
        expect(Math.sign(order ?? Number.NaN)).toBe(Math.sign(one.getTime() - other.getTime()));
      }),
    );
  });

  test('times of different precision are compared at the coarser one', () => {
    fc.assert(
      fc.property(when, fc.nat(999), (one, milliseconds) => {
        const second = `${one.toISOString().slice(0, 19)}Z`;
        const within = `${second.slice(0, 19)}.${String(milliseconds).padStart(3, '0')}Z`;
        expect(compareVendorTimes(second, within)).toBe(0);
        expect(compareVendorTimes(within, second)).toBe(0);
      }),
    );
  });

  test.each([
    ['2026-03-01T10:00:00Z', '2026-03-01T09:59:59.999Z', 1],
    ['2026-03-01T10:00:00Z', '2026-03-01T10:00:01.000Z', -1],
    ['2026-03-01T10:00:00.001Z', '2026-03-01T10:00:00.000Z', 1],
    ['2026-03-01T10:00:00.121456Z', '2026-03-01T10:00:00.121Z', 0],
    ['2026-03-01T11:00:00+01:00', '2026-03-01T10:00:00Z', 0],
  ])('%s and %s', (left, right, sign) => {
    expect(Math.sign(compareVendorTimes(left, right) ?? Number.NaN)).toBe(sign);
    expect(Math.sign(compareVendorTimes(right, left) ?? Number.NaN)).toBe(-sign || 0);
  });

  test('an invalid time cannot be compared', () => {
    expect(compareVendorTimes('2024-01-01T12:24:560Z', '2026-03-01T10:00:00Z')).toBeUndefined();
    expect(compareVendorTimes('2026-03-01T10:00:00Z', null)).toBeUndefined();
    expect(compareVendorTimes(null, null)).toBeUndefined();
  });
});

const mistake = () => requireVendorTime('yesterday\u001b[2J');

test('a valid time of a user is returned as it is, an invalid one is a usage mistake', () => {
  expect(requireVendorTime('2026-11-22T10:15:00.120Z')).toBe('2026-11-22T10:15:00.120Z');
  expect(mistake).toThrow(Failure);
  expect(mistake).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
  expect(mistake).not.toThrow('\u001b');
});
