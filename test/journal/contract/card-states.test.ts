import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { KeptEvent } from '../../../src/domain/event.ts';
import { parseCardToken, parseKioskId } from '../../../src/domain/ids.ts';
import type { CardState, CardStateFilter, Journal } from '../../../src/journal/journal.ts';
import { type Fixture, known } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { OTHER_TOKEN, orderEvent, production, productionEvent, TOKEN } from '../../harness/records.ts';

async function keep(into: Journal, ...events: KeptEvent[]): Promise<void> {
  for (const { deliveryId, isTest, isVerified, receivedAt, id: _, ...event } of events) {
    const body = Buffer.from(JSON.stringify(event));
    const signature = isVerified ? 'signed' : null;
    await into.keepEvent({ deliveryId, isTest, isVerified, signature, body, receivedAt, event });
  }
}

describe.each(JOURNALS)('the card states of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  async function only(filter: CardStateFilter = {}): Promise<CardState | undefined> {
    const states = await journal.listCardStates(filter);
    expect(states.length).toBeLessThanOrEqual(1);
    return states[0];
  }

  test('a filter with an empty list of kiosks or actions matches nothing', async () => {
    await keep(journal, productionEvent('IN_PROGRESS'));
    expect(await journal.listCardStates({ kioskIds: [] })).toEqual([]);
    expect(await journal.listActions({ kioskIds: [] })).toEqual([]);
    expect(await journal.listActions({ actions: [] })).toEqual([]);
  });

  describe('what events say', () => {
    test('an event adds a card of another system, with its order and its kiosk', async () => {
      await keep(
        journal,
        productionEvent('IN_PROGRESS'),
        productionEvent('PRODUCTION_ERROR'),
        orderEvent('CARD_DETAILS_CREATED'),
      );
      expect(await only()).toMatchObject({
        profileId: 1001,
        orderId: 501,
        cardToken: TOKEN,
        orderStatus: 'CARD_DETAILS_CREATED',
        production: {
          status: 'PRODUCTION_ERROR',
          kioskId: parseKioskId('WIS00001'),
          errorCode: 'PRD_HOPPER_DOOR',
        },
        changedAt: Date.parse('2026-03-01T11:00:00.120Z'),
        attempt: null,
      });
      expect(await journal.listKiosks()).toEqual([
        { kioskId: parseKioskId('WIS00001'), lastProducedAt: null },
      ]);
    });

    test.each<[string, Partial<KeptEvent>]>([
      ['without a signature', { isVerified: false }],
      ['in a test', { isTest: true }],
      ['of nobody', { profileId: null }],
    ])('%s tells nothing', async (_, more) => {
      await keep(journal, productionEvent('PRODUCED', more));
      expect(await only()).toBeUndefined();
    });

    test('an event is applied if it is later than the last read, and ignored if it is earlier', async () => {
      await journal.rememberCard(known(), fixture.now);
      const told = production('PRODUCTION_ERROR', {
        occurredAt: '2026-03-01T12:00:00.000Z',
        errorCode: 'PRT_RIBBON',
      });
      await journal.rememberProduction(TOKEN, told, fixture.now);
      await keep(journal, productionEvent('IN_PROGRESS'));
      expect(await only()).toMatchObject({ production: told });
      await keep(journal, productionEvent('IN_PROGRESS', { occurredAt: '2026-03-01T13:00:00.000Z' }));
      expect(await only()).toMatchObject({ production: { status: 'IN_PROGRESS' } });
    });

    test('an event with an invalid time has the time of its arrival', async () => {
      await keep(journal, productionEvent('PRODUCED', { occurredAt: 'soon', receivedAt: 4_711 }));
      expect(await only()).toMatchObject({ changedAt: 4_711 });
    });

    test('an event affects only the cards of its environment', async () => {
      await keep(fixture.open('production'), productionEvent('PRODUCED'));
      expect(await only()).toBeUndefined();
    });

    test('the cards of new events are listed by token and by order, in any status', async () => {
      await journal.rememberCard(known({ cardToken: OTHER_TOKEN, orderId: 502 }), fixture.now);
      await keep(journal, productionEvent('IN_PROGRESS', { cardToken: TOKEN }));
      const before = await journal.latestEventId();
      expect(await journal.listCardsOfEvents(before)).toEqual([]);
      const listed = async () =>
        (await journal.listCardsOfEvents(before)).map(
          ({ cardToken, isUnfinished }) => [cardToken, isUnfinished] as const,
        );
      await keep(journal, orderEvent('CANCELLED', { cardToken: null, orderId: 502 }));
      expect(await listed()).toEqual([[OTHER_TOKEN, false]]);
      await keep(journal, productionEvent('PRODUCTION_ERROR', { cardToken: TOKEN }));
      expect(new Map(await listed())).toEqual(
        new Map([
          [OTHER_TOKEN, false],
          [TOKEN, true],
        ]),
      );
    });

    test('events are projected in batches, each event once', async () => {
      const events = Array.from({ length: 450 }, (_, index) =>
        productionEvent('PRODUCED', {
          cardToken: parseCardToken(`ca0c8154-1e14-4464-a1ce-${String(index).padStart(12, '0')}`),
        }),
      );
      await keep(journal, ...events);
      expect([await journal.projectEvents(), await journal.projectEvents()]).toEqual([false, false]);
      expect([await journal.projectEvents(), await journal.projectEvents()]).toEqual([true, true]);
      expect(await journal.listCardStates({})).toHaveLength(450);
    });

    test('events produce the same cards in any order of arrival and projection', async () => {
      const times = ['2026-03-01T11:00:00.120Z', '2026-03-01T11:30:00Z', '2026-03-01T12:00:00.000Z'];
      const event = fc.record({
        status: fc.constantFrom('READY', 'IN_PROGRESS', 'PRODUCTION_ERROR', 'PRODUCED'),
        occurredAt: fc.constantFrom(...times),
        cardToken: fc.constantFrom(TOKEN, OTHER_TOKEN),
        isFolded: fc.boolean(),
      });
      const orders = fc.constantFrom<string[]>([], ['PRODUCED'], ['CANCELLED', 'PRODUCED']);
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { maxLength: 8 }),
          orders,
          fc.boolean(),
          async (given, statuses, isTurned) => {
            const events = given.map(({ isFolded, ...more }) => ({
              isFolded,
              event: productionEvent(more.status, more),
            }));
            const more = statuses.map((status) => ({ isFolded: false, event: orderEvent(status) }));
            const all = [...events, ...more];
            const states = async (list: typeof all) => {
              const memory = fixture.openEmpty();
              for (const { isFolded, event: one } of list) {
                await keep(memory, one);
                if (isFolded) await memory.projectEvents();
              }
              const result = await memory.listCardStates({});
              await memory.close();
              return result.toSorted((left, right) =>
                String(left.cardToken) < String(right.cardToken) ? -1 : 1,
              );
            };
            expect(await states(isTurned ? all.toReversed() : [...all, ...all])).toEqual(await states(all));
          },
        ),
        { numRuns: fixture.repetitions },
      );
    });
  });

  describe('a list of cards', () => {
    const WIS2 = { kioskIds: ['WIS00002'].map(parseKioskId) };

    test('the cards of a kiosk are those with a production or an attempt there', async () => {
      await journal.rememberCard(known(), fixture.now);
      expect(await only(WIS2)).toBeUndefined();
      await fixture.sent(journal);
      await journal.rememberProduction(
        TOKEN,
        production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }),
        fixture.now,
      );
      expect(await only(WIS2)).toMatchObject({
        cardToken: TOKEN,
        attempt: { kioskId: parseKioskId('WIS00001'), outcome: 'sent' },
      });
      expect(await only({ kioskIds: [parseKioskId('WIS00003'), parseKioskId('WIS00001')] })).toMatchObject({
        cardToken: TOKEN,
      });
      expect(await only({ kioskIds: [parseKioskId('WIS00003')] })).toBeUndefined();
      expect((await journal.listKiosks()).map(({ kioskId }) => kioskId)).toEqual(['WIS00001', 'WIS00002']);
    });

    test.each([
      ['an order that ended', known({ orderStatus: 'CANCELLED' }), null],
      ['a production that ended well', known(), production('PRODUCED')],
    ])('that are unfinished leaves out %s, unless an attempt is open', async (_, card, said) => {
      await journal.rememberCard(card, fixture.now);
      await journal.rememberProduction(TOKEN, said, fixture.now);
      expect(await only({ isUnfinished: true })).toBeUndefined();
      await fixture.claimed(journal);
      expect(await only({ isUnfinished: true })).toBeUndefined();
      await journal.release((await fixture.claimed(journal)).attempt);
      await fixture.sent(journal);
      expect(await only({ isUnfinished: true })).toMatchObject({ cardToken: TOKEN });
    });

    test('unfinished cards include those without known status', async () => {
      await journal.rememberCard(known({ cardToken: null }), fixture.now);
      expect(await only({ isUnfinished: true })).toMatchObject({ orderId: 501, production: null });
    });

    test('hundreds of unfinished cards are read in pages, each once, and other work continues in between', async () => {
      const orders = Array.from({ length: 320 }, (_, index) => index + 1);
      const remember = async (orderId: number) => {
        const orderStatus = orderId % 16 === 0 ? 'COMPLETED' : 'PLACED';
        await journal.rememberCard(known({ cardToken: null, orderId, orderStatus }), fixture.now);
      };
      await Promise.all(orders.map(remember));
      let hasContinued = false;
      setImmediate(() => void (hasContinued = true));
      const found = await journal.listCardStates({ isUnfinished: true });
      expect(
        found.map(({ orderId }) => orderId).toSorted((left, right) => (left ?? 0) - (right ?? 0)),
      ).toEqual(orders.filter((orderId) => orderId % 16 !== 0));
      expect(hasContinued).toBe(true);
    });

    test('card states can be selected by token and by order', async () => {
      await journal.rememberCard(known(), fixture.now);
      await journal.rememberCard(known({ cardToken: OTHER_TOKEN, orderId: 502 }), fixture.now);
      expect(await only({ card: { cardToken: OTHER_TOKEN, orderId: null } })).toMatchObject({ orderId: 502 });
      expect(await only({ card: { cardToken: null, orderId: 501 } })).toMatchObject({ cardToken: TOKEN });
      expect(await only({ card: { cardToken: null, orderId: 7 } })).toBeUndefined();
    });
  });

  test('a kiosk has the time of its last production', async () => {
    for (const [index, cardToken] of [TOKEN, OTHER_TOKEN].entries()) {
      await journal.rememberCard(known({ cardToken, orderId: 501 + index }), fixture.now);
      const occurredAt = `2026-03-01T1${index}:00:00.000Z`;
      await journal.rememberProduction(cardToken, production('PRODUCED', { occurredAt }), fixture.now);
    }
    expect(await journal.listKiosks()).toEqual([
      { kioskId: parseKioskId('WIS00001'), lastProducedAt: Date.parse('2026-03-01T11:00:00.000Z') },
    ]);
  });
});
