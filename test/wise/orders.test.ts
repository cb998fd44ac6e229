import { describe, expect, test } from 'vitest';
import {
  CANCELLATION,
  createOrder,
  getOrder,
  getOrderWithHolder,
  listOrders,
  listPrograms,
  listRequirements,
  openCancellation,
  validateAddress,
} from '../../src/wise/orders.ts';
import { type Answer, inTurn, json, raw, reset, silence, Vendor } from '../harness/server.ts';

const ORDERS = '/v3/spend/profiles/1001/card-orders';
const NAME = { profileId: 1001, orderId: 501 };
const KEY = '054064c9-e01e-49fb-8fd9-b0990b9442f4';
const ADDRESS = { firstLine: '1 Road', city: 'London', postCode: 'E1 6JJ', country: 'GB' };

const ORDER = {
  id: 501,
  profileId: 1001,
  clientId: 'bank',
  cardHolderName: 'Ada Example',
  phoneNumber: '+441234567890',
  cardProgram: { name: 'P', scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' },
  address: { ...ADDRESS, state: null },
  status: 'PLACED',
  cardToken: null,
  lifetimeLimit: null,
  creationTime: '2026-03-01T10:00:00.120Z',
  deliveryDetails: { vendor: null, trackingNumber: null, deliveryOption: 'KIOSK_COLLECTION' },
};

describe.concurrent('one order', () => {
  test('an order is read without the data of its cardholder', async () => {
    const vendor = await Vendor.open(json(200, ORDER));
    const order = await getOrder(vendor.client(), NAME);
    expect(order).toMatchObject({
      id: 501,
      profileId: 1001,
      status: 'PLACED',
      cardToken: null,
      deliveryDetails: { deliveryOption: 'KIOSK_COLLECTION' },
    });
    expect(JSON.stringify(order)).not.toMatch(/Ada|\+44|Road|London/);
    expect(vendor.asked).toMatchObject([{ method: 'GET', path: `${ORDERS}/501` }]);
  });

  test('an order is read with the data of its cardholder for a copy', async () => {
    const vendor = await Vendor.open(json(200, ORDER));
    expect(await getOrderWithHolder(vendor.client(), NAME)).toMatchObject({
      cardHolderName: 'Ada Example',
      phoneNumber: '+441234567890',
      address: ADDRESS,
      cardProgram: { name: 'P' },
    });
  });

  test.for<[string, unknown]>([
    ['with a status that nobody documented', { ...ORDER, status: 'TELEPORTED' }],
    ['with almost nothing', { id: 501, profileId: 1001, status: 'TELEPORTED' }],
    [
      'with other types than documented',
      { ...ORDER, status: 'TELEPORTED', cardToken: 7, deliveryDetails: 'none', cardProgram: [] },
    ],
  ])('is read %s', async ([, body], { expect }) => {
    const vendor = await Vendor.open(json(200, body));
    expect(await getOrder(vendor.client(), NAME)).toMatchObject({ status: 'TELEPORTED', cardToken: null });
  });
});

describe.concurrent('lists', () => {
  test('lists of orders have pages of a hundred', async () => {
    const vendor = await Vendor.open(json(200, { totalCount: 101, cardOrders: [ORDER] }));
    const { totalCount, cardOrders } = await listOrders(vendor.client(), { profileId: 1001, page: 2 });
    expect([totalCount, cardOrders.map(({ id }) => id)]).toEqual([101, [501]]);
    expect(vendor.asked).toMatchObject([{ method: 'GET', path: `${ORDERS}?pageSize=100&pageNumber=2` }]);
  });

  test('lists of programs may be empty', async () => {
    const program = { name: 'P', scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' };
    const vendor = await Vendor.open(
      inTurn(json(200, { cardPrograms: [program, { name: 'Q' }] }), json(200, { cardPrograms: [] })),
    );
    const bare = { name: 'Q', scheme: null, defaultCurrency: null, cardType: null };
    expect(await listPrograms(vendor.client({ apiVersion: '2026Q4' }), 1001)).toEqual([program, bare]);
    expect(await listPrograms(vendor.client(), 1001)).toEqual([]);
    expect(vendor.asked.map(({ path }) => path)).toEqual([
      '/2026Q4/spend/profiles/1001/card-orders/availability',
      `${ORDERS}/availability`,
    ]);
  });

  test('lists of requirements keep undocumented words', async () => {
    const requirements = [
      { type: 'PIN', status: 'NEEDS_ACTION' },
      { type: 'BLOOD_SAMPLE', status: 'PENDING' },
    ];
    const vendor = await Vendor.open(json(200, { requirements }));
    expect(await listRequirements(vendor.client(), NAME)).toEqual(requirements);
    expect(vendor.asked).toMatchObject([{ method: 'GET', path: `${ORDERS}/501/requirements` }]);
  });
});

describe.concurrent('an address', () => {
  test('an address is validated, and again after a temporary error, because that changes nothing', async () => {
    const errors = [{ field: 'firstLine', message: 'is too long' }];
    const vendor = await Vendor.open(inTurn(json(503, {}), json(200, { errors })));
    expect(await validateAddress(vendor.client(), { profileId: 1001, address: ADDRESS })).toEqual(errors);
    expect(vendor.asked).toHaveLength(2);
    expect(vendor.asked[1]).toMatchObject({ method: 'POST', path: '/v3/spend/address/validate' });
    expect(JSON.parse(vendor.asked[1]?.body ?? '')).toEqual(ADDRESS);
  });
});

const FATES: [string, Answer][] = [
  ['done', json(201, ORDER)],
  ['limited', json(429, {}, { 'retry-after': '0' })],
  ['failing', json(500, {})],
  ['unavailable', json(503, {}, { 'retry-after': '0' })],
  ['redirected', raw(307, '', { location: '/again' })],
  ['lost', reset],
];

describe.concurrent('an order', () => {
  const order = {
    program: 'P',
    cardHolderName: 'Ada',
    address: ADDRESS,
    deliveryOption: 'KIOSK_COLLECTION',
  } as const;

  test.for(FATES)('an order is sent once, with its key: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    await createOrder(vendor.client(), { profileId: 1001, idempotencyKey: KEY, order });
    expect(vendor.asked).toHaveLength(1);
    expect(vendor.asked[0]).toMatchObject({
      method: 'POST',
      path: ORDERS,
      headers: { 'x-idempotence-uuid': KEY },
    });
    expect(JSON.parse(vendor.asked[0]?.body ?? '')).toEqual(order);
  });

  test.for(FATES)('an order is cancelled once: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    const connection = await openCancellation(vendor.client({ apiVersion: '2026Q4' }), NAME, {});
    await connection.go(CANCELLATION);
    expect(vendor.asked).toMatchObject([
      {
        method: 'PUT',
        path: '/2026Q4/spend/profiles/1001/card-orders/501/status',
        body: '{"status":"CANCELLED"}',
      },
    ]);
  });
});

test('a read ends when its caller is interrupted', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const vendor = await Vendor.open((...all) => {
    silence(...all);
    controller.abort(reason);
  });
  await expect(
    listOrders(vendor.client(), { profileId: 1001, page: 1 }, { signal: controller.signal }),
  ).rejects.toBe(reason);
});
