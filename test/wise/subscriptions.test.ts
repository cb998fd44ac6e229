import { describe, expect, test } from 'vitest';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  sendTestNotification,
} from '../../src/wise/subscriptions.ts';
import { json, raw, Vendor } from '../harness/server.ts';

const ID = '72195556-e5cb-495e-a010-b37a4f2a3043';
// From the reference of Wise.
const BODY = {
  id: ID,
  name: 'Webhook Subscription #1',
  delivery: { version: '4.0.0', url: 'https://your.webhook.url/12345' },
  trigger_on: 'transfers#state-change',
  scope: { domain: 'application', id: 'my-bank' },
  created_by: { type: 'application', id: 'my-bank' },
  created_at: '2019-10-10T13:55:57Z',
};
const READ = {
  id: ID,
  name: 'Webhook Subscription #1',
  eventType: 'transfers#state-change',
  url: 'https://your.webhook.url/12345',
  version: '4.0.0',
  mtls: false,
  createdAt: '2019-10-10T13:55:57Z',
};

describe.concurrent('subscriptions', () => {
  test('subscriptions are listed with the token of the application', async () => {
    const vendor = await Vendor.open(json(200, [BODY]));
    const owners: unknown[] = [];
    const client = vendor.client({ token: async (owner) => String(owners.push(owner)) });
    await listSubscriptions(client, 'my bank/1');
    await createSubscription(client, {
      clientKey: 'my-bank',
      request: { name: 'n', trigger_on: 't', delivery: { version: '4.0.0', url: 'https://bank.example' } },
    });
    const name = { clientKey: 'my-bank', id: ID };
    await deleteSubscription(client, name);
    await sendTestNotification(client, name);
    const root = '/v3/applications/my-bank/subscriptions';
    expect(vendor.asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', '/v3/applications/my%20bank%2F1/subscriptions', ''],
      [
        'POST',
        root,
        '{"name":"n","trigger_on":"t","delivery":{"version":"4.0.0","url":"https://bank.example"}}',
      ],
      ['DELETE', `${root}/${ID}`, ''],
      ['POST', `${root}/${ID}/test-notifications`, ''],
    ]);
    expect(owners).toEqual(['application', 'application', 'application', 'application']);
  });

  test("subscriptions are read without the fields that can't be decoded", async () => {
    const bare = { id: 'x', trigger_on: 'new#type', delivery: 'elsewhere', name: 7 };
    const secured = { ...BODY, delivery: { ...BODY.delivery, mtls_enabled: true } };
    const vendor = await Vendor.open(json(200, [BODY, bare, { id: 1 }, null, 'odd', secured]));
    expect(await listSubscriptions(vendor.client(), 'my-bank')).toEqual([
      READ,
      {
        id: 'x',
        name: null,
        eventType: 'new#type',
        url: null,
        version: null,
        mtls: false,
        createdAt: null,
      },
      { ...READ, mtls: true },
    ]);
    const one = await Vendor.open(json(200, BODY));
    expect(await getSubscription(one.client(), { clientKey: 'my-bank', id: ID })).toEqual(READ);
  });

  test('subscriptions are changed once, without retries', async () => {
    const vendor = await Vendor.open(raw(503, ''));
    const name = { clientKey: 'my-bank', id: ID };
    await deleteSubscription(vendor.client(), name);
    await sendTestNotification(vendor.client(), name);
    expect(vendor.asked).toHaveLength(2);
  });

  test('subscriptions in another format are an unreadable response', async () => {
    const vendor = await Vendor.open(json(200, { subscriptions: [] }));
    await expect(listSubscriptions(vendor.client(), 'my-bank')).rejects.toMatchObject({
      code: 'answer-unreadable',
    });
  });
});
