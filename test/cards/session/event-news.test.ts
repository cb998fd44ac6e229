import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNews, orderByEvents, productionByEvents } from '../../../src/cards/session/event-news.ts';
import type { Attempt } from '../../../src/domain/attempt.ts';
import type { CardFacts } from '../../../src/domain/card.ts';
import type { KeptEvent } from '../../../src/domain/event.ts';
import { parseCardToken, parseKioskId } from '../../../src/domain/ids.ts';
import type { Production } from '../../../src/domain/production.ts';
import { attempt, orderEvent, production, productionEvent, TOKEN } from '../../harness/records.ts';

const STARTED = '2026-03-01T11:00:00.120Z';

function facts(more: Partial<CardFacts> = {}): CardFacts {
  return {
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    orderStatus: 'CARD_DETAILS_CREATED',
    production: production('IN_PROGRESS', { occurredAt: STARTED }),
    attempt: running(),
    age: 0,
    requirements: null,
    ...more,
  };
}

/** An attempt that began at 11:00:00.120 on WIS00001, on a card that was ready before. */
function running(more: Partial<Attempt> = {}): Attempt {
  return attempt('accepted', {
    baseline: production('READY', { kioskId: null, occurredAt: '2026-03-01T10:00:00.000Z' }),
    production: production('IN_PROGRESS', { occurredAt: STARTED }),
    ...more,
  });
}

function failedBefore(occurredAt: string): Production {
  return production('PRODUCTION_ERROR', { occurredAt });
}

function tell(seen: CardFacts, ...events: KeptEvent[]): Production | null {
  return productionByEvents(seen, events)?.production ?? null;
}

describe('the result of the attempt in progress', () => {
  test.each(['PRODUCED', 'PRODUCTION_ERROR'])(
    'events prove the result of an attempt by %s of the same moment',
    (status) => {
      const event = productionEvent(status);
      const { occurredAt, kioskId, errorCode, description } = event;
      expect(productionByEvents(facts(), [event])).toEqual({
        production: { status, occurredAt, kioskId, errorCode, description },
        event,
      });
    },
  );

  test('events prove the result of an attempt by a later event, however many earlier ones there are', () => {
    const later = productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:07Z' });
    const others = [productionEvent('READY'), productionEvent('IN_PROGRESS'), orderEvent('PLACED')];
    expect(tell(facts(), later, ...others)).toMatchObject({ status: 'PRODUCTION_ERROR' });
    expect(tell(facts(), ...others, later)).toMatchObject({ status: 'PRODUCTION_ERROR' });
  });

  test('an event in whole seconds proves a result if the baseline is of an earlier second, and the precise time stays', () => {
    const event = productionEvent('PRODUCED', { occurredAt: '2026-03-01T11:00:00Z' });
    expect(tell(facts(), event)).toMatchObject({ status: 'PRODUCED', occurredAt: STARTED });
    const retried = running({ baseline: failedBefore('2026-03-01T10:59:59.900Z') });
    expect(tell(facts({ attempt: retried }), event)).toMatchObject({ occurredAt: STARTED });
  });

  test('events prove the result of an attempt although the API lags behind the answer', () => {
    const lagging = facts({ production: failedBefore('2026-03-01T10:00:00.000Z') });
    expect(tell(lagging, productionEvent('PRODUCED'))).toMatchObject({ status: 'PRODUCED' });
  });

  test('the result of an attempt of another system, whose baseline is unknown, is proven only by an event of the same moment', () => {
    const observed = facts({ attempt: running({ origin: 'observed', baseline: null }) });
    expect(tell(observed, productionEvent('PRODUCED'))).not.toBeNull();
    expect(tell(observed, productionEvent('PRODUCED', { occurredAt: '2026-03-01T11:00:00Z' }))).toBeNull();
  });
});

