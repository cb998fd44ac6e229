import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asExitCode,
  combineExitCodes,
  EXIT_CODES,
  type ExitCode,
} from '../../../src/domain/errors/exit-codes.ts';

/** “0 if all are 0; otherwise the first of these that any card ended with.” */
const GRAVEST_FIRST: ExitCode[] = [1, 8, 129, 130, 143, 3, 7, 6, 5, 4, 9, 10, 75, 2, 11];

describe('the exit code of a list', () => {
  const codes = fc.array(fc.constantFrom<ExitCode>(0, ...GRAVEST_FIRST), { maxLength: 12 });

  test('the exit code of a list is 0 if all are 0, otherwise the gravest one', () => {
    fc.assert(
      fc.property(codes, (list) => {
        const combined = combineExitCodes(list);
        expect(combined === 0).toBe(list.every((code) => code === 0));
        expect([0, ...list]).toContain(combined);
        const graver = combined === 0 ? [] : GRAVEST_FIRST.slice(0, GRAVEST_FIRST.indexOf(combined));
        expect(list.filter((code) => graver.includes(code))).toEqual([]);
      }),
    );
  });

  test('the exit code of a list does not depend on order and repetition', () => {
    fc.assert(
      fc.property(codes, (list) => {
        expect(combineExitCodes([...list.toReversed(), ...list])).toBe(combineExitCodes(list));
      }),
    );
  });

  test('the exit code of an empty list is 0', () => {
    expect(combineExitCodes([])).toBe(0);
  });
});

test('the documented codes are 0 to 11, 75, 129, 130 and 143, each with a meaning', () => {
  expect(EXIT_CODES.map(({ code }) => code)).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 75, 129, 130, 143,
  ]);
  for (const { meaning } of EXIT_CODES) expect(meaning.split(' ').length).toBeGreaterThan(1);
});

test.each([
  [0, 0],
  [8, 8],
  [75, 75],
  [143, 143],
  [12, 1],
  [-1, 1],
  [4.5, 1],
  ['4', 1],
  [null, 1],
  [undefined, 1],
])('an exit code %j from outside counts as %i', (given, code) => {
  expect(asExitCode(given)).toBe(code);
});
