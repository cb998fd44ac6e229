// The tables of docs/sandbox.md, walked: every endpoint and every rule of the embedded sandbox, each with its source.
import { randomUUID, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { VENDOR_ENDPOINTS } from '../../src/sandbox/api/routes.ts';
import { pauseAfter } from '../../src/sandbox/state/delivery-retries.ts';
import { ADDRESS, DAY, orderBody, type Reply, TestSandbox, TO_READY, VIRTUAL } from '../harness/sandbox.ts';
import { Receiver } from '../harness/server.ts';

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

async function orderCard(sandbox: TestSandbox, id: number, fields: Record<string, unknown> = {}) {
  const { body } = await sandbox.createOrder(id, fields);
  sandbox.clock.time += TO_READY;
  return sandbox.getOrder(id, body.id);
}

async function collectedCard(sandbox: TestSandbox, fields: Record<string, unknown> = {}) {
  const card = await sandbox.readyCard(fields);
  await sandbox.produce(card.token);
  await sandbox.simulate(card.token, 'PRODUCED');
  sandbox.clock.time += 5_000;
  return card;
}

const setStatus = (sandbox: TestSandbox, token: string, status: string): Promise<Reply> =>
  sandbox.call(`PUT ${cardPath(token)}/status`, { body: { status } });

const cardStatus = async (sandbox: TestSandbox, token: string) =>
  (await sandbox.call(`GET ${cardPath(token)}`)).body.status.value;

function requestSubscription(sandbox: TestSandbox, url: string): Promise<Reply> {
  const delivery = { version: '4.0.0', url };
  const body = { name: 'n', trigger_on: 'cards#card-production-status-change', delivery };
  return sandbox.call(`POST ${SUBSCRIPTIONS}`, { body });
}

const subscribe = async (sandbox: TestSandbox, url: string): Promise<string> =>
  (await requestSubscription(sandbox, url)).body.id;

const pauseInMinutes = (attempt: number, retryAfter: number | null = null) =>
  (pauseAfter(attempt, { status: 500, retryAfter }) ?? Number.NaN) / 60_000;

const isRepeatedAfterThree = (status: number) => pauseAfter(3, { status, retryAfter: null }) !== null;

/** How each rule of the table is checked. */
const RULES: Record<string, (sandbox: TestSandbox) => Promise<void>> = {
  'Every request but the one for a token needs a bearer token; without one, the answer is 401.': async (
    sandbox,
  ) => {
    const headers = { authorization: undefined };
    expect((await sandbox.call(`GET ${profile(1001)}/cards`, { headers })).status).toBe(401);
  },
  'Every answer has `x-trace-id`, and `X-External-Correlation-Id` comes back.': async (sandbox) => {
    const id = randomUUID();
    const headers = { 'x-external-correlation-id': id };
    const answer = await sandbox.call(`GET ${profile(1001)}/cards`, { headers });
    expect(answer.headers.get('x-external-correlation-id')).toBe(id);
    expect(answer.headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/);
  },
  'The version segment of a path may be a calendar version, like `2026Q4`.': async (sandbox) => {
    expect((await sandbox.call('GET /2026Q4/spend/profiles/1001/cards')).status).toBe(200);
  },
  'A 429 has `Retry-After` and `X-Rate-Limited-By`.': async (sandbox) => {
    sandbox.instance.addFault({ kind: 'answer', status: 429, times: 1 });
    const { headers } = await sandbox.call(`GET ${profile(1001)}/cards`);
    expect([headers.get('retry-after'), headers.get('x-rate-limited-by')]).toEqual(['1', 'wise-public-api']);
  },
  'A request that the user has to approve is answered 403 with `x-2fa-approval-result: REJECTED` (after `sandbox fault --approval`).':
    async (sandbox) => {
      sandbox.instance.addFault({ kind: 'answer', approval: true, times: 1 });
      const { status, headers } = await sandbox.call(`GET ${profile(1001)}/cards`);
      expect([status, headers.get('x-2fa-approval-result')]).toEqual([403, 'REJECTED']);
    },
  'A body is JSON; another media type is answered 415.': async (sandbox) => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await sandbox.call('POST /v3/spend/address/validate', { body: ADDRESS, headers });
    expect(answer.status).toBe(415);
  },
  'An order needs `X-idempotence-uuid`; the same key and body return the same order.': async (sandbox) => {
    const withoutKey = await sandbox.call(`POST ${profile(1001)}/card-orders`, { body: orderBody() });
    expect(withoutKey.status).toBe(400);
    const key = randomUUID();
    const [first, second] = [
      await sandbox.createOrder(1001, { key }),
      await sandbox.createOrder(1001, { key }),
    ];
    expect(second.body).toEqual(first.body);
  },
  'The same key with another body is refused (422).': async (sandbox) => {
    const key = randomUUID();
    await sandbox.createOrder(1001, { key });
    expect((await sandbox.createOrder(1001, { key, cardHolderName: 'Bob Example' })).status).toBe(422);
  },
  'A new order starts in PLACED, or in REQUIREMENTS_FULFILLED if no requirement is open.': async (
    sandbox,
  ) => {
    expect((await sandbox.createOrder(1003)).body.status).toBe('PLACED');
    expect((await sandbox.createOrder(1001)).body.status).toBe('REQUIREMENTS_FULFILLED');
  },
  'An optional field that is null counts as left out.': async (sandbox) => {
    const names = [
      'embossedName',
      'phoneNumber',
      'lifetimeLimit',
      'cardHolderProfileId',
      'replacementDetails',
    ];
    const nulls = Object.fromEntries([...names, 'deliveryOption'].map((name) => [name, null]));
    const { status, body } = await sandbox.createOrder(1001, nulls);
    expect([status, body.lifetimeLimit]).toEqual([200, null]);
    expect(body.deliveryDetails.deliveryOption).toBe('POSTAL_SERVICE_STANDARD');
  },
  '`billingAddress` is read as `address`.': async (sandbox) => {
    const order = await sandbox.createOrder(1001, { address: undefined, billingAddress: ADDRESS });
    expect([order.status, order.body.address]).toMatchObject([200, ADDRESS]);
  },
  'Lines, city and state of an address have at most 30 characters, a post code 10; PO boxes are not served.':
    async (sandbox) => {
      const body = { ...ADDRESS, firstLine: 'PO Box 12', city: 'x'.repeat(31), postCode: 'y'.repeat(11) };
      const { errors } = (await sandbox.call('POST /v3/spend/address/validate', { body })).body;
      expect(errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
        'city',
        'firstLine',
        'postCode',
      ]);
    },
  'A replacement is for a card of the same profile and of the same program.': async (sandbox) => {
    const { token: cardToken } = await sandbox.readyCard();
    const fields = { replacementDetails: { cardToken, reason: 'CARD_DAMAGED' } };
    expect((await sandbox.createOrder(1002, fields)).status).toBe(422);
    expect((await sandbox.createOrder(1001, { ...fields, program: VIRTUAL })).status).toBe(422);
    expect((await sandbox.createOrder(1001, fields)).status).toBe(200);
  },
  'Profile 1004 may have 10 physical cards, open orders included.': async (sandbox) => {
    for (let count = 0; count < 10; count += 1) expect((await sandbox.createOrder(1004)).status).toBe(200);
    expect((await sandbox.createOrder(1004)).status).toBe(422);
  },
  'It may have 30 virtual cards, and order 3 of them a day.': async (sandbox) => {
    for (let count = 0; count < 30; count += 1) {
      expect((await sandbox.createOrder(1004, { program: VIRTUAL })).status).toBe(200);
      if (count === 2) expect((await sandbox.createOrder(1004, { program: VIRTUAL })).status).toBe(422);
      if (count % 3 === 2) sandbox.clock.time += DAY;
    }
    expect((await sandbox.createOrder(1004, { program: VIRTUAL })).status).toBe(422);
  },
  'An order that is cancelled or returned, and a card that is blocked, take no place.': async (sandbox) => {
    const orders = [];
    for (let count = 0; count < 10; count += 1) orders.push(await orderCard(sandbox, 1004));
    const [cancelled, returned, blocked] = orders;
    await sandbox.cancel(cancelled.id, 1004);
    await sandbox.control(`PUT orders/${returned.id}/status`, { status: 'RETURNED' });
    await sandbox.call(`PUT ${cardPath(blocked.cardToken, 1004)}/status`, { body: { status: 'BLOCKED' } });
    sandbox.clock.time += 1_000;
    for (let count = 0; count < 3; count += 1) expect((await sandbox.createOrder(1004)).status).toBe(200);
    expect((await sandbox.createOrder(1004)).status).toBe(422);
  },
  'At a limit the program is not offered any more, and an order of it is refused (422, `CARD_LIMIT_REACHED`).':
    async (sandbox) => {
      for (let count = 0; count < 10; count += 1) await sandbox.createOrder(1004);
      const { cardPrograms } = (await sandbox.call(`GET ${profile(1004)}/card-orders/availability`)).body;
      expect(cardPrograms.map(({ name }: { name: string }) => name)).toEqual([VIRTUAL]);
      expect((await sandbox.createOrder(1004)).body.errors[0].code).toBe('CARD_LIMIT_REACHED');
    },
  'Lists of orders and of cards begin with the newest.': async (sandbox) => {
    await sandbox.readyCard();
    const { token } = await sandbox.readyCard();
    const first = async (list: string) => (await sandbox.call(`GET ${profile(1001)}/${list}`)).body;
    expect((await first('card-orders')).cardOrders[0].cardToken).toBe(token);
    expect((await first('cards')).cards[0].token).toBe(token);
  },
  'The simulated verification meets the VERIFICATION of the profile and of its placed orders.': async (
    sandbox,
  ) => {
    const { body } = await sandbox.createOrder(1002);
    await sandbox.call('POST /v1/simulation/profiles/1002/verifications');
    expect((await sandbox.getOrder(1002, body.id)).status).toBe('REQUIREMENTS_FULFILLED');
  },
  'Cancelling an order blocks its card.': async (sandbox) => {
    const { orderId, token } = await sandbox.readyCard();
    expect((await sandbox.cancel(orderId)).status).toBe(202);
    sandbox.clock.time += 1_000;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CANCELLED');
    expect(await cardStatus(sandbox, token)).toBe('BLOCKED');
  },
  'A cancelled order reads CANCELLED a moment after the answer.': async (sandbox) => {
    const { orderId } = await sandbox.readyCard();
    await sandbox.cancel(orderId);
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
  },
  'An order in COMPLETED or RETURNED cannot be cancelled (422).': async (sandbox) => {
    for (const status of ['COMPLETED', 'RETURNED']) {
      const { orderId } = await sandbox.readyCard();
      await sandbox.control(`PUT orders/${orderId}/status`, { status });
      expect((await sandbox.cancel(orderId)).status).toBe(422);
    }
  },
  'An order cannot be set to COMPLETED (deprecated).': async (sandbox) => {
    const { orderId } = await sandbox.readyCard();
    const target = `PUT ${profile(1001)}/card-orders/${orderId}/status`;
    expect((await sandbox.call(target, { body: { status: 'COMPLETED' } })).status).toBe(422);
  },
  'A new physical card is INACTIVE; its activation moves the order of a collected card to COMPLETED.': async (
    sandbox,
  ) => {
    const { orderId, token } = await collectedCard(sandbox);
    expect(await cardStatus(sandbox, token)).toBe('INACTIVE');
    const { status, body } = await setStatus(sandbox, token, 'ACTIVE');
    expect([status, body.token, body.status.value]).toEqual([200, token, 'ACTIVE']);
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('COMPLETED');
  },
  'A card can be frozen, made active again, and blocked; a blocked card stays blocked (422).': async (
    sandbox,
  ) => {
    const { token } = await collectedCard(sandbox);
    for (const status of ['ACTIVE', 'FROZEN', 'ACTIVE', 'BLOCKED']) {
      expect((await setStatus(sandbox, token, status)).status).toBe(200);
      expect(await cardStatus(sandbox, token)).toBe(status);
    }
    expect((await setStatus(sandbox, token, 'ACTIVE')).status).toBe(422);
  },
  'A card is not activated before it was collected, and not frozen before its activation (422).': async (
    sandbox,
  ) => {
    const { token } = await sandbox.readyCard();
    for (const status of ['ACTIVE', 'FROZEN'])
      expect((await setStatus(sandbox, token, status)).status).toBe(422);
    expect(await cardStatus(sandbox, token)).toBe('INACTIVE');
  },
  'A card that is replaced stays valid until the new one is activated.': async (sandbox) => {
    const { token: old } = await collectedCard(sandbox);
    await setStatus(sandbox, old, 'ACTIVE');
    const { token } = await collectedCard(sandbox, {
      replacementDetails: { cardToken: old, reason: 'CARD_DAMAGED' },
    });
    expect(await cardStatus(sandbox, old)).toBe('ACTIVE');
    await setStatus(sandbox, token, 'ACTIVE');
    expect(await cardStatus(sandbox, old)).toBe('BLOCKED');
  },
  'A card is READY some time after its details were created; only then it can be produced.': async (
    sandbox,
  ) => {
    const { token } = await sandbox.readyCard();
    expect((await sandbox.production(token)).body).toMatchObject({ status: 'READY', kioskId: null });
    expect((await sandbox.produce(token)).body).toMatchObject({ status: 'IN_PROGRESS', kioskId: 'WIS00001' });
  },
  'Before READY, reading the production is answered 404, and producing with `UNABLE_TO_ACCEPT_REQUEST`.':
    async (sandbox) => {
      const { body } = await sandbox.createOrder(1001);
      sandbox.clock.time += TO_READY - 100;
      const { cardToken } = await sandbox.getOrder(1001, body.id);
      expect((await sandbox.production(cardToken)).status).toBe(404);
      expect((await sandbox.produce(cardToken)).body.errorCode).toBe('UNABLE_TO_ACCEPT_REQUEST');
    },
  'A card stays IN_PROGRESS until its result is simulated, for which it must have been sent to a kiosk.':
    async (sandbox) => {
      const { token } = await sandbox.readyCard();
      expect((await sandbox.simulate(token, 'PRODUCED')).status).toBe(422);
      await sandbox.produce(token);
      sandbox.clock.time += DAY;
      expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
      expect((await sandbox.simulate(token, 'PRODUCED')).status).toBe(200);
    },
  'A card in PRODUCTION_ERROR can be produced again.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
    expect((await sandbox.produce(token, 'WIS00002')).body.status).toBe('IN_PROGRESS');
  },
  'PRODUCED moves the order to PRODUCED, a moment later.': async (sandbox) => {
    const { orderId, token } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCED');
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
    sandbox.clock.time += 5_000;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('PRODUCED');
  },
  'A request for a card in IN_PROGRESS is refused with `REQUEST_ALREADY_EXISTS`.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    const { status, body } = await sandbox.produce(token, 'WIS00002');
    expect([status, body.errorCode]).toEqual([422, 'REQUEST_ALREADY_EXISTS']);
  },
  'A request for a card in PRODUCED is refused with the same code.': async (sandbox) => {
    const { token } = await collectedCard(sandbox);
    expect((await sandbox.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
  },
  'A kiosk that does not exist is refused with `KIOSK_ID_NOT_FOUND`.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    expect((await sandbox.produce(token, 'WIS99999')).body.errorCode).toBe('KIOSK_ID_NOT_FOUND');
  },
  'A card that was created over 60 days ago is refused (422), permanently.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    sandbox.clock.time += 60 * DAY - 2_000;
    expect((await sandbox.produce(token)).status).toBe(200);
    await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
    sandbox.clock.time += 3_000;
    for (let count = 0; count < 2; count += 1) expect((await sandbox.produce(token)).status).toBe(422);
  },
  'The error code of that refusal is `EMPTY_OR_NULL_FIELD_VALUE`.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    sandbox.clock.time += 61 * DAY;
    expect((await sandbox.produce(token)).body.errorCode).toBe('EMPTY_OR_NULL_FIELD_VALUE');
  },
  'A card that is blocked, not for a kiosk, or of a cancelled or returned order is refused with `INVALID_FIELD_VALUE`.':
    async (sandbox) => {
      const { token: blocked } = await sandbox.readyCard();
      await setStatus(sandbox, blocked, 'BLOCKED');
      const { token: posted } = await sandbox.readyCard({ deliveryOption: 'POSTAL_SERVICE_STANDARD' });
      const { token: returned, orderId } = await sandbox.readyCard();
      await sandbox.control(`PUT orders/${orderId}/status`, { status: 'RETURNED' });
      for (const token of [blocked, posted, returned])
        expect((await sandbox.produce(token)).body.errorCode).toBe('INVALID_FIELD_VALUE');
    },
  'Reading a production never shows REQUEST_ERROR.': async (sandbox) => {
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token, 'WIS99999');
    expect((await sandbox.production(token)).body.status).toBe('READY');
  },
  'A JSON body without a `Content-Type` is accepted.': async (sandbox) => {
    const url = `${sandbox.url}/v3/spend/address/validate`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: 'Bearer any' },
      body: Buffer.from(JSON.stringify(ADDRESS)),
    });
    expect(await answer.json()).toEqual({ errors: [] });
  },
  'The path of the subscriptions may end with a slash.': async (sandbox) => {
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}/`)).body).toEqual([]);
  },
  'A subscription is created by the client of its path (`created_by`).': async (sandbox) => {
    await subscribe(sandbox, 'https://nobody.kioskctl.test/');
    const [{ created_by: creator }] = (await sandbox.call(`GET ${SUBSCRIPTIONS}`)).body;
    expect(creator).toEqual({ type: 'application', id: 'my-client' });
  },
  'The URL of a new subscription is tested first: unless it answers 2xx within 5 seconds, the request is refused with 422 `INVALID_CALLBACK_URL` (`kioskctl sandbox`).':
    async () => {
      const sandbox = await TestSandbox.open({ callbackCheck: true });
      const receiver = await Receiver.open(() => 500);
      const { status, body } = await requestSubscription(sandbox, receiver.url);
      expect([status, body.errors[0].code]).toEqual([422, 'INVALID_CALLBACK_URL']);
    },
  'A delivery has `X-Signature-SHA256` and `X-Delivery-Id`.': async (sandbox) => {
    const receiver = await Receiver.open();
    await subscribe(sandbox, receiver.url);
    await sandbox.readyCard();
    const [{ headers, bytes } = expect.fail()] = await receiver.got(1);
    const signature = Buffer.from(String(headers['x-signature-sha256']), 'base64');
    expect(verify('sha256', bytes, sandbox.instance.publicKey(), signature)).toBe(true);
    expect(headers['x-delivery-id']).toMatch(/^[\da-f-]{36}$/);
  },
  'A failed delivery is repeated after 1, 2, 4 … 1,024 minutes and then daily, 25 times in all; `Retry-After` replaces the pause.':
    async () => {
      expect([1, 2, 11, 12, 24, 25].map((attempt) => pauseInMinutes(attempt))).toEqual([
        1,
        2,
        1024,
        1440,
        1440,
        Number.NaN,
      ]);
      expect(pauseInMinutes(1, 300_000)).toBe(5);
    },
  'After a 4xx other than 408 and 429 it is sent 3 times in all.': async () => {
    expect([400, 404, 408, 429, 500].map(isRepeatedAfterThree)).toEqual([false, false, true, true, true]);
  },
  'A delivery that is repeated keeps its `X-Delivery-Id` and its bytes.': async (sandbox) => {
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 500 : 200));
    await subscribe(sandbox, receiver.url);
    await sandbox.readyCard();
    await receiver.got(1);
    await vi.waitFor(async () => {
      expect((await sandbox.control('GET deliveries')).body.deliveries).toMatchObject([{ attempts: 1 }]);
    }, 20_000);
    sandbox.instance.advance(61_000);
    const [first, second] = await receiver.got(2);
    expect(second?.headers['x-delivery-id']).toBe(first?.headers['x-delivery-id']);
    expect(second?.bytes).toEqual(first?.bytes);
  },
  'Deliveries end with their subscription.': async (sandbox) => {
    const id = await subscribe(sandbox, 'https://nobody.kioskctl.test/');
    await sandbox.readyCard();
    await sandbox.call(`DELETE ${SUBSCRIPTIONS}/${id}`);
    expect((await sandbox.control('GET deliveries')).body.deliveries).toEqual([]);
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
  const sandbox = await TestSandbox.open();
  await RULES[rule]?.(sandbox);
});
