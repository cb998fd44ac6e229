import { expect, test } from 'vitest';
import { makeStyle } from '../../src/output/style.ts';
import { renderRun, runResult, shownRun } from '../../src/runs/run-views.ts';
import { hostileCard, interruptedCard, passedCard, reportOf } from '../harness/run-records.ts';

async function shown(...given: Parameters<typeof reportOf>) {
  return renderRun(await reportOf(...given), makeStyle(false));
}

test('freed places of a card limit are shown only where they are known', async () => {
  const freed = [
    { profileId: 1001, isFreed: null },
    { profileId: 1004, isFreed: true },
  ];
  expect(await shown([passedCard(1)], { freed: freed.slice(0, 1) })).toMatch(/Orders +1 already ended\n$/);
  expect(await shown([passedCard(1)], { freed })).toMatch(
    /1 already ended; did that free their places\? profile 1004: yes\n$/,
  );
});

test('cards that an interrupted run had not started are counted', async () => {
  expect(await shown([passedCard(1), interruptedCard(2)], { cards: 20, endedAt: null })).toContain(
    '1 of 20 cards passed: 1 interrupted, 18 not started.',
  );
});

test('no control character of a kiosk id reaches the terminal', async () => {
  const report = await reportOf([hostileCard(1)]);
  const text = await (await shownRun(report)).text(makeStyle(false));
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0085\u202e]/);
});

test('equal errors of cards are one error, that names at most 20 cards, and another error stays apart', async () => {
  const cards = Array.from({ length: 22 }, (_, index) => interruptedCard(index + 1));
  const { errors } = await runResult(await reportOf([...cards, hostileCard(23)]), {
    interruption: null,
    reportErrors: [],
  });
  const names = Array.from({ length: 20 }, (_, index) => index + 1).join(', ');
  expect(errors?.map(({ about }) => about)).toEqual([`Cards ${names} and 2 more`, 'Card 23']);
});
