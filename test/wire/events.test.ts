import { describe, expect, test } from 'vitest';
import { EVENT_FIELD_NAMES } from '../../src/domain/event.ts';
import { isTestNotification, readEventBody } from '../../src/wire/events.ts';

const TOKEN = '35050a4a-9521-426e-8109-1396e3687a3e';

/** Returns the documented shapes: a profile id is a number in one, and text in another. */
function productionEvent(profileId: unknown, more: Record<string, unknown> = {}) {
  return {
    data: {
      resource: { type: 'card', profile_id: profileId, client_id: 'your-bank', card_token: TOKEN },
      status: 'PRODUCED',
      kiosk_id: 'WIS00001',
      error_code: null,
      description: 'Card produced',
      occurred_at: '2024-01-01T12:24:560Z',
      ...more,
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: 'cards#card-production-status-change',
    schema_version: '2.0.0',
    sent_at: '2024-01-01T12:34:56Z',
  };
}

describe('an event of Wise', () => {
  test.each([123_456, '123456'])('names its profile as %j', (profileId) => {
    expect(readEventBody(productionEvent(profileId))).toEqual({
      eventType: 'cards#card-production-status-change',
      profileId: 123_456,
      cardToken: TOKEN,
      orderId: null,
      kioskId: 'WIS00001',
      status: 'PRODUCED',
      errorCode: null,
      description: 'Card produced',
      occurredAt: '2024-01-01T12:24:560Z',
      sentAt: '2024-01-01T12:34:56Z',
    });
  });

  test.each([
    ['1001L', 1001],
    [1001, 1001],
    ['many', null],
    ['', null],
    ['L', null],
    [' 1', null],
    ['0x10', null],
    ['1e3', null],
    [-1, null],
    [1.5, null],
    [null, null],
    [{}, null],
  ])('names its order as %j', (orderId, read) => {
    expect(readEventBody(productionEvent('1', { order_id: orderId }))?.orderId).toBe(read);
  });

  test.each(['2', '2.0.0', '2.1.0', '2.2.0', '4.0.0', '4.10.3', null])(
    'an event of schema version %s is decoded completely, because its major is known',
    (version) => {
      const body = productionEvent('1001', { error_code: 'PRD_HOPPER_DOOR' });
      expect(readEventBody({ ...body, schema_version: version })).toMatchObject({
        status: 'PRODUCED',
        kioskId: 'WIS00001',
        errorCode: 'PRD_HOPPER_DOOR',
        occurredAt: '2024-01-01T12:24:560Z',
      });
    },
  );

  test.each(['9.9.9', '3.0.0', '20.0.0', '22', 'v2.0.0', ''])(
    'an event of schema version %j has only ids and type',
    (version) => {
      const body = { ...productionEvent('1001', { order_id: '501L' }), schema_version: version };
      expect(readEventBody(body)).toMatchObject({ profileId: 1001, cardToken: TOKEN, orderId: 501 });
      expect(readEventBody(body)).toMatchObject({
        status: null,
        kioskId: null,
        occurredAt: null,
        errorCode: null,
      });
    },
  );

  test.each([
    ['without a resource', { event_type: 'x', data: {} }],
    ['without a profile', productionEvent(undefined)],
    ['with a card token that is none', productionEvent('x', { resource: { card_token: '../..' } })],
  ])('is decoded with fewer ids for %s', (_, body) => {
    expect(readEventBody(body)).toMatchObject({ profileId: null });
  });

  test.each([
    ['a document of ours', { schemaVersion: 1, card: {} }],
    ['without a type', { ...productionEvent('1'), event_type: undefined }],
    ['null', null],
  ])('is not %s', (_, body) => {
    expect(readEventBody(body)).toBeNull();
  });
});

test.each([
  [undefined, false],
  ['false', false],
  [' FALSE ', false],
  ['true', true],
  ['1', true],
  ['yes', true],
  ['', true],
  ['true, true', true],
])('X-Test-Notification: %s marks a test: %s', (header, isTest) => {
  expect(isTestNotification(header)).toBe(isTest);
});

test('every declared field that is text is read from its name in snake case', () => {
  const decoded = new Set<string>(['eventType', 'profileId', 'cardToken', 'orderId', 'sentAt']);
  const names = EVENT_FIELD_NAMES.filter((name) => !decoded.has(name));
  const data = names.map((name) => [name.replaceAll(/([A-Z])/g, '_$1').toLowerCase(), `the ${name}`]);
  const event = readEventBody(productionEvent(1, Object.fromEntries(data)));
  expect(event).toMatchObject(Object.fromEntries(names.map((name) => [name, `the ${name}`])));
  expect(names).toContain('errorCode');
});
