// The tables of docs/sandbox.md, walked: every endpoint and every rule of the embedded sandbox, each with its source.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { VENDOR_ENDPOINTS } from '../../src/sandbox/api/routes.ts';
import { ADDRESS, DAY, orderBody, type Reply, Stand, TO_READY, VIRTUAL } from '../harness/sandbox.ts';
import { Receiver } from './receiver.ts';

const docs = readFileSync('docs/sandbox.md', 'utf8');
const SOURCES = ['documented', 'observed', 'assumed'];

/** The rows of the table below a heading. */
function tableBelow(heading: string): [string, string][] {
  const [, section = ''] = docs.split(`\n${heading}\n`);
  const table = section.split(/\n\n(?!\|)/).find((part) => part.includes('\n| --- |')) ?? '';
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  return rows.map((row) => {
    const [, what = '', source = ''] = row.split(' | ').join('|').split('|');
    return [what.trim(), source.trim()];
  });
}

const SUBSCRIPTIONS = '/v3/applications/my-client/subscriptions';
const profile = (id: number) => `/v3/spend/profiles/${id}`;
const cardPath = (token: string, id = 1001) => `${profile(id)}/cards/${token}`;

async function orderCard(stand: Stand, id: number, fields: Record<string, unknown> = {}) {
  const { body } = await stand.createOrder(id, fields);
  stand.clock.now += TO_READY;
  return stand.getOrder(id, body.id);
}

async function collectedCard(stand: Stand, fields: Record<string, unknown> = {}) {
  const card = await stand.readyCard(fields);
  await stand.produce(card.token);
  await stand.simulate(card.token, 'PRODUCED');
  stand.clock.now += 5_000;
  return card;
}

const setStatus = (stand: Stand, token: string, status: string): Promise<Reply> =>
  stand.call(`PUT ${cardPath(token)}/status`, { body: { status } });

const cardStatus = async (stand: Stand, token: string) =>
  (await stand.call(`GET ${cardPath(token)}`)).body.status.value;

async function subscribe(stand: Stand, url: string): Promise<string> {
  const body = {
    name: 'n',
    trigger_on: 'cards#card-production-status-change',
    delivery: { version: '4.0.0', url },
  };
  return (await stand.call(`POST ${SUBSCRIPTIONS}`, { body })).body.id;
}

