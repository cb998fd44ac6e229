import { describe, expect, test } from 'vitest';
import type { ExitCode } from '../../src/domain/errors/exit-codes.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { type CardResult, exitCodeOf, outcomeOf, summarize } from '../../src/domain/results.ts';
import { card } from '../harness/records.ts';

function result(outcome: CardResult['outcome'], exitCode: ExitCode | null): CardResult {
  return { card: card(), outcome, exitCode };
}

describe('the exit code of several cards', () => {
  test.each<[string, CardResult[], ExitCode, ExitCode]>([
    ['all done', [result('done', 0), result('unchanged', 0)], 0, 0],
    ['one failed', [result('done', 0), result('failed', 4)], 0, 4],
    [
      'an unknown outcome before everything but a bug',
      [result('refused', 9), result('unknown', 8), result('failed', 3)],
      0,
      8,
    ],
    ['a bug', [result('unknown', 8), result('failed', 1)], 0, 1],
    ['a skipped card keeps its code', [result('done', 0), result('skipped', 10)], 0, 10],
    ['none at all', [], 0, 0],
    ['interrupted before the second card', [result('done', 0), result('not-started', null)], 130, 130],
    ['terminated before any card', [result('not-started', null)], 143, 143],
    ['stopped, although every card was started', [result('done', 0)], 130, 130],
    [
      'interrupted, with an outcome that nobody knows',
      [result('unknown', 8), result('not-started', null)],
      130,
      8,
    ],
  ])('several cards have one exit code: %s', (_, results, stopped, exitCode) => {
    const stops =
      stopped === 0 ? [] : [new Failure(stopped === 143 ? 'terminated' : 'interrupted', '', { hint: '' })];
    expect(exitCodeOf(results, stops)).toBe(exitCode);
  });
});

test('the summary counts only outcomes that occur', () => {
  const results = [result('done', 0), result('failed', 4), result('failed', 5), result('not-started', null)];
  expect(summarize(results)).toEqual({ total: 4, done: 1, failed: 2, 'not-started': 1 });
  expect(summarize([])).toEqual({ total: 0 });
});

test.each([
  ['production-failed', 4, 'failed'],
  ['production-failed', 5, 'failed'],
  ['production-refused', 4, 'refused'],
  ['production-refused', 6, 'refused'],
  ['outcome-unknown', 8, 'unknown'],
  ['not-seen', 7, 'failed'],
  ['credentials-refused', 3, 'failed'],
  ['wrong-stage', 9, 'refused'],
  ['not-confirmed', 9, 'refused'],
  ['not-found', 10, 'refused'],
  ['deadline-passed', 75, 'timeout'],
  ['interrupted', 130, 'interrupted'],
  ['terminated', 143, 'interrupted'],
  ['internal-error', 1, 'failed'],
] as const)('%s with exit code %i is %s', (code, exitCode, outcome) => {
  expect(outcomeOf({ code, message: '', hint: '' }, exitCode)).toBe(outcome);
});
