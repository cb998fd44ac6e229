import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { at, Stand } from '../harness/sandbox.ts';

const SUBSCRIPTIONS = '/v3/applications/my-key/subscriptions';
const REQUEST = {
  name: 'kiosk events',
  trigger_on: PRODUCTION_EVENT,
  delivery: { version: '4.0.0', url: 'https://bank.example/hooks/kiosk' },
};

describe('subscriptions', () => {
  test('are created, read, listed and removed', async () => {
    const stand = await Stand.open();
    const created = await stand.call(`POST ${SUBSCRIPTIONS}`, { body: REQUEST });
    expect(created.status).toBe(200);
    expect(created.body).toEqual({
      ...REQUEST,
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      scope: { domain: 'application', id: 'my-key' },
      created_by: { type: 'application', id: 'kioskctl-sandbox' },
      created_at: at(0),
    });
    const one = `${SUBSCRIPTIONS}/${created.body.id}`;
    expect((await stand.call(`GET ${one}`)).body).toEqual(created.body);
    const second = await stand.call(`POST ${SUBSCRIPTIONS}`, {
      body: { ...REQUEST, delivery: { ...REQUEST.delivery, mtls_enabled: true } },
    });
    expect(second.body.delivery.mtls_enabled).toBe(true);
    expect((await stand.call(`GET ${SUBSCRIPTIONS}`)).body).toEqual([created.body, second.body]);

    const removed = await stand.call(`DELETE ${one}`);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await stand.call(`GET ${one}`)).status).toBe(404);
    expect((await stand.call(`DELETE ${one}`)).status).toBe(404);
    expect((await stand.call(`GET ${SUBSCRIPTIONS}`)).body).toEqual([second.body]);
  });

  test('belong to their client key', async () => {
    const stand = await Stand.open();
    const { body } = await stand.call(`POST ${SUBSCRIPTIONS}`, { body: REQUEST });
    const theirs = '/v3/applications/their-key/subscriptions';
    expect((await stand.call(`GET ${theirs}`)).body).toEqual([]);
    for (const target of [
      `GET ${theirs}/${body.id}`,
      `DELETE ${theirs}/${body.id}`,
      `POST ${theirs}/${body.id}/test-notifications`,
    ])
      expect((await stand.call(target)).status).toBe(404);
    expect((await stand.call(`GET ${SUBSCRIPTIONS}/${randomUUID()}`)).status).toBe(404);
    expect((await stand.call(`GET ${SUBSCRIPTIONS}/nonsense`)).status).toBe(400);
  });

  test.each<[path: string, fields: Record<string, unknown>]>([
    ['name', { name: '' }],
    ['trigger_on', { trigger_on: undefined }],
    ['delivery', { delivery: undefined }],
    ['delivery.version', { delivery: { url: REQUEST.delivery.url } }],
  ])('a wrong %s is 422', async (path, fields) => {
    const stand = await Stand.open();
    const { status, body } = await stand.call(`POST ${SUBSCRIPTIONS}`, { body: { ...REQUEST, ...fields } });
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
    const stand = await Stand.open();
    const body = { ...REQUEST, delivery: { version: '4.0.0', url } };
    const refused = await stand.call(`POST ${SUBSCRIPTIONS}`, { body });
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, 'delivery.url']);
  });

  test.each(['http://127.0.0.1:8080/hook', 'http://localhost:1/', 'http://[::1]:9/'])(
    '%s is a valid receiver, because the sandbox reaches it',
    async (url) => {
      const stand = await Stand.open();
      const body = { ...REQUEST, delivery: { version: '4.0.0', url } };
      expect((await stand.call(`POST ${SUBSCRIPTIONS}`, { body })).status).toBe(200);
    },
  );

  test.each([
    [PRODUCTION_EVENT, { status: 'PRODUCED', kiosk_id: 'WIS00000' }],
    [ORDER_EVENT, { order_id: '0L', order_status: 'PRODUCED' }],
    ['cards#card-status-change', {}],
  ])('a test notification of %s waits in the outbox', async (trigger, data) => {
    const stand = await Stand.open();
    const { body } = await stand.call(`POST ${SUBSCRIPTIONS}`, { body: { ...REQUEST, trigger_on: trigger } });
    const sent = await stand.call(`POST ${SUBSCRIPTIONS}/${body.id}/test-notifications`);
    expect(sent.status).toBe(200);
    expect(sent.body).toEqual([{ delivery_id: expect.stringMatching(/^[\da-f-]{36}$/), created_at: at(0) }]);
    const [event] = await stand.outbox();
    expect(event).toMatchObject({
      subscriptionId: body.id,
      deliveryId: sent.body[0].delivery_id,
      body: { event_type: trigger, subscription_id: body.id, schema_version: '4.0.0', sent_at: at(0), data },
    });
    expect(event.body.data.resource).toMatchObject({ type: 'card', profile_id: '0' });
  });
});