describe('events that prove nothing', () => {
  const retried = facts({ attempt: running({ baseline: failedBefore('2026-03-01T11:00:00.050Z') }) });
  const cases: [string, CardFacts, KeptEvent[]][] = [
    ['no event', facts(), []],
    ['a test notification', facts(), [productionEvent('PRODUCED', { isTest: true })]],
    ['a hint', facts(), [productionEvent('PRODUCED', { isVerified: false })]],
    ['another card', facts(), [productionEvent('PRODUCED', { cardToken: null })]],
    ['another profile', facts(), [productionEvent('PRODUCED', { profileId: 1002 })]],
    ['another kiosk', facts(), [productionEvent('PRODUCED', { kioskId: parseKioskId('WIS00002') })]],
    ['no kiosk', facts(), [productionEvent('PRODUCED', { kioskId: null })]],
    ['no time', facts(), [productionEvent('PRODUCED', { occurredAt: null })]],
    [
      'a time that cannot be read',
      facts(),
      [productionEvent('PRODUCED', { occurredAt: '2024-01-01T12:24:560Z' })],
    ],
    ['an unknown type', facts(), [productionEvent('PRODUCED', { eventType: 'cards#card-status-change' })]],
    ['an order', facts(), [orderEvent('PRODUCED')]],
    ['a status that nobody documented', facts(), [productionEvent('POLISHED')]],
    ['a refusal', facts(), [productionEvent('REQUEST_ERROR')]],
    ['IN_PROGRESS', facts(), [productionEvent('IN_PROGRESS')]],
    ['READY', facts(), [productionEvent('READY')]],
    [
      'the failure of an earlier attempt',
      retried,
      [productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00.050Z' })],
    ],
    [
      'the failure of an earlier attempt of another system',
      facts({ attempt: running({ origin: 'observed', baseline: null }) }),
      [productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T10:59:00.000Z' })],
    ],
    [
      'whole seconds that an earlier attempt shares',
      retried,
      [productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00Z' })],
    ],
    [
      'what was there before, stamped by a clock that goes ahead',
      facts({ attempt: running({ baseline: failedBefore('2026-03-01T11:00:05.000Z') }) }),
      [productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:05.000Z' })],
    ],
    [
      'what cannot be compared with what was there before',
      facts({ attempt: running({ baseline: failedBefore('yesterday') }) }),
      [productionEvent('PRODUCTION_ERROR')],
    ],
    [
      'a result that an unreadable one may come after',
      facts(),
      [productionEvent('PRODUCTION_ERROR'), productionEvent('IN_PROGRESS', { occurredAt: null })],
    ],
    [
      'a result that another attempt came after',
      facts(),
      [
        productionEvent('PRODUCTION_ERROR'),
        productionEvent('IN_PROGRESS', { occurredAt: '2026-03-01T11:09:00Z' }),
      ],
    ],
    ['anything, without an attempt', facts({ attempt: null }), [productionEvent('PRODUCED')]],
    ...(['sent', 'unknown', 'queued', 'refused', 'failed', 'abandoned', 'not-seen'] as const).map(
      (outcome): [string, CardFacts, KeptEvent[]] => [
        `anything, for an attempt that is ${outcome}`,
        facts({ attempt: running({ outcome }) }),
        [productionEvent('PRODUCED')],
      ],
    ),
    [
      'anything, when the answer to the request said no time',
      facts({ attempt: running({ production: production('IN_PROGRESS', { occurredAt: null }) }) }),
      [productionEvent('PRODUCED')],
    ],
  ];
  test.each(cases)('an event is no news: %s', (_, seen, events) => {
    expect(productionByEvents(seen, events)).toBeNull();
  });
});

describe('READY', () => {
  const waiting = facts({ production: null, attempt: null });

  test('READY is proven if no production was read before', () => {
    expect(tell(waiting, productionEvent('READY'), orderEvent('CARD_DETAILS_CREATED'))).toMatchObject({
      status: 'READY',
    });
  });

  test.each<[string, CardFacts, KeptEvent[]]>([
    ['after an attempt', facts({ production: null }), []],
    ['of a card that was seen', facts({ attempt: null }), []],
    ['while the order is behind', { ...waiting, orderStatus: 'REQUIREMENTS_FULFILLED' }, []],
    ['of an order that was cancelled', waiting, [orderEvent('CANCELLED')]],
    ['before something later', waiting, [productionEvent('IN_PROGRESS')]],
    [
      'of a time that cannot be read',
      waiting,
      [productionEvent('READY', { occurredAt: null, sentAt: null })],
    ],
  ])('READY %s is left to the API', (_, seen, events) => {
    expect(tell(seen, productionEvent('READY'), ...events)).toBeNull();
  });
});

function at(time: string): { occurredAt: string } {
  return { occurredAt: `2026-03-01T${time}Z` };
}

function tellOrder(seen: CardFacts, ...events: KeptEvent[]) {
  const told = orderByEvents(seen, events);
  return told && [told.orderStatus, told.cardToken, told.event.id];
}

describe('an order', () => {
  const CREATED = '2026-03-01T10:59:00.000Z';
  const nothing = { cardToken: null, production: null, attempt: null };
  const ordered = facts({ ...nothing, orderStatus: 'REQUIREMENTS_FULFILLED', orderedAt: CREATED });
  const fulfilled = orderEvent('REQUIREMENTS_FULFILLED', { cardToken: null, ...at('10:59:00.000') });
  const created = orderEvent('CARD_DETAILS_CREATED', at('11:00:00.120'));

  test.each<[string, CardFacts, KeptEvent[], [string, string | null, number]]>([
    ['its card', ordered, [created], ['CARD_DETAILS_CREATED', TOKEN, created.id]],
    [
      'its card, after more of it',
      ordered,
      [created, fulfilled],
      ['CARD_DETAILS_CREATED', TOKEN, created.id],
    ],
    [
      'that its requirements are met',
      { ...ordered, orderStatus: 'PLACED' },
      [fulfilled, orderEvent('PLACED', { cardToken: null, ...at('10:58:00') })],
      ['REQUIREMENTS_FULFILLED', null, fulfilled.id],
    ],
    [
      'its card, which was not seen with it',
      { ...ordered, orderStatus: 'CARD_DETAILS_CREATED' },
      [created],
      ['CARD_DETAILS_CREATED', TOKEN, created.id],
    ],
    [
      'how it went on, of a card that was seen',
      { ...ordered, cardToken: TOKEN },
      [created],
      ['CARD_DETAILS_CREATED', TOKEN, created.id],
    ],
    [
      'its card, whatever the card itself says',
      ordered,
      [created, productionEvent('READY'), productionEvent('IN_PROGRESS')],
      ['CARD_DETAILS_CREATED', TOKEN, created.id],
    ],
    [
      'its card, whatever is a test or a hint',
      ordered,
      [created, orderEvent('CANCELLED', { isTest: true }), orderEvent('CANCELLED', { isVerified: false })],
      ['CARD_DETAILS_CREATED', TOKEN, created.id],
    ],
  ])('events of an order prove %s', (_, seen, events, expected) => {
    expect(tellOrder(seen, ...events)).toEqual(expected);
    expect(tellOrder(seen, ...events.toReversed())).toEqual(expected);
  });

  const OTHER_TOKEN = parseCardToken('11111111-1e14-4464-a1ce-dcea7dc3de52');
  test.each<[string, CardFacts, KeptEvent[]]>([
    ['no event', ordered, []],
    ['a test', ordered, [{ ...created, isTest: true }]],
    ['a hint', ordered, [{ ...created, isVerified: false }]],
    ['another order', ordered, [{ ...created, orderId: 502 }]],
    ['no order', ordered, [{ ...created, orderId: null }]],
    ['another profile', ordered, [{ ...created, profileId: 1002 }]],
    ['no card', ordered, [{ ...created, cardToken: null }]],
    ['two cards', ordered, [created, orderEvent('PLACED', { cardToken: OTHER_TOKEN, ...at('10:58:00') })]],
    ['another card than was seen', { ...ordered, cardToken: OTHER_TOKEN }, [created]],
    ['what was seen', ordered, [fulfilled]],
    ['what was before', facts({ ...nothing, cardToken: TOKEN }), [fulfilled]],
    ['what is older than the order', ordered, [{ ...created, ...at('10:58:59.999') }]],
    ['a time that cannot be read', ordered, [{ ...created, occurredAt: 'soon' }]],
    [
      'whole seconds in which both happened',
      ordered,
      [
        { ...created, ...at('11:00:00') },
        { ...fulfilled, ...at('11:00:00.500') },
      ],
    ],
    ['a cancellation', ordered, [created, orderEvent('CANCELLED', at('11:00:01'))]],
    ['an earlier cancellation', ordered, [created, orderEvent('CANCELLED', at('10:59:30'))]],
    ['a return', ordered, [created, orderEvent('RETURNED', at('10:59:30'))]],
    ['a status that nobody documented', ordered, [created, orderEvent('ENGRAVED', at('10:59:30'))]],
    [
      'an event of another schema',
      ordered,
      [created, orderEvent('PLACED', { status: null, ...at('10:59:30') })],
    ],
    ['an order that was produced', ordered, [created, orderEvent('PRODUCED', at('11:00:01'))]],
    ['an order that was cancelled, by what was seen', { ...ordered, orderStatus: 'CANCELLED' }, [created]],
    ['an order of which nothing was seen', { ...ordered, orderStatus: null }, [created]],
    ['a production', ordered, [productionEvent('READY')]],
  ])('events of an order prove nothing by %s', (_, seen, events) => {
    expect(tellOrder(seen, ...events)).toBeNull();
  });

  test('events of an order prove the same in any order and number, and never an earlier status', () => {
    const pool = [
      fulfilled,
      created,
      orderEvent('PLACED', { cardToken: null, ...at('10:58:00') }),
      orderEvent('PRODUCED', at('11:00:05')),
      orderEvent('CANCELLED', at('10:59:30')),
      orderEvent('CARD_DETAILS_CREATED', { cardToken: OTHER_TOKEN, ...at('11:00:02') }),
      orderEvent('PLACED', { cardToken: null, occurredAt: null, sentAt: null }),
      orderEvent('CARD_DETAILS_CREATED', at('11:00:00')),
    ];
    const rank = ['PLACED', 'REQUIREMENTS_FULFILLED', 'CARD_DETAILS_CREATED'];
    const some = fc
      .subarray(pool)
      .chain((events) =>
        fc.tuple(
          fc.constant(events),
          fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
        ),
      );
    fc.assert(
      fc.property(some, fc.constantFrom(...rank), ([events, shuffled], orderStatus) => {
        const seen = { ...ordered, orderStatus };
        const told = orderByEvents(seen, events);
        expect(orderByEvents(seen, shuffled)).toEqual(told);
        if (told) expect(rank.indexOf(told.orderStatus)).toBeGreaterThanOrEqual(rank.indexOf(orderStatus));
      }),
    );
  });
});

describe('news', () => {
  const cases: [string, boolean, CardFacts, KeptEvent][] = [
    ['a result', true, facts(), productionEvent('PRODUCED')],
    ['a hint of a result', true, facts(), productionEvent('PRODUCED', { isVerified: false })],
    ['an unreadable time', true, facts(), productionEvent('PRODUCTION_ERROR', { occurredAt: 'soon' })],
    ['another kiosk', true, facts(), productionEvent('PRODUCED', { kioskId: parseKioskId('WIS00002') })],
    [
      'a later attempt',
      true,
      facts(),
      productionEvent('IN_PROGRESS', { occurredAt: '2026-03-01T11:00:01Z' }),
    ],
    [
      'a failure in the same second',
      true,
      facts(),
      productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00Z' }),
    ],
    ['a status that nobody documented', true, facts(), productionEvent('POLISHED')],
    ['anything, while nothing was seen', true, facts({ production: null }), productionEvent('READY')],
    ['an order that went on', true, facts(), orderEvent('PRODUCED')],
    ['an order that was cancelled', true, facts(), orderEvent('CANCELLED')],
    ['an order nobody saw before', true, facts({ orderStatus: null }), orderEvent('PLACED')],
    ['a test notification', false, facts(), productionEvent('PRODUCED', { isTest: true })],
    ['what the API showed', false, facts(), productionEvent('IN_PROGRESS')],
    [
      'what it showed, in whole seconds',
      false,
      facts(),
      productionEvent('IN_PROGRESS', { occurredAt: '2026-03-01T11:00:00Z' }),
    ],
    [
      'an earlier attempt',
      false,
      facts(),
      productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-01T10:59:00.000Z' }),
    ],
    ['a late READY', false, facts(), productionEvent('READY', { occurredAt: null })],
    [
      'anything after PRODUCED',
      false,
      facts({ production: production('PRODUCED') }),
      productionEvent('PRODUCTION_ERROR', { occurredAt: '2026-03-02T11:00:00.000Z' }),
    ],
    ['an order as it was', false, facts(), orderEvent('CARD_DETAILS_CREATED')],
    ['an order as it was before', false, facts(), orderEvent('PLACED')],
    [
      'an unknown type',
      false,
      facts(),
      productionEvent('PRODUCED', { eventType: 'cards#card-status-change' }),
    ],
  ];
  test.each(cases)('%s: %s', (_, expected, seen, event) => {
    expect(isNews(seen, event)).toBe(expected);
  });
});
