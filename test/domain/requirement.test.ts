import { expect, test } from 'vitest';
import { requirementAdvice, unmetRequirements } from '../../src/domain/order.ts';

test('every requirement that is not COMPLETED is unmet, words that the vendor added included', () => {
  const statuses = ['NOT_INITIATED', 'NEEDS_ACTION', 'PENDING', 'COMPLETED', 'FAILED', 'POSTPONED'];
  const requirements = statuses.map((status) => ({ type: 'PIN', status }));
  expect(unmetRequirements(requirements).map(({ status }) => status)).toEqual(
    statuses.filter((status) => status !== 'COMPLETED'),
  );
  expect(unmetRequirements([])).toEqual([]);
  expect(unmetRequirements(null)).toEqual([]);
});

test.each([
  ['PIN', /PIN/],
  ['VERIFICATION', /verification/],
  ['ADDRESS', /address/],
  ['BLOOD_SAMPLE', /Wise/],
  ['constructor', /Wise/],
])('says what to do about %s', (type, advice) => {
  expect(requirementAdvice({ type, status: 'PENDING' })).toMatch(advice);
});
