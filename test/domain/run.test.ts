import { describe, expect, test } from 'vitest';
import { combineExitCodes, type ExitCode } from '../../src/domain/errors/exit-codes.ts';
import {
  type CardOutcome,
  exitCodeOfCard,
  exitCodeOfSteps,
  type RunCard,
  type StepOutcome,
} from '../../src/domain/run.ts';
import { addUp } from '../../src/runs/reports/run-totals.ts';
import {
  failedCard,
  interruptedCard,
  notStartedCard,
  passedCard,
  reportOf,
  runRecord,
  unmetCard,
} from '../harness/run-records.ts';

function exitCodeOf(cards: readonly Parameters<typeof exitCodeOfCard>[0][]): ExitCode {
  return combineExitCodes(cards.map(exitCodeOfCard));
}

type Step = [StepOutcome, ExitCode | null];

const steps = (list: readonly Step[]) => list.map(([outcome, exitCode]) => ({ outcome, exitCode }));

const card = (outcome: CardOutcome, exitCode: ExitCode | null, list: Step[] = []) =>
  ({ outcome, exitCode, steps: steps(list) }) as Pick<RunCard, 'outcome' | 'exitCode' | 'steps'>;

describe('the exit code of a card', () => {
  test.each<{ name: string; list: Step[]; code: ExitCode }>([
    { name: 'nothing', list: [], code: 0 },
    {
      name: 'all done',
      list: [
        ['done', 0],
        ['done', 0],
      ],
      code: 0,
    },
    {
      name: 'a failure, and what came after it',
      list: [
        ['done', 0],
        ['failed', 4],
        ['skipped', null],
      ],
      code: 4,
    },
    {
      name: 'a tolerated failure',
      list: [
        ['tolerated', 4],
        ['done', 0],
      ],
      code: 0,
    },
    { name: 'an unmet expectation', list: [['unmet', 11]], code: 11 },
    {
      name: 'every failure beats an unmet expectation',
      list: [
        ['failed', 1],
        ['unmet', 11],
        ['failed', 8],
      ],
      code: 1,
    },
    {
      name: 'the gravest failure',
      list: [
        ['failed', 4],
        ['failed', 8],
        ['failed', 75],
      ],
      code: 8,
    },
    { name: 'a failure without a code is never well', list: [['failed', null]], code: 1 },
    { name: 'one that runs still', list: [['running', null]], code: 0 },
  ])('is $code: $name', ({ list, code }) => expect(exitCodeOfSteps(steps(list))).toBe(code));
});

describe('the exit code of a run', () => {
  const passed = card('passed', 0, [['done', 0]]);

  test.each<{ name: string; cards: (typeof passed)[]; code: ExitCode }>([
    { name: 'no cards', cards: [], code: 0 },
    { name: 'all passed', cards: [passed, passed], code: 0 },
    { name: 'one unmet among failures', cards: [card('failed', 8), card('unmet', 11), passed], code: 8 },
    { name: 'one unmet', cards: [card('unmet', 11), passed], code: 11 },
    {
      name: 'unmet, and then failed',
      cards: [
        card('failed', 4, [
          ['unmet', 11],
          ['failed', 4],
        ]),
      ],
      code: 4,
    },
    {
      name: 'the gravest of the failures',
      cards: [card('failed', 4), card('failed', 7), card('failed', 75)],
      code: 7,
    },
    { name: 'tolerated only', cards: [card('passed', 0, [['tolerated', 4]])], code: 0 },
    { name: 'interrupted', cards: [passed, card('interrupted', null, [['running', null]])], code: 130 },
    { name: 'interrupted after a failure', cards: [card('failed', 4), card('interrupted', null)], code: 130 },
    {
      name: 'interrupted with an unknown outcome',
      cards: [card('failed', 8), card('interrupted', null)],
      code: 8,
    },
    { name: 'a failure that stops the run', cards: [card('failed', 5), card('not-started', null)], code: 5 },
  ])('is $code: $name', ({ cards, code }) => expect(exitCodeOf(cards)).toBe(code));
});

describe('the outcome of a run', () => {
  test.each([
    { name: 'all passed', cards: [passedCard(1)], outcome: 'passed', exitCode: 0 },
    {
      name: 'an expectation',
      cards: [passedCard(1), failedCard(2), unmetCard(3)],
      outcome: 'unmet',
      exitCode: 4,
    },
    { name: 'a failure', cards: [failedCard(1), notStartedCard(2)], outcome: 'failed', exitCode: 4 },
    { name: 'Ctrl-C', cards: [unmetCard(1), interruptedCard(2)], outcome: 'interrupted', exitCode: 130 },
  ])('is $outcome: $name', async ({ cards, outcome, exitCode }) =>
    expect((await reportOf(cards)).totals).toMatchObject({ outcome, exitCode }),
  );

  test('a run without an end is unfinished', async () => {
    const { cards } = await reportOf([passedCard(1)]);
    expect(await addUp(runRecord({ endedAt: null }), cards())).toMatchObject({
      outcome: 'unfinished',
      exitCode: 130,
    });
    expect(await addUp(runRecord({ exitCode: 3 }), cards())).toMatchObject({
      outcome: 'failed',
      exitCode: 3,
    });
  });
});