/** How each rule of the table is checked. */
const RULES: Record<string, (stand: Stand) => Promise<void>> = {
  'Every request but the one for a token needs a bearer token; without one, the answer is 401.': async (
    stand,
  ) => {
    const headers = { authorization: undefined };
    expect((await stand.call(`GET ${profile(1001)}/cards`, { headers })).status).toBe(401);
  },
  'Every answer has `x-trace-id`, and `X-External-Correlation-Id` comes back.': async (stand) => {
    const id = randomUUID();
    const headers = { 'x-external-correlation-id': id };
    const answer = await stand.call(`GET ${profile(1001)}/cards`, { headers });
    expect(answer.headers.get('x-external-correlation-id')).toBe(id);
    expect(answer.headers.get('x-trace-id')).toBeTruthy();
  },
  'The version segment of a path may be a calendar version, like `2026Q4`.': async (stand) => {
    expect((await stand.call('GET /2026Q4/spend/profiles/1001/cards')).status).toBe(200);
  },
  'A 429 has `Retry-After` and `X-Rate-Limited-By`.': async (stand) => {
    stand.sandbox.addFault({ kind: 'answer', status: 429, times: 1 });
    const { headers } = await stand.call(`GET ${profile(1001)}/cards`);
    expect([headers.get('retry-after'), headers.get('x-rate-limited-by')]).toEqual(['1', 'wise-public-api']);
  },
  'A request that the user has to approve is answered 403 with `x-2fa-approval-result: REJECTED` (after `sandbox fault --approval`).':
    async (stand) => {
      stand.sandbox.addFault({ kind: 'answer', approval: true, times: 1 });
      const { status, headers } = await stand.call(`GET ${profile(1001)}/cards`);
      expect([status, headers.get('x-2fa-approval-result')]).toEqual([403, 'REJECTED']);
    },
  'A body is JSON; another media type is answered 415.': async (stand) => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await stand.call('POST /v3/spend/address/validate', { body: ADDRESS, headers });
    expect(answer.status).toBe(415);
  },
  'An order needs `X-idempotence-uuid`; the same key and body return the same order.': async (stand) => {
    const withoutKey = await stand.call(`POST ${profile(1001)}/card-orders`, { body: orderBody() });
    expect(withoutKey.status).toBe(400);
    const key = randomUUID();
    const [first, second] = [await stand.createOrder(1001, { key }), await stand.createOrder(1001, { key })];
    expect(second.body).toEqual(first.body);
  },
  'The same key with another body is refused (422).': async (stand) => {
    const key = randomUUID();
    await stand.createOrder(1001, { key });
    expect((await stand.createOrder(1001, { key, cardHolderName: 'Bob Example' })).status).toBe(422);
  },
  'A new order starts in PLACED, or in REQUIREMENTS_FULFILLED if no requirement is open.': async (stand) => {
    expect((await stand.createOrder(1003)).body.status).toBe('PLACED');
    expect((await stand.createOrder(1001)).body.status).toBe('REQUIREMENTS_FULFILLED');
  },
  'An optional field that is null counts as left out.': async (stand) => {
    const names = [
      'embossedName',
      'phoneNumber',
      'lifetimeLimit',
      'cardHolderProfileId',
      'replacementDetails',
    ];
    const nulls = Object.fromEntries([...names, 'deliveryOption'].map((name) => [name, null]));
    const { status, body } = await stand.createOrder(1001, nulls);
    expect([status, body.lifetimeLimit]).toEqual([200, null]);
    expect(body.deliveryDetails.deliveryOption).toBe('POSTAL_SERVICE_STANDARD');
  },
  '`billingAddress` is read as `address`.': async (stand) => {
    const order = await stand.createOrder(1001, { address: undefined, billingAddress: ADDRESS });
    expect([order.status, order.body.address]).toMatchObject([200, ADDRESS]);
  },
  'Lines, city and state of an address have at most 30 characters, a post code 10; PO boxes are not served.':
    async (stand) => {
      const body = { ...ADDRESS, firstLine: 'PO Box 12', city: 'x'.repeat(31), postCode: 'y'.repeat(11) };
      const { errors } = (await stand.call('POST /v3/spend/address/validate', { body })).body;
      expect(errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
        'city',
        'firstLine',
        'postCode',
      ]);
    },
  'A replacement is for a card of the same profile and of the same program.': async (stand) => {
    const { token: cardToken } = await stand.readyCard();
    const fields = { replacementDetails: { cardToken, reason: 'CARD_DAMAGED' } };
    expect((await stand.createOrder(1002, fields)).status).toBe(422);
    expect((await stand.createOrder(1001, { ...fields, program: VIRTUAL })).status).toBe(422);
    expect((await stand.createOrder(1001, fields)).status).toBe(200);
  },
  'Profile 1004 may have 10 physical cards, open orders included.': async (stand) => {
    for (let count = 0; count < 10; count += 1) expect((await stand.createOrder(1004)).status).toBe(200);
    expect((await stand.createOrder(1004)).status).toBe(422);
  },
  'It may have 30 virtual cards, and order 3 of them a day.': async (stand) => {
    for (let count = 0; count < 30; count += 1) {
      expect((await stand.createOrder(1004, { program: VIRTUAL })).status).toBe(200);
      if (count === 2) expect((await stand.createOrder(1004, { program: VIRTUAL })).status).toBe(422);
      if (count % 3 === 2) stand.clock.now += DAY;
    }
    expect((await stand.createOrder(1004, { program: VIRTUAL })).status).toBe(422);
  },
  'An order that is cancelled or returned, and a card that is blocked, take no place.': async (stand) => {
    const orders = [];
    for (let count = 0; count < 10; count += 1) orders.push(await orderCard(stand, 1004));
    const [cancelled, returned, blocked] = orders;
    await stand.cancel(cancelled.id, 1004);
    await stand.control(`PUT orders/${returned.id}/status`, { status: 'RETURNED' });
    await stand.call(`PUT ${cardPath(blocked.cardToken, 1004)}/status`, { body: { status: 'BLOCKED' } });
    stand.clock.now += 1_000;
    for (let count = 0; count < 3; count += 1) expect((await stand.createOrder(1004)).status).toBe(200);
    expect((await stand.createOrder(1004)).status).toBe(422);
  },
  'At a limit the program is not offered any more, and an order of it is refused (422, `CARD_LIMIT_REACHED`).':
    async (stand) => {
      for (let count = 0; count < 10; count += 1) await stand.createOrder(1004);
      const { cardPrograms } = (await stand.call(`GET ${profile(1004)}/card-orders/availability`)).body;
      expect(cardPrograms.map(({ name }: { name: string }) => name)).toEqual([VIRTUAL]);
      expect((await stand.createOrder(1004)).body.errors[0].code).toBe('CARD_LIMIT_REACHED');
    },
  'Lists of orders and of cards begin with the newest.': async (stand) => {
    await stand.readyCard();
    const { token } = await stand.readyCard();
    const first = async (list: string) => (await stand.call(`GET ${profile(1001)}/${list}`)).body;
    expect((await first('card-orders')).cardOrders[0].cardToken).toBe(token);
    expect((await first('cards')).cards[0].token).toBe(token);
  },
  'The simulated verification meets the VERIFICATION of the profile and of its placed orders.': async (
    stand,
  ) => {
    const { body } = await stand.createOrder(1002);
    await stand.call('POST /v1/simulation/profiles/1002/verifications');
    expect((await stand.getOrder(1002, body.id)).status).toBe('REQUIREMENTS_FULFILLED');
  },
  'Cancelling an order blocks its card.': async (stand) => {
    const { orderId, token } = await stand.readyCard();
    expect((await stand.cancel(orderId)).status).toBe(202);
    stand.clock.now += 1_000;
    expect((await stand.getOrder(1001, orderId)).status).toBe('CANCELLED');
    expect(await cardStatus(stand, token)).toBe('BLOCKED');
  },
  'A cancelled order reads CANCELLED a moment after the answer.': async (stand) => {
    const { orderId } = await stand.readyCard();
    await stand.cancel(orderId);
    expect((await stand.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
  },
  'An order in COMPLETED or RETURNED can not be cancelled (422).': async (stand) => {
    for (const status of ['COMPLETED', 'RETURNED']) {
      const { orderId } = await stand.readyCard();
      await stand.control(`PUT orders/${orderId}/status`, { status });
      expect((await stand.cancel(orderId)).status).toBe(422);
    }
  },
  'An order can not be set to COMPLETED (deprecated).': async (stand) => {
    const { orderId } = await stand.readyCard();
    const target = `PUT ${profile(1001)}/card-orders/${orderId}/status`;
    expect((await stand.call(target, { body: { status: 'COMPLETED' } })).status).toBe(422);
  },
  'A new physical card is INACTIVE; its activation moves the order of a collected card to COMPLETED.': async (
    stand,
  ) => {
    const { orderId, token } = await collectedCard(stand);
    expect(await cardStatus(stand, token)).toBe('INACTIVE');
    const { status, body } = await setStatus(stand, token, 'ACTIVE');
    expect([status, body.token, body.status.value]).toEqual([200, token, 'ACTIVE']);
    expect((await stand.getOrder(1001, orderId)).status).toBe('COMPLETED');
  },
  'A card can be frozen, made active again, and blocked; a blocked card stays blocked (422).': async (
    stand,
  ) => {
    const { token } = await collectedCard(stand);
    for (const status of ['ACTIVE', 'FROZEN', 'ACTIVE', 'BLOCKED']) {
      expect((await setStatus(stand, token, status)).status).toBe(200);
      expect(await cardStatus(stand, token)).toBe(status);
    }
    expect((await setStatus(stand, token, 'ACTIVE')).status).toBe(422);
  },
  'A card is not activated before it was collected, and not frozen before its activation (422).': async (
    stand,
  ) => {
    const { token } = await stand.readyCard();
    for (const status of ['ACTIVE', 'FROZEN'])
      expect((await setStatus(stand, token, status)).status).toBe(422);
    expect(await cardStatus(stand, token)).toBe('INACTIVE');
  },
  'A card that is replaced lives until the new one is activated.': async (stand) => {
    const { token: old } = await collectedCard(stand);
    await setStatus(stand, old, 'ACTIVE');
    const { token } = await collectedCard(stand, {
      replacementDetails: { cardToken: old, reason: 'CARD_DAMAGED' },
    });
    expect(await cardStatus(stand, old)).toBe('ACTIVE');
    await setStatus(stand, token, 'ACTIVE');
    expect(await cardStatus(stand, old)).toBe('BLOCKED');
  },
  'A card is READY some time after its details were created; only then it can be produced.': async (
    stand,
  ) => {
    const { token } = await stand.readyCard();
    expect((await stand.production(token)).body).toMatchObject({ status: 'READY', kioskId: null });
    expect((await stand.produce(token)).body).toMatchObject({ status: 'IN_PROGRESS', kioskId: 'WIS00001' });
  },
  'Before READY, reading the production is answered 404, and producing with `UNABLE_TO_ACCEPT_REQUEST`.':
    async (stand) => {
      const { body } = await stand.createOrder(1001);
      stand.clock.now += TO_READY - 100;
      const { cardToken } = await stand.getOrder(1001, body.id);
      expect((await stand.production(cardToken)).status).toBe(404);
      expect((await stand.produce(cardToken)).body.errorCode).toBe('UNABLE_TO_ACCEPT_REQUEST');
    },
  'A card stays IN_PROGRESS until its result is simulated, for which it must have been sent to a kiosk.':
    async (stand) => {
      const { token } = await stand.readyCard();
      expect((await stand.simulate(token, 'PRODUCED')).status).toBe(422);
      await stand.produce(token);
      stand.clock.now += DAY;
      expect((await stand.production(token)).body.status).toBe('IN_PROGRESS');
      expect((await stand.simulate(token, 'PRODUCED')).status).toBe(200);
    },
  'A card in PRODUCTION_ERROR can be produced again.': async (stand) => {
    const { token } = await stand.readyCard();
    await stand.produce(token);
    await stand.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
    expect((await stand.produce(token, 'WIS00002')).body.status).toBe('IN_PROGRESS');
  },
  'PRODUCED moves the order to PRODUCED, a moment later.': async (stand) => {
    const { orderId, token } = await stand.readyCard();
    await stand.produce(token);
    await stand.simulate(token, 'PRODUCED');
    expect((await stand.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
    stand.clock.now += 5_000;
    expect((await stand.getOrder(1001, orderId)).status).toBe('PRODUCED');
  },
  'A request for a card in IN_PROGRESS is refused with `REQUEST_ALREADY_EXISTS`.': async (stand) => {
    const { token } = await stand.readyCard();
    await stand.produce(token);
    const { status, body } = await stand.produce(token, 'WIS00002');
    expect([status, body.errorCode]).toEqual([422, 'REQUEST_ALREADY_EXISTS']);
  },
  'A request for a card in PRODUCED is refused with the same code.': async (stand) => {
    const { token } = await collectedCard(stand);
    expect((await stand.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
  },
  'A kiosk that does not exist is refused with `KIOSK_ID_NOT_FOUND`.': async (stand) => {
    const { token } = await stand.readyCard();
    expect((await stand.produce(token, 'WIS99999')).body.errorCode).toBe('KIOSK_ID_NOT_FOUND');
  },
  'A card that was created over 60 days ago is refused (422), for ever.': async (stand) => {
    const { token } = await stand.readyCard();
    stand.clock.now += 60 * DAY - 2_000;
    expect((await stand.produce(token)).status).toBe(200);
    await stand.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
    stand.clock.now += 3_000;
    for (let count = 0; count < 2; count += 1) expect((await stand.produce(token)).status).toBe(422);
  },
  'The error code of that refusal is `EMPTY_OR_NULL_FIELD_VALUE`.': async (stand) => {
    const { token } = await stand.readyCard();
    stand.clock.now += 61 * DAY;
    expect((await stand.produce(token)).body.errorCode).toBe('EMPTY_OR_NULL_FIELD_VALUE');
  },
  'A card that is blocked, not for a kiosk, or of a cancelled or returned order is refused with `INVALID_FIELD_VALUE`.':
    async (stand) => {
      const { token: blocked } = await stand.readyCard();
      await setStatus(stand, blocked, 'BLOCKED');
      const { token: posted } = await stand.readyCard({ deliveryOption: 'POSTAL_SERVICE_STANDARD' });
      const { token: returned, orderId } = await stand.readyCard();
      await stand.control(`PUT orders/${orderId}/status`, { status: 'RETURNED' });
      for (const token of [blocked, posted, returned])
        expect((await stand.produce(token)).body.errorCode).toBe('INVALID_FIELD_VALUE');
    },
  'Reading a production never shows REQUEST_ERROR.': async (stand) => {
    const { token } = await stand.readyCard();
    await stand.produce(token, 'WIS99999');
    expect((await stand.production(token)).body.status).toBe('READY');
  },
  'A delivery that is repeated keeps its `X-Delivery-Id` and its bytes.': async (stand) => {
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 500 : 200));
    await subscribe(stand, receiver.url);
    await stand.readyCard();
    await receiver.got(1);
    await vi.waitFor(async () => {
      expect((await stand.control('GET deliveries')).body.deliveries).toMatchObject([{ attempts: 1 }]);
    });
    stand.sandbox.advance(61_000);
    const [first, second] = await receiver.got(2);
    expect(second?.headers['x-delivery-id']).toBe(first?.headers['x-delivery-id']);
    expect(second?.bytes).toEqual(first?.bytes);
  },
  'Deliveries end with their subscription.': async (stand) => {
    const id = await subscribe(stand, 'https://nobody.kioskctl.test/');
    await stand.readyCard();
    await stand.call(`DELETE ${SUBSCRIPTIONS}/${id}`);
    expect((await stand.control('GET deliveries')).body.deliveries).toEqual([]);
  },
};

test('the table of endpoints in docs/sandbox.md lists all endpoints, each with its source', () => {
  const rows = tableBelow('## Endpoints');
  expect(rows.map(([endpoint]) => endpoint).toSorted()).toEqual(
    VENDOR_ENDPOINTS.map((one) => `\`${one}\``).toSorted(),
  );
  for (const [endpoint, source] of rows) expect(SOURCES, endpoint).toContain(source);
});

const rules = tableBelow('## Rules');

test('the table of rules in docs/sandbox.md has a check for each rule, and a source', () => {
  expect(rules.map(([rule]) => rule)).toEqual(Object.keys(RULES));
  for (const [rule, source] of rules) expect(SOURCES, rule).toContain(source);
});

test.each(rules)('the sandbox keeps its rule: %s (%s)', async (rule) => {
  const stand = await Stand.open();
  await RULES[rule]?.(stand);
});
