import { describe, expect, test } from 'vitest';
import { stageSpans } from '../../../src/runs/reports/run-totals.ts';
import {
  failedCard,
  failedWith,
  interruptedCard,
  mixedCards,
  notStartedCard,
  passedCard,
  reportOf,
  STARTED_AT,
  stepsOf,
  unmetCard,
} from '../../harness/run-records.ts';

test('cards and steps are counted by their outcome', async () => {
  const { totals } = await reportOf([...mixedCards(), interruptedCard(8)]);
  expect(totals.cards).toEqual({
    total: 8,
    passed: 3,
    unmet: 1,
    failed: 2,
    interrupted: 1,
    'not-started': 1,
  });
  expect(totals.steps).toEqual({
    total: 37,
    done: 29,
    failed: 2,
    tolerated: 1,
    unmet: 1,
    skipped: 3,
    running: 1,
  });
  expect(totals.stepless).toBe(1);
});

test('cards that an interrupted run did not reach count as not started', async () => {
  const cards = [passedCard(1), interruptedCard(2)];
  const { totals } = await reportOf(cards, { cards: 5, endedAt: null });
  expect(totals).toMatchObject({
    cards: { total: 5, passed: 1, interrupted: 1, 'not-started': 3 },
    stepless: 3,
    outcome: 'interrupted',
    exitCode: 130,
    requests: { perCard: 21 },
  });
  const none = await reportOf([], { cards: 2, endedAt: null });
  expect(none.totals).toMatchObject({
    cards: { total: 2, 'not-started': 2 },
    outcome: 'unfinished',
    exitCode: 130,
  });
});

test('attempts are counted by their results', async () => {
  const { totals } = await reportOf([passedCard(1), unmetCard(2), failedCard(3), interruptedCard(4)]);
  expect(totals.attempts).toEqual({ sent: 5, produced: 2, failed: 2, refused: 0 });
  const refused = {
    ...passedCard(5),
    stages: [],
    steps: stepsOf(5, [
      {
        outcome: 'failed',
        exitCode: 8,
        error: { ...failedWith('UNKNOWN_ERROR'), code: 'production-refused' },
      },
    ]),
  };
  const completed = { ...passedCard(6), stages: [{ stage: 'completed' as const, at: STARTED_AT }] };
  expect((await reportOf([refused, completed])).totals.attempts).toMatchObject({ produced: 1, refused: 1 });
});

describe('time per stage', () => {
  test('a stage lasts until the next one begins, and the last one until the end of the card', () => {
    const spans = stageSpans(failedCard(0));
    expect(spans.map(({ stage, from, until }) => [stage, until - from])).toEqual([
      ['placed', 300],
      ['requirements-fulfilled', 500],
      ['details-created', 1_000],
      ['ready', 700],
      ['in-progress', 1_500],
      ['failed', 1_100],
      ['cancelled', 300],
    ]);
    expect(spans.map(({ isLast }) => isLast)).toEqual([...Array<boolean>(6).fill(false), true]);
  });

  test('the last stage of a card without an end has no length, and no length is negative after a clock was set back', () => {
    expect(stageSpans(interruptedCard(0)).at(-1)).toMatchObject({
      isLast: true,
      from: STARTED_AT + 2_600,
      until: STARTED_AT + 2_600,
    });
    const stages = [{ stage: 'ready', at: 2_000 } as const, { stage: 'in-progress', at: 1_000 } as const];
    expect(stageSpans({ stages, endedAt: 500 })).toEqual([
      { stage: 'ready', from: 2_000, until: 2_000, isLast: false },
      { stage: 'in-progress', from: 1_000, until: 1_000, isLast: true },
    ]);
  });

  test('median and p95 are computed for the stages that cards left, in the order of the stages', async () => {
    const { totals } = await reportOf([
      passedCard(1),
      passedCard(2, { slower: 2 }),
      passedCard(3, { slower: 11 }),
    ]);
    expect(totals.stages.map(({ stage }) => stage)).toEqual([
      'placed',
      'requirements-fulfilled',
      'details-created',
      'ready',
      'in-progress',
    ]);
    expect(totals.stages.at(-1)).toEqual({
      stage: 'in-progress',
      count: 3,
      medianMs: 4_800,
      p95Ms: 24_240,
    });
  });
});

test('each error is listed once, with its meaning, who acts and the next step', async () => {
  const unreachable = {
    code: 'unreachable',
    message: 'No connection.',
    hint: 'Run it again: Bearer abcdef0123456789.',
  };
  const other = {
    ...failedCard(9),
    steps: stepsOf(9, [{ outcome: 'failed', exitCode: 7, error: unreachable }]),
  };
  const { totals } = await reportOf([failedCard(1), unmetCard(2), failedCard(3, 'XYZ_NEW'), other]);
  expect(totals.errors).toEqual([
    expect.objectContaining({
      code: 'PRD_HOPPER_DOOR',
      kind: 'production',
      count: 2,
      tolerated: 1,
      actor: 'kiosk-attendant',
      nextStep: 'Close the hopper door, then retry.',
    }),
    expect.objectContaining({ code: 'XYZ_NEW', kind: 'production', count: 1, tolerated: 0, actor: 'wise' }),
    {
      code: 'unreachable',
      kind: 'failure',
      count: 1,
      tolerated: 0,
      actor: null,
      meaning: expect.stringContaining('could not be reached'),
      nextStep: 'Run it again: Bearer [redacted]',
    },
  ]);
});

test('the totals have the requests, the orders at the end, and the time range', async () => {
  const { totals } = await reportOf([passedCard(1), failedCard(2), interruptedCard(3), notStartedCard(4)]);
  expect(totals.requests).toEqual({ reads: 30, sends: 12, limited: 1, perCard: 10.5 });
  expect(totals.cleanUp).toEqual({
    orders: 3,
    pending: 1,
    cancelled: 1,
    'ended-before': 1,
    failed: 0,
    kept: 0,
  });
  expect(totals.span).toEqual({ from: STARTED_AT, until: STARTED_AT + 60_000 });
  const open = await reportOf([interruptedCard(4)], { endedAt: null });
  expect(open.totals.span.until).toBe(STARTED_AT + 1_000 + 2_600);
  const none = await reportOf([], {});
  expect(none.totals).toMatchObject({
    outcome: 'passed',
    requests: { perCard: null },
    stages: [],
    errors: [],
  });
});

test('10,000 cards are added up without being held in memory', async () => {
  const { totals } = await reportOf(Array.from({ length: 10_000 }, (_, index) => failedCard(index + 1)));
  expect(totals.errors).toHaveLength(1);
  expect(totals.stages.find(({ stage }) => stage === 'in-progress')).toMatchObject({
    count: 10_000,
    p95Ms: 1_500,
  });
  expect(JSON.stringify(totals).length).toBeLessThan(3_000);
});
