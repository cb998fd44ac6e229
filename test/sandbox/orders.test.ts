import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  ADDRESS,
  at,
  orderBody,
  PHYSICAL,
  type Reply,
  TestSandbox,
  TO_READY,
  VIRTUAL,
} from '../harness/sandbox.ts';

const ORDERS = '/v3/spend/profiles/1001/card-orders';

describe('card programs', () => {
  test('the card programs are a physical and a virtual one', async () => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.call(`GET ${ORDERS}/availability`);
    expect(status).toBe(200);
    expect(body).toEqual({
      cardPrograms: [
        { name: PHYSICAL, scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' },
        { name: VIRTUAL, scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'VIRTUAL_NON_UPGRADEABLE' },
      ],
    });
  });

  test('profile 1004 can order 10 physical cards, and cancelled orders do not count', async () => {
    const sandbox = await TestSandbox.open();
    const programs = async () =>
      (await sandbox.call('GET /v3/spend/profiles/1004/card-orders/availability')).body.cardPrograms.map(
        ({ cardType }: { cardType: string }) => cardType,
      );
    const first = await sandbox.createOrder(1004);
    for (let count = 1; count < 10; count += 1) expect((await sandbox.createOrder(1004)).status).toBe(200);
    expect(await programs()).toEqual(['VIRTUAL_NON_UPGRADEABLE']);

    const refused = await sandbox.createOrder(1004);
    expect(refused.status).toBe(422);
    expect(refused.body.errors[0]).toMatchObject({ code: 'CARD_LIMIT_REACHED', path: 'program' });
    expect((await sandbox.createOrder(1004, { program: VIRTUAL })).status).toBe(200);

    await sandbox.cancel(first.body.id, 1004);
    sandbox.clock.time += 150;
    expect(await programs()).toEqual(['PHYSICAL', 'VIRTUAL_NON_UPGRADEABLE']);
    expect((await sandbox.createOrder(1004)).status).toBe(200);
  });
});

