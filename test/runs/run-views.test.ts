import { expect, test } from 'vitest';
import { makeStyle } from '../../src/output/style.ts';
import { renderRun } from '../../src/runs/run-views.ts';
import { interruptedCard, passedCard, reportOf } from '../domain/run-records.ts';

async function shown(...given: Parameters<typeof reportOf>) {
  return renderRun(await reportOf(...given), makeStyle(false));
}

test('whether places are free again is told only where it can be', async () => {
  const freed = [
    { profileId: 1001, isFreed: null },
    { profileId: 1004, isFreed: true },
  ];
  expect(await shown([passedCard(1)], { freed: freed.slice(0, 1) })).toMatch(/Orders +1 had ended before\n$/);
  expect(await shown([passedCard(1)], { freed })).toMatch(
    /1 had ended before; did that free their places\? profile 1004: yes\n$/,
  );
});

test('cards that an interrupted run had not come to are counted', async () => {
  expect(await shown([passedCard(1), interruptedCard(2)], { cards: 20, endedAt: null })).toContain(
    '1 of 20 cards passed: 1 interrupted, 18 not started.',
  );
});
