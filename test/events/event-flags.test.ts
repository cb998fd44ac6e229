import { describe, expect, test } from 'vitest';
import { type CardEvent, emptyEvent } from '../../src/domain/event.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { parseEventChoice } from '../../src/events/event-flags.ts';

const EVENT: CardEvent = {
  ...emptyEvent('cards#card-production-status-change'),
  profileId: 1001,
  cardToken: parseCardToken('35050a4a-9521-426e-8109-1396e3687a3e'),
  kioskId: parseKioskId('WIS00001'),
  status: 'PRODUCED',
};
const ORDER = { ...EVENT, eventType: 'cards#card-order-status-change', orderId: 501, kioskId: null };

test.each([
  [[], true],
  [['status=PRODUCED'], true],
  [['status=produced'], true],
  [['status=READY'], false],
  [['status=READY', 'status=PRODUCED'], true],
  [['status=PRODUCED', 'kiosk=WIS00002'], false],
  [['status=PRODUCED', 'kiosk=WIS00001'], true],
  [['type=production'], true],
  [['type=cards#card-production-status-change'], true],
  [['type=order'], false],
  [['card=35050A4A-9521-426e-8109-1396e3687a3e'], true],
  [['card=1001/35050a4a-9521-426e-8109-1396e3687a3e'], true],
  [['card=1002/35050a4a-9521-426e-8109-1396e3687a3e'], false],
  [['card=501'], false],
])('%j chooses a production: %s', (texts, chosen) => {
  expect(parseEventChoice(texts).isChosen(EVENT)).toBe(chosen);
});

test.each([
  [['card=501'], true],
  [['card=1001/501L'], true],
  [['card=502'], false],
  [['kiosk=WIS00001'], false],
])('%j chooses an order: %s', (texts, chosen) => {
  expect(parseEventChoice(texts).isChosen(ORDER)).toBe(chosen);
});

test('a filter for an order matches the productions of its card as soon as the card is known', () => {
  const choice = parseEventChoice(['card=1001/501']);
  expect(choice.isChosen(EVENT)).toBe(false);
  expect(choice.isChosen(ORDER)).toBe(true);
  expect(choice.isChosen(EVENT)).toBe(true);
  const told = parseEventChoice(['card=1001/501']);
  expect(told.orderIds).toEqual([501]);
  told.addCard(501, parseCardToken(EVENT.cardToken ?? ''));
  expect(told.isChosen(EVENT)).toBe(true);
  expect(told.isChosen({ ...EVENT, cardToken: parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52') })).toBe(
    false,
  );
});

describe('a malformed filter is refused:', () => {
  test.each(['status', 'status=', '=PRODUCED', 'colour=red', 'constructor=x', ''])('%j', (text) => {
    expect(() => parseEventChoice([text])).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('a filter for a malformed card is refused', () => {
    expect(() => parseEventChoice(['card=everything'])).toThrow(
      expect.objectContaining({ code: 'invalid-reference' }),
    );
  });
});