describe('creating an order', () => {
  test('a new order has the documented fields', async () => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.createOrder(1001, {
      embossedName: 'A EXAMPLE',
      phoneNumber: '+447700900123',
      lifetimeLimit: 100,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: 501,
      profileId: 1001,
      clientId: 'kioskctl-sandbox',
      cardProgram: { name: PHYSICAL, scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' },
      address: { ...ADDRESS, secondLine: null, thirdLine: null, state: null },
      cardToken: null,
      replacesCard: null,
      creationTime: at(0),
      modificationTime: at(0),
      status: 'REQUIREMENTS_FULFILLED',
      cardHolderName: 'Ada Example',
      phoneNumber: '+447700900123',
      lifetimeLimit: 100,
      deliveryEstimate: at(7 * 86_400_000),
      deliveryDetails: {
        deliveryOption: 'KIOSK_COLLECTION',
        deliveryVendor: null,
        trackingUrl: null,
        trackingNumber: null,
      },
    });
    expect((await sandbox.createOrder(1001)).body.id).toBe(502);
  });

  test('a virtual card has no delivery, and a physical one is posted by default', async () => {
    const sandbox = await TestSandbox.open();
    expect((await sandbox.createOrder(1001, { program: VIRTUAL })).body.deliveryDetails).toBeNull();
    const posted = await sandbox.createOrder(1001, { deliveryOption: undefined });
    expect(posted.body.deliveryDetails.deliveryOption).toBe('POSTAL_SERVICE_STANDARD');
  });

  test('the same key and body return the same order, in any sequence of fields', async () => {
    const sandbox = await TestSandbox.open();
    const key = randomUUID();
    const { body: first } = await sandbox.createOrder(1001, { key });
    const turned = Object.fromEntries(Object.entries(orderBody()).toReversed());
    const again = await sandbox.call(`POST ${ORDERS}`, {
      body: turned,
      headers: { 'x-idempotence-uuid': key.toUpperCase() },
    });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first);
    expect((await sandbox.call(`GET ${ORDERS}`)).body.totalCount).toBe(1);
    expect((await sandbox.requests()).filter(({ effect }) => effect)).toHaveLength(1);
  });

  test('the same key with another body is refused', async () => {
    const sandbox = await TestSandbox.open();
    const key = randomUUID();
    await sandbox.createOrder(1001, { key });
    const other = await sandbox.createOrder(1001, { key, cardHolderName: 'Somebody Else' });
    expect(other.status).toBe(422);
    expect(other.body.errors[0].code).toBe('IDEMPOTENCY_KEY_REUSED');
    // Keys belong to a profile.
    expect((await sandbox.createOrder(1002, { key })).status).toBe(200);
  });

  test.each([
    ['no key', undefined, 'X-idempotence-uuid'],
    ['a key that is no UUID', 'abc', 'UUID'],
  ])('%s is 400', async (_case, key, message) => {
    const sandbox = await TestSandbox.open();
    const { status, text } = await sandbox.call(`POST ${ORDERS}`, {
      body: orderBody(),
      headers: { 'x-idempotence-uuid': key },
    });
    expect(status).toBe(400);
    expect(text).toContain(message);
  });

  test.each([
    ['program', { program: undefined }],
    ['program', { program: 'SOME_OTHER_PROGRAM' }],
    ['cardHolderName', { cardHolderName: ' ' }],
    ['cardHolderName', { cardHolderName: 7 }],
    ['embossedName', { embossedName: 'x'.repeat(23) }],
    ['phoneNumber', { phoneNumber: '07700900123' }],
    ['deliveryOption', { deliveryOption: 'BY_CAMEL' }],
    ['lifetimeLimit', { lifetimeLimit: -1 }],
    ['cardHolderProfileId', { cardHolderProfileId: 'x' }],
    ['replacementDetails.reason', { replacementDetails: { cardToken: 'x', reason: 'BORED' } }],
    [
      'replacementDetails.cardToken',
      { replacementDetails: { cardToken: randomUUID(), reason: 'CARD_DAMAGED' } },
    ],
    ['address', { address: undefined }],
    ['address.firstLine', { address: { ...ADDRESS, firstLine: undefined } }],
    ['address.firstLine', { address: { ...ADDRESS, firstLine: 7 } }],
    ['address.secondLine', { address: { ...ADDRESS, secondLine: 'P.O. Box 12' } }],
    ['address.country', { address: { ...ADDRESS, country: 'GBR' } }],
  ])('names a wrong %s', async (path, fields) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.createOrder(1001, fields);
    expect(status).toBe(422);
    expect(body.errors[0]).toEqual({
      code: expect.any(String),
      message: expect.any(String),
      path,
      arguments: [],
    });
  });

  test('a replacement must name a card of the profile', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const replacementDetails = { cardToken: token, reason: 'CARD_DAMAGED' };
    expect((await sandbox.createOrder(1001, { replacementDetails })).status).toBe(200);
    expect((await sandbox.createOrder(1002, { replacementDetails })).status).toBe(422);
  });
});

