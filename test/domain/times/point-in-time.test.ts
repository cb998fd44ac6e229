import { expect, test } from 'vitest';
import { parsePointInTime } from '../../../src/domain/times/vendor-time.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const parse = (text: string) => parsePointInTime(text, { flag: '--since', now });

test.each([
  ['2h', '2026-03-01T10:00:00Z'],
  ['7d', '2026-02-22T12:00:00Z'],
  ['0', '2026-03-01T12:00:00Z'],
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['2026-01-02T03:04:05.678+01:00', '2026-01-02T02:04:05.678Z'],
  ['2026-01-02 03:04:05 +01:00', '2026-01-02T02:04:05Z'],
  ['2026-01-02 03:04:05 -02:30', '2026-01-02T05:34:05Z'],
  // The time zone of this machine.
  ['2026-01-02', '2026-01-02T00:00:00'],
  ['2026-01-02 03:04', '2026-01-02T03:04:00'],
  ['2026-01-02 03:04:05', '2026-01-02T03:04:05'],
])('%s is %s', (text, time) => {
  expect(parse(text)).toBe(Date.parse(time));
});

test.each([
  '',
  'yesterday',
  '2',
  '-2h',
  '2026-1-2',
  '2026-02-30',
  '2026-02-30T00:00:00Z',
  '2026-01-02 25:00',
  '2026-01-02 03:04:05 +99:00',
  '2h\u001b[31m',
])('%j is neither a duration nor a time', (text) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^--since: /) }),
  );
});
