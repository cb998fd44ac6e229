import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { at, type Reply, TestSandbox } from '../harness/sandbox.ts';
import { Receiver, type ReceiverAnswer } from '../harness/server.ts';

const SUBSCRIPTIONS = '/v3/applications/my-key/subscriptions';
const REQUEST = {
  name: 'kiosk events',
  trigger_on: PRODUCTION_EVENT,
  delivery: { version: '4.0.0', url: 'https://bank.example/hooks/kiosk' },
};

describe('subscriptions', () => {
  test('subscriptions are created, read, listed and deleted', async () => {
    const sandbox = await TestSandbox.open();
    const created = await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body: REQUEST });
    expect(created.status).toBe(200);
    expect(created.body).toEqual({
      ...REQUEST,
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      scope: { domain: 'application', id: 'my-key' },
      created_by: { type: 'application', id: 'my-key' },
      created_at: at(0),
    });
    const one = `${SUBSCRIPTIONS}/${created.body.id}`;
    expect((await sandbox.call(`GET ${one}`)).body).toEqual(created.body);
    const second = await sandbox.call(`POST ${SUBSCRIPTIONS}`, {
      body: { ...REQUEST, delivery: { ...REQUEST.delivery, mtls_enabled: true } },
    });
    expect(second.body.delivery.mtls_enabled).toBe(true);
    const third = await sandbox.call(`POST ${SUBSCRIPTIONS}`, {
      body: { ...REQUEST, delivery: { ...REQUEST.delivery, mtls_enabled: null } },
    });
    expect(third.status).toBe(second.status);
    await sandbox.call(`DELETE ${SUBSCRIPTIONS}/${third.body.id}`);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}`)).body).toEqual([created.body, second.body]);

    const removed = await sandbox.call(`DELETE ${one}`);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await sandbox.call(`GET ${one}`)).status).toBe(404);
    expect((await sandbox.call(`DELETE ${one}`)).status).toBe(404);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}`)).body).toEqual([second.body]);
  });

  test.each([
    ['GET', SUBSCRIPTIONS],
    ['POST', SUBSCRIPTIONS],
    ['GET', '2026Q4'],
  ])('%s accepts a trailing slash, which the collection of Wise writes: %s', async (method, place) => {
    const sandbox = await TestSandbox.open();
    const path = place === SUBSCRIPTIONS ? place : SUBSCRIPTIONS.replace('v3', place);
    const created = await sandbox.call(`POST ${SUBSCRIPTIONS}/`, { body: REQUEST });
    const body = method === 'POST' ? { body: REQUEST } : {};
    expect((await sandbox.call(`${method} ${path}/`, body)).status).toBe(200);
    const one = await sandbox.call(`GET ${path}/${created.body.id}/`);
    expect(one.body).toEqual(created.body);
    expect((await sandbox.call(`POST ${path}/${created.body.id}/test-notifications/`)).status).toBe(200);
    expect((await sandbox.call(`GET ${path}//`)).status).toBe(404);
    expect((await sandbox.call('GET /v3/spend/profiles/1001/cards/')).status).toBe(404);
  });

  test('a subscription names the client that created it', async () => {
    const sandbox = await TestSandbox.open();
    const basic = `Basic ${Buffer.from('my-bank:a secret').toString('base64')}`;
    const issued = await sandbox.call('POST /oauth/token', {
      raw: 'grant_type=client_credentials',
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    });
    const authorization = `Bearer ${issued.body.access_token}`;
    const { body } = await sandbox.call(`POST ${SUBSCRIPTIONS}`, {
      body: REQUEST,
      headers: { authorization },
    });
    expect(body).toMatchObject({
      scope: { domain: 'application', id: 'my-key' },
      created_by: { type: 'application', id: 'my-bank' },
    });
  });

  test('subscriptions belong to their client key', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body: REQUEST });
    const theirs = '/v3/applications/their-key/subscriptions';
    expect((await sandbox.call(`GET ${theirs}`)).body).toEqual([]);
    for (const target of [
      `GET ${theirs}/${body.id}`,
      `DELETE ${theirs}/${body.id}`,
      `POST ${theirs}/${body.id}/test-notifications`,
    ])
      expect((await sandbox.call(target)).status).toBe(404);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}/${randomUUID()}`)).status).toBe(404);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}/nonsense`)).status).toBe(400);
  });

  test.each<[path: string, fields: Record<string, unknown>]>([
    ['name', { name: '' }],
    ['trigger_on', { trigger_on: undefined }],
    ['delivery', { delivery: undefined }],
    ['delivery.version', { delivery: { url: REQUEST.delivery.url } }],
  ])('a wrong %s is 422', async (path, fields) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body: { ...REQUEST, ...fields } });
    expect([status, body.errors[0].path]).toEqual([422, path]);
  });

  test.each([
    'nonsense',
    'http://bank.example/hook',
    'https://bank.example:8443/hook',
    'https://bank.example/hook?secret=1',
    'https://203.0.113.7/hook',
    'https://[2001:db8::1]/hook',
    'https://user:pass@bank.example/hook',
    'ftp://bank.example/hook',
  ])('%s is not a valid receiver', async (url) => {
    const sandbox = await TestSandbox.open();
    const body = { ...REQUEST, delivery: { version: '4.0.0', url } };
    const refused = await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body });
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, 'delivery.url']);
  });

  test.each(['http://127.0.0.1:8080/hook', 'http://localhost:1/', 'http://[::1]:9/'])(
    '%s is a valid receiver, because the sandbox reaches it',
    async (url) => {
      const sandbox = await TestSandbox.open();
      const body = { ...REQUEST, delivery: { version: '4.0.0', url } };
      expect((await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body })).status).toBe(200);
    },
  );

  test.each([
    [PRODUCTION_EVENT, { status: 'PRODUCED', kiosk_id: 'WIS00000' }],
    [ORDER_EVENT, { order_id: '0L', order_status: 'PRODUCED' }],
    ['cards#card-status-change', {}],
  ])('a test notification of %s waits in the outbox', async (trigger, data) => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.call(`POST ${SUBSCRIPTIONS}`, {
      body: { ...REQUEST, trigger_on: trigger },
    });
    const sent = await sandbox.call(`POST ${SUBSCRIPTIONS}/${body.id}/test-notifications`);
    expect(sent.status).toBe(200);
    expect(sent.body).toEqual([{ delivery_id: expect.stringMatching(/^[\da-f-]{36}$/), created_at: at(0) }]);
    const [event] = await sandbox.outbox();
    expect(event).toMatchObject({
      subscriptionId: body.id,
      deliveryId: sent.body[0].delivery_id,
      body: { event_type: trigger, subscription_id: body.id, schema_version: '4.0.0', sent_at: at(0), data },
    });
    expect(event.body.data.resource).toMatchObject({ type: 'card', profile_id: '0' });
  });
});