describe('reading orders', () => {
  test('orders are listed in pages, newest first', async () => {
    const sandbox = await TestSandbox.open();
    for (let count = 0; count < 12; count += 1) await sandbox.createOrder(1001);
    const ids = async (query: string) => {
      const { body } = await sandbox.call(`GET ${ORDERS}${query}`);
      expect(body.totalCount).toBe(12);
      return body.cardOrders.map(({ id }: { id: number }) => id);
    };
    expect(await ids('')).toEqual([512, 511, 510, 509, 508, 507, 506, 505, 504, 503]);
    expect(await ids('?pageSize=10&pageNumber=2')).toEqual([502, 501]);
    expect(await ids('?pageSize=100')).toHaveLength(12);
    expect(await ids('?pageNumber=2147483647')).toEqual([]);
  });

  test.each([
    'pageSize=9',
    'pageSize=101',
    'pageSize=x',
    'pageSize=',
    'pageNumber=0',
    'pageNumber=-1',
    'pageNumber=1e9',
  ])('%s is 400', async (query) => {
    const sandbox = await TestSandbox.open();
    for (const list of ['card-orders', 'cards']) {
      const { status, body } = await sandbox.call(`GET /v3/spend/profiles/1001/${list}?${query}`);
      expect(status).toBe(400);
      expect(body.errors[0].path).toBe(query.split('=')[0]);
    }
  });

  test('an order of another profile, an unknown one and an unknown profile are 404', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    for (const path of [
      `1002/card-orders/${body.id}`,
      `1002/card-orders/${body.id}/requirements`,
      '1001/card-orders/999',
      '1001/card-orders/0',
      '1001/card-orders/-1',
      '1001/card-orders/9223372036854775807',
      '7/card-orders',
      '7/card-orders/availability',
      '7/cards',
    ]) {
      const { status, body: error } = await sandbox.call(`GET /v3/spend/profiles/${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(error).toEqual({
        timestamp: at(0),
        status: 404,
        error: 'Not Found',
        message: expect.any(String),
        path: `/v3/spend/profiles/${path}`,
      });
    }
    expect((await sandbox.createOrder(7)).status).toBe(404);
  });

  test.each(['abc', '1.5', '0x1', '9223372036854775808', '12345678901234567890123'])(
    'the id %s is 400',
    async (id) => {
      const sandbox = await TestSandbox.open();
      expect((await sandbox.call(`GET ${ORDERS}/${id}`)).status).toBe(400);
      expect((await sandbox.call(`GET /v3/spend/profiles/${id}/cards`)).status).toBe(400);
    },
  );
});

describe('due times', () => {
  test('an order moves from its requirements to READY automatically', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    const read = async () => sandbox.getOrder(1001, body.id);

    sandbox.clock.time += 699;
    expect(await read()).toMatchObject({ status: 'REQUIREMENTS_FULFILLED', cardToken: null });
    sandbox.clock.time += 1;
    const created = await read();
    expect(created).toMatchObject({ status: 'CARD_DETAILS_CREATED', modificationTime: at(700) });
    expect(created.cardToken).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    sandbox.clock.time += 599;
    expect((await sandbox.production(created.cardToken)).status).toBe(404);
    sandbox.clock.time += 1;
    expect((await sandbox.production(created.cardToken)).body).toEqual({
      status: 'READY',
      kioskId: null,
      occurredAt: at(TO_READY),
      errorCode: null,
      description: 'Card ready for production',
    });
  });

  test('a late transition has the time at which it was due', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    expect(sandbox.instance.advance(61 * 86_400_000).toISOString()).toBe(at(61 * 86_400_000));
    const order = await sandbox.getOrder(1001, body.id);
    const card = await sandbox.call(`GET /v3/spend/profiles/1001/cards/${order.cardToken}`);
    expect(card.body.creationTime).toBe(at(700));
    expect((await sandbox.production(order.cardToken)).body.occurredAt).toBe(at(TO_READY));
  });

  test('at speed 10 an order takes a tenth of the time', async () => {
    const sandbox = await TestSandbox.open({ speed: 10 });
    const { body } = await sandbox.createOrder(1001);
    sandbox.clock.time += 69;
    expect((await sandbox.getOrder(1001, body.id)).cardToken).toBeNull();
    sandbox.clock.time += 1;
    const { cardToken } = await sandbox.getOrder(1001, body.id);
    sandbox.clock.time += 60;
    expect((await sandbox.production(cardToken)).body.occurredAt).toBe(at(130));
  });

  test('a virtual card and one that is posted are never READY', async () => {
    const sandbox = await TestSandbox.open();
    for (const fields of [{ program: VIRTUAL }, { deliveryOption: 'POSTAL_SERVICE_STANDARD' }]) {
      const { token } = await sandbox.readyCard(fields);
      sandbox.clock.time += 60_000;
      expect((await sandbox.production(token)).status).toBe(404);
      const { status, body } = await sandbox.produce(token);
      expect([status, body.errorCode]).toEqual([422, 'INVALID_FIELD_VALUE']);
    }
  });
});

describe('requirements', () => {
  test('profile 1001 has no open requirement', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    expect((await sandbox.call(`GET ${ORDERS}/${body.id}/requirements`)).body).toEqual({
      requirements: [
        { type: 'ADDRESS', status: 'COMPLETED' },
        { type: 'VERIFICATION', status: 'COMPLETED' },
      ],
    });
  });

  test('orders of profile 1002 wait for the verification', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1002);
    expect(body.status).toBe('PLACED');
    sandbox.clock.time += 60_000;
    const { body: waiting } = await sandbox.call(
      `GET /v3/spend/profiles/1002/card-orders/${body.id}/requirements`,
    );
    expect(waiting.requirements).toContainEqual({ type: 'VERIFICATION', status: 'PENDING' });
    expect((await sandbox.getOrder(1002, body.id)).status).toBe('PLACED');

    const simulated = await sandbox.call('POST /v1/simulation/profiles/1002/verifications');
    expect([simulated.status, simulated.text]).toEqual([200, '']);
    expect(await sandbox.getOrder(1002, body.id)).toMatchObject({
      status: 'REQUIREMENTS_FULFILLED',
      modificationTime: at(60_000),
    });
    sandbox.clock.time += 700;
    expect((await sandbox.getOrder(1002, body.id)).status).toBe('CARD_DETAILS_CREATED');
    expect((await sandbox.createOrder(1002)).body.status).toBe('REQUIREMENTS_FULFILLED');
    expect((await sandbox.call('POST /v1/simulation/profiles/7/verifications')).status).toBe(404);
  });

  test('orders of profile 1003 wait for a PIN, which the verification does not set', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1003);
    await sandbox.call('POST /v1/simulation/profiles/1003/verifications');
    expect((await sandbox.getOrder(1003, body.id)).status).toBe('PLACED');
    await sandbox.control('PUT profiles/1003/requirements/PIN', { status: 'COMPLETED' });
    expect((await sandbox.getOrder(1003, body.id)).status).toBe('REQUIREMENTS_FULFILLED');
  });
});

describe('cancelling', () => {
  test('a cancellation is accepted, becomes visible a moment later, and has no effect a second time', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    const first = await sandbox.cancel(orderId);
    expect([first.status, first.text]).toEqual([202, '']);
    expect((await sandbox.cancel(orderId)).status).toBe(202);
    sandbox.clock.time += 149;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
    sandbox.clock.time += 1;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CANCELLED');
    const card = await sandbox.call(`GET /v3/spend/profiles/1001/cards/${token}`);
    expect(card.body.status).toEqual({ value: 'BLOCKED' });
    expect((await sandbox.cancel(orderId)).status).toBe(202);
    const sent = (await sandbox.requests()).filter(({ method }) => method === 'PUT');
    expect(sent.map(({ effect }) => effect)).toEqual([true, false, false]);
    expect((await sandbox.produce(token)).body.errorCode).toBe('INVALID_FIELD_VALUE');
  });

  test('cancelling a placed order prevents its card', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    await sandbox.cancel(body.id);
    sandbox.clock.time += 60_000;
    expect(await sandbox.getOrder(1001, body.id)).toMatchObject({ status: 'CANCELLED', cardToken: null });
  });

  test('cancelling a completed or returned order is refused', async () => {
    const sandbox = await TestSandbox.open();
    for (const status of ['COMPLETED', 'RETURNED']) {
      const { orderId } = await sandbox.readyCard();
      await sandbox.control(`PUT orders/${orderId}/status`, { status });
      const refused = await sandbox.cancel(orderId);
      expect(refused.status).toBe(422);
      expect(refused.body.errors[0].path).toBe('status');
    }
  });

  test.each([{ status: 'COMPLETED' }, { status: 'RETURNED' }, { status: 7 }, {}])(
    '%j is 422',
    async (body) => {
      const sandbox = await TestSandbox.open();
      const { orderId } = await sandbox.readyCard();
      const path = `${ORDERS}/${orderId}/status`;
      expect((await sandbox.call(`PUT ${path}`, { body })).status).toBe(422);
      expect((await sandbox.call(`PUT ${ORDERS}/999/status`, { body: { status: 'CANCELLED' } })).status).toBe(
        404,
      );
    },
  );
});

describe('cards', () => {
  test('a card has the documented fields', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard({ phoneNumber: '+447700900123' });
    const { body } = await sandbox.call(`GET /v3/spend/profiles/1001/cards/${token.toUpperCase()}`);
    expect(body).toEqual({
      token,
      profileId: 1001,
      clientId: 'kioskctl-sandbox',
      status: { value: 'INACTIVE' },
      cardHolderName: 'Ada Example',
      expiryDate: '2031-01-31T00:00:00Z',
      lastFourDigits: expect.stringMatching(/^\d{4}$/),
      bankIdentificationNumber: '459600',
      phoneNumber: '+447700900123',
      cardProgram: { name: PHYSICAL, scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' },
      unlockSpendingPermissions: 'WITH_FIRST_CHIP_AND_PIN_TRANSACTION',
      creationTime: at(700),
      modificationTime: at(700),
    });
    const list = await sandbox.call('GET /v3/spend/profiles/1001/cards');
    expect(list.body).toEqual({ totalCount: 1, cards: [body] });
  });

  test('a card of another profile, or an unknown one, is 404, and an invalid token is 400', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const status = async (path: string) => (await sandbox.call(`GET /v3/spend/profiles/${path}`)).status;
    expect(await status(`1002/cards/${token}`)).toBe(404);
    expect(await status(`1002/cards/${token}/production`)).toBe(404);
    expect(await status(`1001/cards/${randomUUID()}`)).toBe(404);
    expect(await status('1001/cards/nonsense')).toBe(400);
    expect(await status('1001/cards/nonsense/production')).toBe(404);
  });
});

async function check(address: unknown): Promise<Reply> {
  const sandbox = await TestSandbox.open();
  return sandbox.call('POST /v3/spend/address/validate', { body: address });
}

describe('address check', () => {
  test('the address check accepts a valid address', async () => {
    const full = { ...ADDRESS, secondLine: 'The Tea Bldg', thirdLine: null, state: null, houseNumber: 7 };
    const { status, body } = await check(full);
    expect([status, body]).toEqual([200, { errors: [] }]);
    expect(
      (await check({ ...ADDRESS, firstLine: 'x'.repeat(30), secondLine: 'Depot Boxworth' })).body.errors,
    ).toEqual([]);
  });

  test('the address check names all missing fields', async () => {
    const { body } = await check({});
    expect(body.errors).toEqual(
      ['firstLine', 'city', 'postCode', 'country'].map((field) => ({ field, message: 'Required field' })),
    );
  });

  test.each([
    ['firstLine', 'x'.repeat(31)],
    ['secondLine', 'x'.repeat(31)],
    ['thirdLine', 'x'.repeat(31)],
    ['city', 'x'.repeat(31)],
    ['state', 'x'.repeat(31)],
    ['postCode', 'x'.repeat(11)],
    ['country', 'United Kingdom'],
    ['firstLine', 'PO Box 7'],
    ['secondLine', 'p.o. box 7'],
    ['thirdLine', 'The POST OFFICE BOX 7'],
    ['firstLine', 'P O Box 7'],
  ])('%s may not be %s', async (field, value) => {
    const { body } = await check({ ...ADDRESS, [field]: value });
    expect(body.errors).toEqual([{ field, message: expect.any(String) }]);
  });

  test.each([[[]], ['text'], [null], [{ firstLine: 7 }]])('%j is 422', async (address) => {
    expect((await check(address)).status).toBe(422);
  });
});
