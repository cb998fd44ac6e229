import { describe, expect, test } from 'vitest';
import type { CardFacts } from '../../src/domain/card.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import {
  byAge,
  byUrgency,
  failureOf,
  isExpiring,
  isOfUnfinished,
  isSelected,
  type JournalCard,
  kioskOf,
  mostUrgent,
  type Selection,
} from '../../src/domain/selection.ts';
import { contradictionIn } from '../../src/kiosks/kiosk-flags.ts';
import { AFTER, attempt, card, DAY, production } from '../harness/records.ts';

const NOW = Date.parse(AFTER);

function one(more: Partial<CardFacts> = {}, changedAt: number | null = NOW): JournalCard {
  return { card: card(more), attempt: more.attempt ?? null, changedAt, createdAt: null };
}

const failed = (errorCode: string | null = 'PRD_HOPPER_DOOR', more: Partial<CardFacts> = {}) =>
  one({ production: production('PRODUCTION_ERROR', { errorCode }), ...more });
const refusal = production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' });
const refused = one({
  production: production('READY'),
  attempt: attempt('refused', { production: refusal, kioskId: parseKioskId('WIS00002') }),
});
const ready = (more: Partial<CardFacts> = {}) => one({ production: production('READY'), ...more });
const produced = one({ production: production('PRODUCED') });

describe('what a card failed with', () => {
  test.each([
    ['in the kiosk', failed(), { kind: 'production', errorCode: 'PRD_HOPPER_DOOR' }],
    ['in the kiosk, without a code', failed(null), { kind: 'production', errorCode: null }],
    ['by a refusal', refused, { kind: 'request', errorCode: 'KIOSK_ID_NOT_FOUND' }],
    ['not at all', ready(), null],
    ['not any more', produced, null],
    ['before it ran out of days', failed('PRD_HOPPER_DOOR', { age: 61 * DAY }), null],
  ])('the failure of a card is found: %s', (_, card, failure) => {
    expect(failureOf(card)).toEqual(failure);
  });
});

test('the kiosk of a card is that of its production, otherwise that of its attempt', () => {
  expect([failed(), refused, ready()].map(kioskOf)).toEqual(['WIS00001', 'WIS00002', null]);
});

describe('a selection', () => {
  test.each<[string, Selection, JournalCard, boolean]>([
    ['of nothing in particular', {}, produced, true],
    ['of a kiosk', { kioskIds: ['WIS00001'].map(parseKioskId) }, failed(), true],
    ['of one of two kiosks', { kioskIds: ['WIS00003', 'WIS00001'].map(parseKioskId) }, failed(), true],
    ['of another kiosk', { kioskIds: ['WIS00002'].map(parseKioskId) }, failed(), false],
    ['of a kiosk, of a card that was at none', { kioskIds: ['WIS00001'].map(parseKioskId) }, ready(), false],
    ['of failed cards', { isFailed: true }, failed(), true],
    ['of failed cards, of a refused one', { isFailed: true }, refused, true],
    ['of failed cards, of a ready one', { isFailed: true }, ready(), false],
    ['of a code', { errorCodes: ['PRT_RIBBON', 'PRD_HOPPER_DOOR'] }, failed(), true],
    ['of another code', { errorCodes: ['PRT_RIBBON'] }, failed(), false],
    ['of a code, of one that failed without', { errorCodes: ['PRT_RIBBON'] }, failed(null), false],
    ['of a stage', { stages: ['ready', 'failed'] }, ready(), true],
    ['of another stage', { stages: ['failed'] }, ready(), false],
    ['since then', { since: NOW }, failed(), true],
    ['since later', { since: NOW + 1 }, failed(), false],
    ['since some time, of one that never moved', { since: 0 }, one({}, null), false],
    ['of few days', { expiringDays: 7 }, ready({ age: 53 * DAY }), true],
    ['of few days, of one with more', { expiringDays: 7 }, ready({ age: 52 * DAY }), false],
    ['of few days, of one with none', { expiringDays: 0 }, ready({ age: 61 * DAY }), true],
    [
      'of few days, of one that needs none',
      { expiringDays: 7 },
      one({ production: production('PRODUCED'), age: 59 * DAY }),
      false,
    ],
    ['of few days, of one of unknown age', { expiringDays: 7 }, ready({ age: null }), false],
    [
      'of all that at once',
      { isFailed: true, kioskIds: ['WIS00001'].map(parseKioskId), stages: ['failed'], since: 0 },
      failed(),
      true,
    ],
    [
      'of which one does not hold',
      { isFailed: true, kioskIds: ['WIS00001'].map(parseKioskId), stages: ['ready'] },
      failed(),
      false,
    ],
  ])('a selection matches a card or not: %s', (_, selection, card, isMeant) => {
    expect(isSelected(card, selection)).toBe(isMeant);
  });

  test.each<[boolean, Selection]>([
    [false, {}],
    [false, { kioskIds: [parseKioskId('WIS00001')], since: 0 }],
    [false, { stages: ['failed', 'produced'] }],
    [true, { stages: ['failed', 'expired'] }],
    [true, { isFailed: true }],
    [true, { errorCodes: ['PRT_RIBBON'] }],
    [true, { expiringDays: 0 }],
  ])('is of unfinished cards only: %s, %j', (expected, selection) => {
    expect(isOfUnfinished(selection)).toBe(expected);
  });
});

