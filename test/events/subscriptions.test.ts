import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createWebhooks,
  deleteWebhook,
  listWebhooks,
  subscribeHere,
  testWebhook,
} from '../../src/events/subscriptions.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { Receiver } from '../harness/server.ts';
import { World } from '../harness/world.ts';

const URL_OF_BANK = 'https://hooks.bank.example/kiosk';
const WANTED = { url: URL_OF_BANK, name: 'mine', version: null };
const SUBSCRIPTIONS = '/applications/world/subscriptions';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

function lose(method: 'POST' | 'DELETE', effect: 'before' | 'after', path = '/subscriptions'): void {
  world.fault({ kind: 'answer', method, path: `*${path}*`, reset: effect, times: 1 });
}

describe('create', () => {
  test('create subscribes to productions and orders', async () => {
    const { subscriptions, changed } = await createWebhooks(world.context(), WANTED);
    expect(changed).toBe(true);
    expect(subscriptions.map(({ eventType }) => eventType)).toEqual([PRODUCTION_EVENT, ORDER_EVENT]);
    for (const one of subscriptions)
      expect(one).toMatchObject({ url: URL_OF_BANK, name: 'mine', version: '4.0.0', mtls: false });
    expect(await listWebhooks(world.context())).toEqual(subscriptions);
  });

  test('create adds nothing to existing subscriptions, except for another version or URL', async () => {
    const ctx = world.context();
    const { subscriptions } = await createWebhooks(ctx, WANTED);
    expect(await createWebhooks(ctx, { ...WANTED, name: 'other' })).toEqual({
      subscriptions,
      changed: false,
    });
    expect(await createWebhooks(ctx, { ...WANTED, url: 'https://HOOKS.bank.example:443/kiosk' })).toEqual({
      subscriptions,
      changed: false,
    });
    const seconds = await createWebhooks(ctx, { ...WANTED, version: '2.0.0' });
    expect([seconds.changed, seconds.subscriptions[0]?.version]).toEqual([true, '2.0.0']);
    expect((await createWebhooks(ctx, { ...WANTED, url: `${URL_OF_BANK}/2` })).changed).toBe(true);
    expect(await listWebhooks(ctx)).toHaveLength(6);
  });

  test('create completes after a failure half-way', async () => {
    const ctx = world.context();
    const { subscriptions } = await createWebhooks(ctx, WANTED);
    await deleteWebhook(ctx, subscriptions[1]?.id ?? '');
    const again = await createWebhooks(ctx, WANTED);
    expect(again.changed).toBe(true);
    expect(again.subscriptions[0]).toEqual(subscriptions[0]);
    expect(await listWebhooks(ctx)).toHaveLength(2);
  });

  test('create checks whether a request with a lost answer arrived', async () => {
    lose('POST', 'after');
    expect((await createWebhooks(world.context(), WANTED)).subscriptions).toHaveLength(2);
    expect(await world.requests('POST', SUBSCRIPTIONS)).toHaveLength(2);
    expect(await listWebhooks(world.context())).toHaveLength(2);
  });

  test('create reports an unknown outcome if the subscription does not appear', async () => {
    lose('POST', 'before');
    await expect(createWebhooks(world.context(), WANTED)).rejects.toMatchObject({
      code: 'outcome-unknown',
      exitCode: 8,
      hint: expect.stringContaining('kioskctl webhooks list --context local'),
    });
    expect(await world.requests('POST', SUBSCRIPTIONS)).toHaveLength(1);
  });

  test('create explains that the URL did not answer the test notification of Wise', async () => {
    const ctx = world.context();
    const body = JSON.stringify({
      errors: [{ code: 'INVALID_CALLBACK_URL', message: 'x', path: 'delivery.url' }],
    });
    world.fault({ kind: 'answer', method: 'POST', path: '*/subscriptions', status: 422, body, times: 1 });
    await expect(createWebhooks(ctx, WANTED)).rejects.toMatchObject({
      code: 'rejected',
      exitCode: 10,
      message: expect.stringContaining(`test notification to ${URL_OF_BANK}`),
      hint: expect.stringMatching(/kioskctl listen.*gateway/),
      details: { errorCode: 'INVALID_CALLBACK_URL', httpStatus: 422, traceId: expect.any(String) },
    });
  });

  test('create says beforehand what Wise checks, but not in local, where nothing is checked', async () => {
    await createWebhooks(world.context(), WANTED);
    expect(world.said).toEqual([]);
    world.fault({ kind: 'answer', method: 'POST', path: '*/subscriptions', status: 422, times: 1 });
    const ctx = world.context({ environment: 'sandbox' });
    await createWebhooks(ctx, { ...WANTED, url: `${URL_OF_BANK}/new` }).catch(() => undefined);
    expect(world.said).toEqual([
      `Wise sends a test notification to ${URL_OF_BANK}/new first, and creates no subscription unless the answer is 2xx within 5 seconds.`,
    ]);
  });

  test.each([
    [422, 'rejected'],
    [401, 'credentials-refused'],
    [404, 'not-found'],
    [429, 'rate-limited'],
  ])('create explains an answer of %i', async (status, code) => {
    world.fault({ kind: 'answer', method: 'POST', path: '*/subscriptions', status, times: 1 });
    await expect(createWebhooks(world.context(), WANTED)).rejects.toMatchObject({ code });
  });

  test.each(['http://bank.example/', 'http://127.0.0.1:9/', 'nonsense'])(
    'asks for nothing with %s outside local',
    async (url) => {
      const ctx = world.context({ environment: 'sandbox' });
      await expect(createWebhooks(ctx, { ...WANTED, url })).rejects.toMatchObject({ code: 'usage' });
      expect(await world.requests('GET', SUBSCRIPTIONS)).toEqual([]);
    },
  );
});

