import { expect, test } from 'vitest';
import { median, quantile } from '../../../src/domain/times/duration.ts';

test.each([
  { values: [], share: 0.5, is: null },
  { values: [7], share: 0.95, is: 7 },
  { values: [3, 1, 2], share: 0.5, is: 2 },
  { values: [4, 1, 3, 2], share: 0.5, is: 2.5 },
  { values: [10, 20, 30, 40, 50], share: 0.95, is: 48 },
  { values: [1, 2], share: 0, is: 1 },
  { values: [1, 2], share: 1, is: 2 },
])('quantile $share of $values is $is', ({ values, share, is }) => {
  const given = [...values];
  expect(quantile(given, share)).toBe(is);
  expect(given, 'stays in its order').toEqual(values);
});

test('the median is the middle value, or the mean of the middle two', () => {
  expect(median([])).toBeNull();
  expect(median([5, 1, 9])).toBe(5);
});
