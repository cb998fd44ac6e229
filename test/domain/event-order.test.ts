import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { projectEvents } from '../../src/domain/event-order.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { orderEvent, productionEvent } from '../harness/records.ts';

const event = productionEvent;

describe('the production', () => {
  test('the production of no events is unknown', () => {
    expect(projectEvents([]).production).toEqual({ latest: null, isCertain: false });
    expect(projectEvents([orderEvent('PLACED')]).production.latest).toBeNull();
  });

  test('the production is that of the last event by time, however late the others arrive', () => {
    const failed = event('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00.120Z', sentAt: null });
    const again = event('IN_PROGRESS', { occurredAt: '2026-03-01T11:05:00.000Z' });
    const early = event('READY', { occurredAt: '2026-03-01T10:00:00.000Z' });
    for (const events of [
      [failed, again, early],
      [again, failed, early],
      [early, again, failed],
    ])
      expect(projectEvents(events).production).toEqual({ latest: again, isCertain: true });
  });

  test.each([
    ['READY', 'IN_PROGRESS'],
    ['IN_PROGRESS', 'PRODUCTION_ERROR'],
    ['IN_PROGRESS', 'PRODUCED'],
  ])('at equal times the production goes from %s to %s', (before, after) => {
    const events = [event(after), event(before)];
    expect(projectEvents(events).production).toEqual({ latest: events[0], isCertain: true });
  });

  test('a PRODUCED production stays so, whatever the times of other events', () => {
    const produced = event('PRODUCED', { occurredAt: '2026-03-01T11:00:00.120Z' });
    const later = event('PRODUCTION_ERROR', { occurredAt: '2026-03-02T11:00:00.120Z' });
    expect(projectEvents([produced, later]).production).toEqual({ latest: produced, isCertain: true });
  });

  test('the production of events with overlapping times is a guess', () => {
    const failed = event('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00Z' });
    const again = event('IN_PROGRESS', { occurredAt: '2026-03-01T11:00:00.900Z' });
    expect(projectEvents([failed, again]).production).toEqual({ latest: failed, isCertain: false });
    const nextSecond = event('IN_PROGRESS', { occurredAt: '2026-03-01T11:00:01.000Z' });
    expect(projectEvents([failed, nextSecond]).production).toEqual({ latest: nextSecond, isCertain: true });
  });

  test('the production of an event with an invalid time is a guess, unless a later event is certain', () => {
    const unreadable = event('PRODUCTION_ERROR', {
      occurredAt: '2024-01-01T12:24:560Z',
      sentAt: '2026-03-01T11:00:00.000Z',
    });
    expect(projectEvents([unreadable]).production).toEqual({ latest: unreadable, isCertain: false });
    const before = event('IN_PROGRESS', { occurredAt: '2026-03-01T10:59:00.000Z' });
    expect(projectEvents([unreadable, before]).production.isCertain).toBe(false);
    const after = event('IN_PROGRESS', { occurredAt: '2026-03-01T11:00:00.500Z' });
    expect(projectEvents([unreadable, after]).production).toEqual({ latest: after, isCertain: true });
  });

  test('the production of an undocumented status is a guess', () => {
    const odd = event('POLISHING', { occurredAt: '2026-03-01T11:05:00.000Z' });
    expect(projectEvents([odd, event('IN_PROGRESS')]).production).toEqual({ latest: odd, isCertain: false });
  });

  test('a repeated event keeps its earliest sent_at', () => {
    const first = event('IN_PROGRESS', { sentAt: '2026-03-01T11:00:01Z' });
    const again = { ...first, id: 99, sentAt: '2026-03-01T12:00:00Z' };
    const never = { ...first, id: 100, sentAt: null };
    expect(projectEvents([never, again, first]).production).toEqual({ latest: first, isCertain: true });
  });
});

describe('the order', () => {
  test('the order status goes by time, then by rank', () => {
    const events = ['PLACED', 'REQUIREMENTS_FULFILLED', 'CARD_DETAILS_CREATED'].map((one) => orderEvent(one));
    expect(projectEvents(events).order.latest?.status).toBe('CARD_DETAILS_CREATED');
    const cancelled = orderEvent('CANCELLED', { occurredAt: '2026-03-01T12:00:00Z' });
    expect(projectEvents([cancelled, ...events]).order).toEqual({ latest: cancelled, isCertain: false });
  });
});

const moments = [
  '2026-03-01T11:00:00Z',
  '2026-03-01T11:00:00.120Z',
  '2026-03-01T11:00:00.900Z',
  '2026-03-01T12:00:01+01:00',
  '2026-03-01T11:00:01.000Z',
  '2026-03-01T11:00:01.000000001Z',
  '2026-03-01T11:00:02Z',
  '2024-01-01T12:24:560Z',
  null,
];

/** Events of several attempts on one card: few values each, so that times overlap, are equal, or repeat often. */
const anyEvent = fc
  .record({
    status: fc.constantFrom('READY', 'IN_PROGRESS', 'PRODUCTION_ERROR', 'PRODUCED', 'REQUEST_ERROR', 'ODD'),
    kioskId: fc.constantFrom(parseKioskId('WIS00001'), parseKioskId('WIS00002'), null),
    errorCode: fc.constantFrom('PRD_HOPPER_DOOR', 'PRT_RIBBON', null),
    description: fc.constantFrom('Printer', null),
    occurredAt: fc.constantFrom(...moments),
    sentAt: fc.constantFrom(...moments),
    profileId: fc.constantFrom(1001, null),
    isOrder: fc.boolean(),
  })
  .map(({ isOrder, status, ...more }) => {
    const told = isOrder ? orderEvent(status, more) : productionEvent(status, more);
    // What the journal adds is no part of what an event says.
    return { ...told, id: 0 };
  });

describe('any order and any repetition', () => {
  test('any order and any repetition of events give the same state', () => {
    const events = fc.array(anyEvent, { maxLength: 12 });
    const shuffled = events.chain((all) =>
      fc.record({
        all: fc.constant(all),
        other: fc
          .tuple(
            fc.shuffledSubarray(all, { minLength: all.length }),
            fc.shuffledSubarray(all),
            fc.shuffledSubarray(all),
          )
          .map(([whole, ...again]) => [...again[0], ...whole, ...again[1]]),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ all, other }) => {
        expect(projectEvents(other)).toEqual(projectEvents(all));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a certain state stays when earlier events arrive', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 8 }), (events) => {
        const { latest, isCertain } = projectEvents(events).production;
        fc.pre(isCertain);
        const old = productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-02-01T00:00:00Z' });
        const { production } = projectEvents([old, ...events]);
        expect(production).toEqual(
          latest?.status === 'PRODUCED' ? { latest, isCertain } : { latest, isCertain: true },
        );
      }),
    );
  });

  test('PRODUCED absorbs all other events', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 8 }), (events) => {
        const { latest } = projectEvents([...events, productionEvent('PRODUCED')]).production;
        expect(latest?.status).toBe('PRODUCED');
      }),
    );
  });
});
