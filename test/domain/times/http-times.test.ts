import { expect, test } from 'vitest';
import { parseRetryAfter } from '../../../src/domain/times/vendor-time.ts';

const NOW = Date.UTC(2026, 9, 21, 7, 28);

test.each([
  ['180', 180_000],
  ['0', 0],
  ['1234567', 1_234_567_000],
  ['99999999999999999999', 365 * 86_400_000],
  [' 5 ', 5_000],
  ['5, 5', 5_000],
  ['5, 7', 7_000],
  ['Wed, 21 Oct 2026 07:31:00 GMT', 180_000],
  ['Wednesday, 21-Oct-26 07:31:00 GMT', 180_000],
  ['Wed Oct 21 07:31:00 2026', 180_000],
  ['60, Wed, 21 Oct 2026 07:31:00 GMT', 180_000],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['soon, 5', 5_000],
])('Retry-After: %s is a number of milliseconds', (header, delay) => {
  expect(parseRetryAfter(header, NOW)).toBe(delay);
});

test.each(['', 'soon', '-5', '1.5', '1e3', 'Wed, 99 Oct 2026 07:31:00 GMT', '2026-10-21T07:31:00Z'])(
  'Retry-After: %j cannot be read',
  (header) => {
    expect(parseRetryAfter(header, NOW)).toBeNull();
  },
);
