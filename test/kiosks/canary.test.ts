import { describe, expect, test } from 'vitest';
import type { FailureCode } from '../../src/domain/errors/failure.ts';
import type { CardResult } from '../../src/domain/results.ts';
import { advance, type CanaryState, START } from '../../src/kiosks/retry/canary.ts';
import { card, production } from '../harness/records.ts';

const OUT: CardResult = {
  card: card({ production: production('PRODUCED') }),
  outcome: 'done',
  exitCode: 0,
  changed: true,
};
const FAILED = failedWith('production-failed');

function failedWith(code: FailureCode): CardResult {
  const failed = card({ production: production('PRODUCTION_ERROR') });
  return { card: failed, outcome: 'failed', exitCode: 4, error: { code, message: 'm', hint: 'h' } };
}

function courseOf(results: readonly CardResult[], maxFailures = 2): CanaryState {
  return results.reduce((course, result) => advance(course, result, { maxFailures }), START);
}

describe('the course of a retry', () => {
  test('a retry continues after a card was produced', () => {
    expect(courseOf([OUT])).toEqual({ isProven: true, failures: [], stop: null });
  });

  test('a retry stops when the first card fails again', () => {
    expect(courseOf([FAILED]).stop?.why).toBe('the first card failed again');
  });

  test.each([
    ['two in a row', [OUT, FAILED, FAILED], 2, '2 cards failed in a row'],
    ['two, but not in a row', [OUT, FAILED, OUT, FAILED], 2, null],
    ['one, where one is too many', [OUT, FAILED], 1, '1 card failed in a row'],
    ['three, where three are too many', [OUT, FAILED, FAILED, FAILED], 3, '3 cards failed in a row'],
  ])(
    'a retry of several cards stops at its limit of failures in a row: %s',
    (_, results, maxFailures, stop) => {
      expect(courseOf(results, maxFailures).stop?.why ?? null).toBe(stop);
    },
  );

  test.each<FailureCode>([
    'attempt-superseded',
    'wrong-stage',
    'order-cancelled',
    'card-expired',
    'not-found',
  ])('a card with which nothing was done (%s) says nothing about the kiosk', (code) => {
    expect(courseOf([failedWith(code)])).toEqual(START);
    expect(courseOf([OUT, FAILED, failedWith(code)]).failures).toEqual([4]);
  });

  test.each<FailureCode>(['deadline-passed', 'outcome-unknown'])(
    'a card that may still be in the kiosk (%s) is followed by no other',
    (code) => {
      expect(courseOf([OUT, failedWith(code)]).stop?.why).toBe('a card may still be in the kiosk');
    },
  );

  test('a card that another command produced proves nothing about the fix', () => {
    const unchanged = { ...OUT, outcome: 'unchanged', changed: false } as const;
    expect(courseOf([unchanged])).toEqual(START);
  });

  test('a hold stops a retry', () => {
    expect(courseOf([OUT, failedWith('kiosk-held')]).stop?.why).toBe('the kiosk is on hold');
  });
});
