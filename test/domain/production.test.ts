import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLater, type Production } from '../../src/domain/production.ts';
import { production } from '../harness/records.ts';

const KNOWN = ['READY', 'IN_PROGRESS', 'REQUEST_ERROR', 'PRODUCTION_ERROR', 'PRODUCED'];
const MOVING = ['IN_PROGRESS', 'REQUEST_ERROR', 'PRODUCTION_ERROR'];

/** Few moments, so that they often meet, in every way in which the vendor writes them. */
const moment = fc.constantFrom(
  '2026-03-01T10:00:00Z',
  '2026-03-01T10:00:00.000Z',
  '2026-03-01T10:00:00.500Z',
  '2026-03-01T11:00:00.500+01:00',
  '2026-03-01T10:00:00.500123456Z',
  '2026-03-01T10:00:01Z',
  '2026-03-01T10:00:01.001Z',
  '2026-03-01T10:00:02.999Z',
);
const time = fc.oneof(
  { weight: 8, arbitrary: moment },
  fc.constantFrom('2024-01-01T12:24:560Z', 'soon', null),
);
const any: fc.Arbitrary<Production> = fc
  .tuple(fc.constantFrom(...KNOWN, 'MELTED'), time)
  .map(([status, occurredAt]) => production(status, { occurredAt }));
const ofStatuses = (statuses: string[], when = moment): fc.Arbitrary<Production> =>
  fc
    .tuple(fc.constantFrom(...statuses), when)
    .map(([status, occurredAt]) => production(status, { occurredAt }));

describe('which production came later', () => {
  test('no production is later than itself', () => {
    fc.assert(
      fc.property(any, (one) => {
        expect(isLater(one, { ...one })).not.toBe(true);
      }),
    );
  });

  test('no two productions are each later than the other', () => {
    fc.assert(
      fc.property(any, any, (one, other) => {
        expect(isLater(one, other) === true && isLater(other, one) === true).toBe(false);
      }),
    );
  });

  test('every known status is later than READY, and READY later than none', () => {
    fc.assert(
      fc.property(ofStatuses(KNOWN.slice(1), time as typeof moment), time, (one, occurredAt) => {
        const ready = production('READY', { occurredAt });
        expect(isLater(one, ready)).toBe(true);
        expect(isLater(ready, one)).toBe(false);
      }),
    );
  });

  test('every known status but READY is later than no production', () => {
    fc.assert(
      fc.property(ofStatuses(KNOWN, time as typeof moment), (one) => {
        expect(isLater(one, null)).toBe(one.status !== 'READY');
      }),
    );
  });

  test('no status is later than PRODUCED, and PRODUCED later than all others', () => {
    fc.assert(
      fc.property(ofStatuses(MOVING, time as typeof moment), time, (one, occurredAt) => {
        const produced = production('PRODUCED', { occurredAt });
        expect(isLater(produced, one)).toBe(true);
        expect(isLater(one, produced)).toBe(false);
        expect(isLater(produced, { ...produced, occurredAt: '2020-01-01T00:00:00Z' })).toBe(false);
      }),
    );
  });

  test('times that are a second or more apart decide, whatever the statuses', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...MOVING),
        fc.constantFrom(...MOVING),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 1_000, max: 10_000_000 }),
        fc.boolean(),
        (early, late, start, gap, isCoarse) => {
          const cut = (text: string) => (isCoarse ? text.replace(/\.\d+/, '') : text);
          const before = production(early, { occurredAt: new Date(start).toISOString() });
          const after = production(late, { occurredAt: cut(new Date(start + gap).toISOString()) });
          expect(isLater(after, before)).toBe(true);
          expect(isLater(before, after)).toBe(false);
        },
      ),
    );
  });

  test('the order of productions with equally precise times is transitive', () => {
    const precise = moment.filter((text) => text.includes('.'));
    const known = ofStatuses(KNOWN, precise);
    fc.assert(
      fc.property(known, known, known, (a, b, c) => {
        fc.pre(isLater(b, a) === true && isLater(c, b) === true);
        expect(isLater(c, a)).toBe(true);
      }),
    );
  });

  test.each([
    ['IN_PROGRESS', 'PRODUCTION_ERROR', true],
    ['IN_PROGRESS', 'PRODUCED', true],
    ['PRODUCTION_ERROR', 'IN_PROGRESS', false],
    ['PRODUCTION_ERROR', 'PRODUCTION_ERROR', false],
    ['IN_PROGRESS', 'IN_PROGRESS', false],
    ['PRODUCTION_ERROR', 'REQUEST_ERROR', false],
  ])('at the same time, after %s %s comes later: %s', (earlier, status, later) => {
    for (const occurredAt of [
      '2026-03-01T10:00:00.500Z',
      '2026-03-01T10:00:00Z',
      '2026-03-01T12:00:00.500+02:00',
    ]) {
      expect(
        isLater(
          production(status, { occurredAt }),
          production(earlier, { occurredAt: '2026-03-01T10:00:00.500Z' }),
        ),
      ).toBe(later);
    }
  });

  test.each([
    ['unreadable', '2024-01-01T12:24:560Z'],
    ['missing', null],
    ['a day that does not exist', '2026-02-30T10:00:00.000Z'],
  ])('a time that is %s decides nothing', (_, occurredAt) => {
    const clear = production('IN_PROGRESS');
    const blurred = production('PRODUCTION_ERROR', { occurredAt });
    expect(isLater(blurred, clear)).toBeUndefined();
    expect(isLater(clear, blurred)).toBeUndefined();
  });

  test.each(['MELTED', 'constructor', '__proto__', ''])(
    'the status %j, which nobody documented, decides nothing',
    (status) => {
      expect(isLater(production(status), production('READY'))).toBeUndefined();
      expect(isLater(production(status), null)).toBeUndefined();
    },
  );
});