function create(sandbox: TestSandbox, url: string, more: Record<string, unknown> = {}): Promise<Reply> {
  const body = { ...REQUEST, delivery: { version: '2.0.0', url }, ...more };
  return sandbox.call(`POST ${SUBSCRIPTIONS}`, { body });
}

describe('with a check of callbacks, a subscription', () => {
  test('with the callback check, a subscription is created after its URL accepted a signed test notification of its type and version', async () => {
    const sandbox = await TestSandbox.open({ callbackCheck: true });
    const receiver = await Receiver.open(() => 204);
    expect((await create(sandbox, receiver.url)).status).toBe(200);
    const [{ headers, body, bytes } = expect.fail()] = receiver.arrived;
    expect(headers).toMatchObject({ 'x-test-notification': 'true' });
    expect(headers['x-delivery-id']).toMatch(/^[\da-f-]{36}$/);
    expect(body).toMatchObject({
      event_type: PRODUCTION_EVENT,
      schema_version: '2.0.0',
      sent_at: '2026-01-01T00:00:00Z',
    });
    const verifier = new SignatureVerifier({ pem: sandbox.instance.publicKey(), source: 'the sandbox' });
    expect(verifier.isValid(bytes, String(headers['x-signature-sha256']))).toBe(true);
    // It is no event of the subscription.
    expect(await sandbox.outbox()).toEqual([]);
    expect(receiver.arrived).toHaveLength(1);
  });

  test.each<[string, ReceiverAnswer]>([
    ['404', 404],
    ['503', 503],
    ['a redirect', { status: 302, headers: { location: '/' } }],
  ])('is refused with 422 INVALID_CALLBACK_URL if its URL answers %s', async (_, answer) => {
    const sandbox = await TestSandbox.open({ callbackCheck: true });
    const receiver = await Receiver.open(() => answer);
    const { status, body, headers } = await create(sandbox, receiver.url);
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { code: 'INVALID_CALLBACK_URL', message: expect.any(String), path: 'delivery.url', arguments: [] },
    ]);
    expect(headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}`)).body).toEqual([]);
    const posts = (await sandbox.requests()).filter(({ method }) => method === 'POST');
    expect(posts).toMatchObject([{ path: SUBSCRIPTIONS, status: 422, effect: false }]);
  });

  test.each(['nobody listens there', 'the answer takes more than 5 seconds'])(
    'with the callback check, a subscription is refused if %s',
    async (reason) => {
      const sandbox = await TestSandbox.open({ callbackCheck: true });
      const receiver = await Receiver.open(() => 'never');
      if (reason.startsWith('nobody')) receiver.close();
      const { status, body } = await create(sandbox, receiver.url);
      expect([status, body.errors[0].code]).toEqual([422, 'INVALID_CALLBACK_URL']);
    },
    20_000,
  );

  test('the callback is not checked if the request is rejected anyway, or a fault answers it', async () => {
    const sandbox = await TestSandbox.open({ callbackCheck: true });
    const receiver = await Receiver.open();
    expect((await create(sandbox, receiver.url, { name: '' })).status).toBe(422);
    const anonymous = { body: REQUEST, headers: { authorization: undefined } };
    expect((await sandbox.call(`POST ${SUBSCRIPTIONS}`, anonymous)).status).toBe(401);
    sandbox.instance.addFault({ kind: 'answer', path: '/subscriptions', status: 500, times: 1 });
    expect((await create(sandbox, receiver.url)).status).toBe(500);
    expect(receiver.arrived).toEqual([]);
    expect(sandbox.instance.listFaults()).toEqual([]);
    expect((await sandbox.call(`GET ${SUBSCRIPTIONS}/`)).status).toBe(200);
    expect(receiver.arrived).toEqual([]);
  });
});