test('changes of subscriptions are recorded in the journal with their reason', async () => {
  const ctx = world.context({ reason: 'new receiver' });
  const [first] = (await createWebhooks(ctx, WANTED)).subscriptions;
  await testWebhook(ctx, first?.id ?? '');
  await deleteWebhook(ctx, first?.id ?? '');
  await deleteWebhook(ctx, first?.id ?? '').catch(() => undefined);
  await listWebhooks(ctx);
  const db = new DatabaseSync(join(world.folder, 'journal.db'));
  const acts = db.prepare('SELECT * FROM acts ORDER BY id').all();
  db.close();
  expect(acts.map(({ act, exit_code: exitCode }) => [act, exitCode])).toEqual([
    ['subscribe', 0],
    ['test-webhook', 0],
    ['unsubscribe', 0],
    ['unsubscribe', 10],
  ]);
  for (const one of acts)
    expect(one).toMatchObject({ profile_id: 0, reason: 'new receiver', context: 'local' });
});

describe('delete', () => {
  test('delete removes one subscription', async () => {
    const ctx = world.context();
    const [first, second] = (await createWebhooks(ctx, WANTED)).subscriptions;
    await deleteWebhook(ctx, first?.id ?? '');
    expect(await listWebhooks(ctx)).toEqual([second]);
    await expect(deleteWebhook(ctx, first?.id ?? '')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('subscription'),
    });
  });

  test.each([
    ['after', null],
    ['before', 'outcome-unknown'],
  ] as const)('looks, when its answer is lost %s the effect', async (moment, code) => {
    const ctx = world.context();
    const [first] = (await createWebhooks(ctx, WANTED)).subscriptions;
    lose('DELETE', moment);
    const end = await deleteWebhook(ctx, first?.id ?? '').catch((error: unknown) => error);
    if (code === null) expect(end).toBe(undefined);
    else expect(end).toMatchObject({ code });
  });
});

describe('test', () => {
  test('test triggers the delivery of a test notification', async () => {
    const receiver = await Receiver.open();
    const ctx = world.context();
    const [first] = (await createWebhooks(ctx, { ...WANTED, url: receiver.url })).subscriptions;
    const [deliveryId] = await testWebhook(ctx, first?.id ?? '');
    const [arrived] = await receiver.got(1);
    expect(arrived?.headers).toMatchObject({ 'x-delivery-id': deliveryId, 'x-test-notification': 'true' });
  });

  test('a test of an unknown subscription is not found, and a lost answer is an unknown outcome', async () => {
    const ctx = world.context();
    await expect(testWebhook(ctx, crypto.randomUUID())).rejects.toMatchObject({ code: 'not-found' });
    const [first] = (await createWebhooks(ctx, WANTED)).subscriptions;
    lose('POST', 'after', '/test-notifications');
    await expect(testWebhook(ctx, first?.id ?? '')).rejects.toMatchObject({ code: 'outcome-unknown' });
  });
});

describe('a listener in local', () => {
  test('a listener in local subscribes itself to both types, and removes the subscriptions at its end', async () => {
    const receiver = await Receiver.open();
    const ctx = world.context();
    const before = await createWebhooks(ctx, WANTED);
    const unsubscribe = await subscribeHere(ctx, { url: receiver.url, isAlone: false });
    await world.readyCard();
    await receiver.got(3);
    expect(receiver.statuses().toSorted()).toEqual([
      'CARD_DETAILS_CREATED',
      'READY',
      'REQUIREMENTS_FULFILLED',
    ]);
    await unsubscribe();
    expect(await listWebhooks(ctx)).toEqual(before.subscriptions);
  });

  test('a listener in local adopts the subscriptions of a killed one, but not those of users', async () => {
    const ctx = world.context();
    const url = 'http://127.0.0.1:8788/';
    await subscribeHere(ctx, { url, isAlone: false });
    const left = await listWebhooks(ctx);
    const unsubscribe = await subscribeHere(ctx, { url, isAlone: false });
    expect(await listWebhooks(ctx)).toEqual(left);
    await unsubscribe();
    expect(await listWebhooks(ctx)).toEqual([]);

    const { subscriptions } = await createWebhooks(ctx, { ...WANTED, url });
    await (await subscribeHere(ctx, { url, isAlone: false }))();
    expect(await listWebhooks(ctx)).toEqual(subscriptions);
  });

  test('a listener in local warns if it cannot remove its subscriptions', async () => {
    const ctx = world.context();
    const unsubscribe = await subscribeHere(ctx, { url: 'http://127.0.0.1:8788/', isAlone: false });
    world.fault({ kind: 'answer', method: 'DELETE', status: 500, times: 1 });
    await unsubscribe();
    expect(world.said).toEqual([expect.stringContaining('could not be removed')]);
    expect(await listWebhooks(ctx)).toHaveLength(1);
  });

  test('a listener outside of local never subscribes itself', async () => {
    const ctx = world.context({ environment: 'production' });
    await expect(subscribeHere(ctx, { url: URL_OF_BANK, isAlone: false })).rejects.toThrow(TypeError);
    expect(await world.requests('GET', SUBSCRIPTIONS)).toEqual([]);
  });
});
