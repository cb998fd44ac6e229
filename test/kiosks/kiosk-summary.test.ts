import { describe, expect, test } from 'vitest';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import type { JournalCard } from '../../src/domain/selection.ts';
import { countDays, type KioskFacts, overviewOf } from '../../src/kiosks/kiosk-summary.ts';
import { attempt, card, DAY, production } from '../harness/records.ts';

const facts = (kioskId: KioskId, more: Partial<KioskFacts> = {}): KioskFacts => ({
  kioskId,
  inContext: true,
  hold: null,
  busy: null,
  lastProducedAt: null,
  ...more,
});

function at(
  kioskId: KioskId,
  status: string,
  more: { age?: number; errorCode?: string; changedAt?: number } = {},
): JournalCard {
  const { age = DAY, errorCode = null, changedAt = 1_000 } = more;
  const said = production(status, { kioskId, errorCode });
  return { card: card({ production: said, age }), attempt: null, changedAt, createdAt: null };
}

test('a kiosk and its cards', () => {
  const hold = {
    reason: 'door',
    by: 'ada@here',
    context: 'branch',
    since: '2026-03-01T10:00:00.000Z',
    until: null,
    long: false,
  };
  const unknown = {
    card: card({ production: production('READY'), attempt: attempt('unknown') }),
    attempt: attempt('unknown'),
    changedAt: null,
    createdAt: null,
  };
  const cards = [
    at(parseKioskId('WIS00001'), 'IN_PROGRESS'),
    at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', { errorCode: 'PRT_RIBBON', changedAt: 3_000 }),
    at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', {
      errorCode: 'PRD_HOPPER_DOOR',
      changedAt: 2_000,
      age: 55 * DAY,
    }),
    at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR', changedAt: 4_000 }),
    at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', { changedAt: 5_000 }),
    at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', { age: 61 * DAY, changedAt: 1 }),
    at(parseKioskId('WIS00002'), 'PRODUCTION_ERROR', { changedAt: 1 }),
    unknown,
  ];
  const [first, second] = overviewOf(
    [facts(parseKioskId('WIS00002')), facts(parseKioskId('WIS00001'), { hold })],
    cards,
  );
  expect(first).toEqual({
    ...facts(parseKioskId('WIS00001'), { hold }),
    inProgress: 1,
    unknown: 1,
    failed: 4,
    failedByErrorCode: [
      { errorCode: 'PRD_HOPPER_DOOR', count: 2 },
      { errorCode: 'PRT_RIBBON', count: 1 },
      { errorCode: null, count: 1 },
    ],
    oldestFailed: {
      profileId: 1001,
      orderId: 501,
      cardToken: expect.any(String),
      errorCode: 'PRD_HOPPER_DOOR',
      failedAt: '1970-01-01T00:00:02.000Z',
      daysLeft: 5,
    },
    expiringSoon: 1,
    expired: 1,
  });
  expect(second).toMatchObject({ kioskId: 'WIS00002', failed: 1, inProgress: 0 });
});

test('a kiosk without cards', () => {
  expect(overviewOf([facts(parseKioskId('WIS00001'))], [])).toEqual([
    {
      ...facts(parseKioskId('WIS00001')),
      inProgress: 0,
      unknown: 0,
      failed: 0,
      failedByErrorCode: [],
      oldestFailed: null,
      expiringSoon: 0,
      expired: 0,
    },
  ]);
  expect(overviewOf([], [])).toEqual([]);
});

test('an error code may be any word', () => {
  const [kiosk] = overviewOf(
    [facts(parseKioskId('WIS00001'))],
    [at(parseKioskId('WIS00001'), 'PRODUCTION_ERROR', { errorCode: '__proto__' })],
  );
  expect(kiosk?.failedByErrorCode).toEqual([{ errorCode: '__proto__', count: 1 }]);
});

function ready(age: number): JournalCard {
  const one = card({ production: production('READY'), age });
  return { card: one, attempt: null, changedAt: null, createdAt: null };
}

test('days of cards that no kiosk has', () => {
  const cards = [ready(DAY), ready(55 * DAY), ready(59 * DAY), ready(62 * DAY)];
  expect(countDays(cards)).toEqual({ expiringSoon: 2, expired: 1 });
});

describe('a kiosk id', () => {
  test.each(['WIS00001', 'k', 'Zürich-Hauptbahnhof/3', '42', '東京'])(
    'the kiosk id %s is accepted',
    (text) => {
      expect(parseKioskId(text)).toBe(text);
    },
  );

  test.each(['', ' ', 'WIS 1', 'WIS1\n', 'WIS1\u202e', '\u001b[2J', 'x'.repeat(101)])('is not %j', (text) => {
    expect(() => parseKioskId(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
