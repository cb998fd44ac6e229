import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CardToken, parseCardToken } from '../../../src/domain/ids.ts';
import type { Journal, KnownCard } from '../../../src/journal/journal.ts';
import { type Fixture, known } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { OTHER_TOKEN, TOKEN } from '../../harness/records.ts';

describe.each(JOURNALS)('the cards of $name', ({ makeFixture }) => {
  const CREATED = '2026-03-01T10:00:00.120Z';
  const KIOSK = 'KIOSK_COLLECTION';

  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  const byToken = (cardToken: CardToken) => journal.findCard({ cardToken, orderId: null });
  const byOrder = (orderId: number) => journal.findCard({ cardToken: null, orderId });

  describe('a card that is remembered', () => {
    test.each<[string, KnownCard[]]>([
      ['whole', [known({ deliveryOption: KIOSK, cardCreatedAt: CREATED })]],
      [
        'as an order, then with its card',
        [known({ cardToken: null, deliveryOption: KIOSK }), known({ cardCreatedAt: CREATED })],
      ],
      [
        'as a card, then with its order',
        [known({ orderId: null, cardCreatedAt: CREATED }), known({ deliveryOption: KIOSK })],
      ],
      [
        'as an order, as a card, then as one',
        [
          known({ cardToken: null }),
          known({ orderId: null, cardCreatedAt: CREATED }),
          known({ deliveryOption: KIOSK }),
        ],
      ],
      [
        'as an order, as a card, then as one, which says nothing new',
        [
          known({ cardToken: null, deliveryOption: KIOSK }),
          known({ orderId: null, cardCreatedAt: CREATED }),
          known(),
        ],
      ],
      [
        'whole, then in parts',
        [
          known({ deliveryOption: KIOSK, cardCreatedAt: CREATED }),
          known({ orderId: null }),
          known({ cardToken: null }),
          known(),
        ],
      ],
    ])('a card is remembered with the same fields in any order of sightings: %s', async (_, sightings) => {
      for (const card of sightings) await journal.rememberCard(card, fixture.now);
      const whole = known({ deliveryOption: KIOSK, cardCreatedAt: CREATED });
      expect(await byToken(TOKEN)).toEqual(whole);
      expect(await byOrder(501)).toEqual(whole);
      expect(await journal.listCards()).toEqual([whole]);
    });

    test('an order has another card token after the sandbox was reset', async () => {
      await journal.rememberCard(known({ cardCreatedAt: CREATED }), fixture.now);
      await journal.rememberCard(known({ cardToken: OTHER_TOKEN }), fixture.now);
      expect(await byOrder(501)).toEqual(known({ cardToken: OTHER_TOKEN }));
      expect(await byToken(TOKEN)).toBeNull();
      expect(await journal.listCards()).toHaveLength(1);
    });

    test('a card with a corrected profile belongs to the new profile', async () => {
      await journal.rememberCard(known(), fixture.now);
      await journal.rememberCard(known({ profileId: 7 }), fixture.now);
      expect(await byToken(TOKEN)).toMatchObject({ profileId: 7 });
    });

    test('an unknown card is not in the journal', async () => {
      expect(await byToken(TOKEN)).toBeNull();
      expect(await byOrder(501)).toBeNull();
      expect(await journal.findCard({ cardToken: null, orderId: null })).toBeNull();
    });
  });

  test('cards are listed newest first', async () => {
    await journal.rememberCard(known(), 1_000);
    await journal.rememberCard(known({ cardToken: OTHER_TOKEN, orderId: 502 }), 2_000);
    await journal.rememberCard(known({ cardToken: null, orderId: 503 }), 2_000);
    await journal.rememberCard(known({ deliveryOption: KIOSK }), 3_000);
    expect((await journal.listCards()).map(({ orderId }) => orderId)).toEqual([503, 502, 501]);
  });

  test('an environment does not contain the cards of another one', async () => {
    const production = fixture.open('production');
    await journal.rememberCard(known(), fixture.now);
    await production.rememberCard(known({ cardToken: OTHER_TOKEN, profileId: 7 }), fixture.now);
    expect(await byOrder(501)).toMatchObject({ cardToken: TOKEN, profileId: 1001 });
    expect(await production.listCards()).toHaveLength(1);
    expect(await journal.listCards()).toHaveLength(1);
  });

  test('each card is stored once and completely, in whatever order its parts are seen', async () => {
    const CARDS = [0, 1, 2].map((index) => ({
      profileId: 1001,
      orderId: 500 + index,
      cardToken: parseCardToken(`ca0c8154-1e14-4464-a1ce-00000000000${index}`),
      cardCreatedAt: `2026-03-01T10:00:0${index}.000Z`,
      deliveryOption: KIOSK,
      orderStatus: null,
    }));
    const sighting = fc.record({
      index: fc.nat(2),
      names: fc.constantFrom('order', 'token', 'both'),
      created: fc.boolean(),
      delivery: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(sighting, { maxLength: 12 }), async (sightings) => {
        const memory = fixture.openEmpty();
        for (const { index, names, created, delivery } of sightings) {
          const card = CARDS[index] as KnownCard;
          const seen = {
            ...card,
            orderId: names === 'token' ? null : card.orderId,
            cardToken: names === 'order' ? null : card.cardToken,
            cardCreatedAt: created ? card.cardCreatedAt : null,
            deliveryOption: delivery ? card.deliveryOption : null,
          };
          await memory.rememberCard(seen, 0);
        }
        for (const [index, card] of CARDS.entries()) {
          const own = sightings.filter((one) => one.index === index);
          if (!own.some(({ names }) => names === 'both')) continue;
          const whole = {
            ...card,
            cardCreatedAt: own.some(({ created }) => created) ? card.cardCreatedAt : null,
            deliveryOption: own.some(({ delivery }) => delivery) ? card.deliveryOption : null,
          };
          expect(await memory.findCard({ cardToken: card.cardToken, orderId: null })).toEqual(whole);
          expect(await memory.findCard({ cardToken: null, orderId: card.orderId })).toEqual(whole);
        }
        await memory.close();
      }),
      { numRuns: fixture.repetitions },
    );
  });
});