test('cards expire within seven days if they can still be produced', () => {
  const stages = [52, 53, 60, 61].map((days) => isExpiring(ready({ age: days * DAY + 1 }).card));
  expect(stages).toEqual([false, true, false, false]);
  expect(isExpiring(card({ production: production('PRODUCED'), age: 58 * DAY }))).toBe(false);
});

test('the most urgent cards come first', () => {
  const inProgress = (more: Partial<CardFacts> = {}) =>
    one({ production: production('IN_PROGRESS'), attempt: attempt('accepted'), ...more });
  const order = [
    one({ production: production('READY'), attempt: attempt('unknown') }),
    failed('PRD_HOPPER_DOOR', { age: 50 * DAY }),
    { ...failed(), changedAt: NOW - 1 },
    failed(),
    { ...failed(), changedAt: null },
    failed('PRD_HOPPER_DOOR', { age: null }),
    ready({ age: 61 * DAY }),
    ready({ age: 59 * DAY }),
    ready({ age: 54 * DAY }),
    inProgress({ age: 59 * DAY }),
    inProgress(),
    ready({ age: 2 * DAY }),
    one({ orderStatus: 'PLACED' }),
    one({ orderStatus: 'CANCELLED', age: 59 * DAY }),
    produced,
  ];
  expect(order.toReversed().toSorted(byUrgency)).toEqual(order);
  for (const count of [0, 1, 7, 20])
    expect(mostUrgent(order.toReversed(), count)).toEqual(order.slice(0, count));
});

test('cards are sorted oldest first, those without a time last', () => {
  const list = [one({}, null), one({}, 2), one({}, 1)];
  expect(list.toSorted(byAge).map(({ changedAt }) => changedAt)).toEqual([1, 2, null]);
});

describe('a selection that no card can fit', () => {
  test.each<[Selection, RegExp]>([
    [{ isFailed: true, stages: ['produced'] }, /--failed and --stage produced/],
    [{ isFailed: true, stages: ['in-progress', 'expired'] }, /in-progress, expired/],
    [{ errorCodes: ['PRD_HOPPER_DOOR'], stages: ['ready'] }, /ready has no error PRD_HOPPER_DOOR/],
    [{ errorCodes: ['KIOSK_ID_NOT_FOUND'], stages: ['produced'] }, /produced has no error/],
    [{ errorCodes: ['NEW_CODE'], stages: ['in-progress'] }, /NEW_CODE/],
    [{ expiringDays: 7, stages: ['produced', 'cancelled'] }, /--expiring and --stage/],
    [{ since: NOW + 1 }, /--since is in the future/],
  ])('%j', (selection, message) => {
    expect(contradictionIn(selection, NOW)).toMatch(message);
  });

  test.each<[Selection]>([
    [{}],
    [{ isFailed: true, stages: ['produced', 'failed'] }],
    [{ isFailed: true, stages: ['ready'] }],
    [{ errorCodes: ['PRD_HOPPER_DOOR'], stages: ['failed'] }],
    [{ errorCodes: ['KIOSK_ID_NOT_FOUND'], stages: ['ready'] }],
    [{ errorCodes: ['UNKNOWN_ERROR', 'NEW_CODE'], stages: ['ready'] }],
    [{ errorCodes: ['PRD_HOPPER_DOOR', 'KIOSK_ID_NOT_FOUND'], stages: ['ready'] }],
    [{ expiringDays: 7, stages: ['expired', 'produced'] }],
    [{ since: NOW }],
  ])('is not %j', (selection) => {
    expect(contradictionIn(selection, NOW)).toBeNull();
  });
});
