import { expect, test } from 'vitest';
import { requirementAdvice, unmetRequirements } from '../../src/domain/order.ts';

test('every requirement that is not COMPLETED is unmet, including undocumented statuses', () => {
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
])('a requirement %s has advice', (type, advice) => {
  expect(requirementAdvice({ type, status: 'PENDING' })).toMatch(advice);
});
