import { describe, expect, test } from 'vitest';
import type { CardEvent } from '../../src/domain/event.ts';
import { parseEventChoice } from '../../src/domain/event-choice.ts';

const EVENT: CardEvent = {
  eventType: 'cards#card-production-status-change',
  profileId: 1001,
  cardToken: '35050a4a-9521-426e-8109-1396e3687a3e',
  orderId: null,
  kioskId: 'WIS00001',
  status: 'PRODUCED',
  errorCode: null,
  description: null,
  occurredAt: null,
  sentAt: null,
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
  expect(parseEventChoice(texts)(EVENT)).toBe(chosen);
});

test.each([
  [['card=501'], true],
  [['card=1001/501L'], true],
  [['card=502'], false],
  [['kiosk=WIS00001'], false],
])('%j chooses an order: %s', (texts, chosen) => {
  expect(parseEventChoice(texts)(ORDER)).toBe(chosen);
});

describe('a mistake', () => {
  test.each(['status', 'status=', '=PRODUCED', 'colour=red', 'constructor=x', ''])('%j', (text) => {
    expect(() => parseEventChoice([text])).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('a card that is none', () => {
    expect(() => parseEventChoice(['card=everything'])).toThrow(
      expect.objectContaining({ code: 'invalid-reference' }),
    );
  });
});
