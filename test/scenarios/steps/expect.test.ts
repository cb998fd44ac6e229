import { describe, expect, test } from 'vitest';
import type { Card } from '../../../src/domain/card.ts';
import { parseCardToken, parseKioskId } from '../../../src/domain/ids.ts';
import { meets, type Seen } from '../../../src/scenarios/steps/expect.ts';
import { EXPECTED_FIELDS, type Expectation } from '../../../src/scenarios/steps/expectation.ts';

const CARD: Card = {
  profileId: 1001,
  orderId: 501,
  cardToken: parseCardToken('bb7d9be0-eae3-4945-90a7-32951961c9f5'),
  orderStatus: 'CARD_DETAILS_CREATED',
  stage: 'failed',
  attempt: 2,
  attemptId: 'a2',
  production: {
    status: 'PRODUCTION_ERROR',
    kioskId: parseKioskId('WIS00001'),
    occurredAt: '2026-03-01T12:00:00.000Z',
    errorCode: 'CB_NOT_AVAILABLE',
    description: null,
  },
  ageDays: 3,
  daysLeft: 57,
  next: null,
  nextArgv: null,
};

const SEEN: Seen = {
  card: CARD,
  last: {
    exitCode: 5,
    durationMs: 12_400,
    error: {
      code: 'production-failed',
      message: '',
      hint: '',
      details: { errorCode: 'CB_NOT_AVAILABLE' },
    },
  },
  events: ['IN_PROGRESS', 'PRODUCTION_ERROR'],
};

const NOTHING: Seen = { card: null, last: null, events: [] };

/** What did not hold, a line each. */
function unmet(expectation: Expectation, seen = SEEN): string[] {
  return meets(expectation, seen).map(
    ({ field, expected, actual }) => `${field}: ${expected}, not ${actual}`,
  );
}

describe('an expectation that holds', () => {
  test.each<[Expectation]>([
    [{ stage: 'failed', attempt: 2, orderStatus: 'CARD_DETAILS_CREATED', daysLeft: 57 }],
    [{ 'production.status': 'PRODUCTION_ERROR', 'production.kioskId': 'WIS00001' }],
    [{ stage: ['ready', 'failed'] }],
    [{ stage: { not: 'produced' } }],
    [{ stage: { not: ['produced', 'ready'] } }],
    [{ attempt: { min: 2, max: 2 }, ageDays: { max: 3 }, daysLeft: { min: 57, not: 60 } }],
    [{ exitCode: 5, error: 'production-failed', errorCode: 'CB_NOT_AVAILABLE' }],
    [{ advice: 'after-fix', owner: 'wise' }],
    [{ duration: { min: 12_000, max: 13_000 } }],
    [{ event: 'PRODUCTION_ERROR' }],
    [{ event: ['PRODUCED', 'IN_PROGRESS'] }],
    [{ event: { not: 'PRODUCED' } }],
    [{ 'production.description': null, next: null }],
  ])('reports nothing: %j', (expectation) => {
    expect(unmet(expectation)).toEqual([]);
  });
});

describe('an expectation that does not hold', () => {
  test.each<[Expectation, string]>([
    [{ stage: 'produced' }, 'stage: produced, not failed'],
    [{ stage: ['ready', 'produced'] }, 'stage: ready or produced, not failed'],
    [{ stage: { not: 'failed' } }, 'stage: not failed, not failed'],
    [{ attempt: { min: 3 } }, 'attempt: at least 3, not 2'],
    [{ duration: { max: 3_000 } }, 'duration: at most 3s, not 12s'],
    [{ duration: { min: 20_000, max: 90_000 } }, 'duration: at least 20s and at most 1m 30s, not 12s'],
    [{ exitCode: 0 }, 'exitCode: 0, not 5'],
    [{ error: null }, 'error: nothing, not production-failed'],
    [{ owner: 'operations' }, 'owner: operations, not wise'],
    [{ event: 'PRODUCED' }, 'event: PRODUCED, not IN_PROGRESS, PRODUCTION_ERROR'],
    [{ event: { not: ['IN_PROGRESS'] } }, 'event: not IN_PROGRESS, not IN_PROGRESS, PRODUCTION_ERROR'],
  ])('is described in words: %j', (expectation, line) => {
    expect(unmet(expectation)).toEqual([line]);
  });
});

test('every field is null without a card and a previous step', () => {
  for (const name of EXPECTED_FIELDS) {
    if (name === 'event') continue;
    expect(unmet({ [name]: null }, NOTHING), name).toEqual([]);
    expect(unmet({ [name]: { min: 0 } }, NOTHING), name).toHaveLength(1);
  }
  expect(unmet({ event: 'PRODUCED' }, NOTHING)).toEqual(['event: PRODUCED, not no event']);
});

test('the expected error is that of the previous step, otherwise that of the production', () => {
  const refused: Seen = {
    ...SEEN,
    last: {
      exitCode: 8,
      durationMs: 1,
      error: { code: 'production-refused', message: '', hint: '', details: { errorCode: 'UNKNOWN_ERROR' } },
    },
  };
  // UNKNOWN_ERROR is in both catalogues; as an answer to a request it says nothing about whether the request arrived.
  expect(unmet({ errorCode: 'UNKNOWN_ERROR', advice: 'reconcile' }, refused)).toEqual([]);
  expect(unmet({ errorCode: 'CB_NOT_AVAILABLE', owner: 'wise' }, { ...SEEN, last: null })).toEqual([]);
});

test('every single-valued field of a card can be expected', () => {
  const { production, nextArgv, ...flat } = CARD;
  const names = [
    ...Object.keys(flat),
    ...Object.keys(production ?? {}).map((field) => `production.${field}`),
  ];
  const known = new Set(EXPECTED_FIELDS);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(nextArgv).toBeNull();
});
