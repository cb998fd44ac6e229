import { verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { InferInput } from 'valibot';
import { expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import type { AnswerFault, OutcomeFault, ProduceFault } from '../../src/testing/api.ts';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import type { faultSchema } from '../../src/wire/fault.ts';
import { makeFolder } from '../harness/command-line.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A service under test that records what it receives, and answers with `answer`. */
async function receiver(answer = 200): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`, received };
}

function isGenuine({ headers, body }: Received, publicKey: string): boolean {
  const signature = headers['x-signature-sha256'];
  return (
    typeof signature === 'string' &&
    verify('sha256', Buffer.from(body), publicKey, Buffer.from(signature, 'base64'))
  );
}

async function produce({ url, token }: { url: string; token: string }, cardToken: string): Promise<Response> {
  return fetch(`${url}/v3/spend/profiles/1001/cards/${cardToken}/production`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ kioskId: 'WIS00001' }),
  });
}

test('a sandbox for tests serves the API with its token until its scope ends', async () => {
  let url = '';
  {
    await using sandbox = await startSandbox({ speed: 50, kiosks: 2 });
    ({ url } = sandbox);
    expect(sandbox).toMatchObject({
      profiles: [1001, 1002, 1003, 1004],
      kiosks: ['WIS00001', 'WIS00002'],
    });
    const { cardToken } = sandbox.readyCard();
    expect((await produce(sandbox, cardToken)).status).toBe(200);
    expect(sandbox.requests()).toMatchObject([
      { method: 'PUT', status: 200, effect: true, kioskId: 'WIS00001', at: expect.any(String) as string },
    ]);
  }
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('a ready card may be produced, and its events come in the order of their times', async () => {
  await using sandbox = await startSandbox();
  const { profileId, orderId, cardToken } = sandbox.readyCard();
  const events = sandbox.events();
  expect(events.map(({ data }) => ('status' in data ? data.status : data.order_status))).toEqual([
    'REQUIREMENTS_FULFILLED',
    'CARD_DETAILS_CREATED',
    'READY',
  ]);
  expect(events[0]?.data).toMatchObject({
    order_id: `${orderId}L`,
    resource: { profile_id: `${profileId}` },
  });
  expect(events[2]?.data).toMatchObject({ resource: { card_token: cardToken } });
  const times = events.map(({ data }) => data.occurred_at);
  expect([new Set(times).size, times.toSorted()]).toEqual([3, times]);
});

test('a profile with open requirements has no ready card, and none is ordered', async () => {
  await using sandbox = await startSandbox();
  expect(() => sandbox.readyCard({ profileId: 1002 })).toThrow('VERIFICATION PENDING');
  expect(() => sandbox.readyCard({ profileId: 9 })).toThrow('Profile not found');
  for (let count = 0; count < 10; count += 1) sandbox.readyCard({ profileId: 1004 });
  expect(() => sandbox.readyCard({ profileId: 1004 })).toThrow('limit of 10 physical cards');
  expect(sandbox.events()).toHaveLength(30);
});

test('deliverTo delivers later events once each, with a signature that the public key verifies', async () => {
  await using sandbox = await startSandbox({ speed: 50 });
  const service = await receiver();
  sandbox.readyCard();
  sandbox.deliverTo(service.url);
  sandbox.deliverTo(service.url);
  const { cardToken } = sandbox.readyCard();
  sandbox.addFault({ kind: 'outcome', kioskId: 'WIS00001', status: 'PRODUCED' });
  await produce(sandbox, cardToken);
  await vi.waitFor(() => expect(service.received).toHaveLength(6), 10_000);
  expect(service.received.map(({ body }) => body).join('\n')).toContain('"order_status":"PRODUCED"');
  expect(service.received.every((one) => isGenuine(one, sandbox.publicKey))).toBe(true);
  expect(() => sandbox.deliverTo('localhost:3000/hook')).toThrow('not an http or https URL');
});

test('send repeats an event with the same delivery id, and signs it wrongly or not at all if it is told to', async () => {
  await using sandbox = await startSandbox();
  const service = await receiver(401);
  const { cardToken } = sandbox.readyCard();
  const [event] = sandbox.events().slice(-1);
  if (!event) throw new Error('there is no event');
  await expect(sandbox.send(event)).rejects.toThrow('No receiver is known');
  sandbox.deliverTo(service.url);
  expect(await sandbox.send(event, { signature: 'wrong', times: 2 })).toEqual([401, 401]);
  expect(await sandbox.send(event, { signature: 'missing', test: true, deliveryId: 'mine' })).toEqual([401]);
  expect(await sandbox.send('{"cut', { url: `${service.url}/other` })).toEqual([401]);
  expect(await sandbox.send({ ...event, event_type: 'cards#new' })).toEqual([401]);
  const [first, second, third, fourth, fifth] = service.received;
  if (!first || !second || !third || !fourth || !fifth) throw new Error('a delivery is missing');
  expect(first.body).toContain(cardToken);
  expect(JSON.parse(first.body)).not.toMatchObject({ subscription_id: event.subscription_id });
  expect(first.headers['x-signature-sha256']).toMatch(/^[\w+/]{342}==$/);
  expect(first.headers['x-delivery-id']).toBe(second.headers['x-delivery-id']);
  expect(third.headers).toMatchObject({ 'x-test-notification': 'true', 'x-delivery-id': 'mine' });
  expect(third.headers).not.toHaveProperty('x-signature-sha256');
  expect(fourth.body).toBe('{"cut');
  expect([first, second, third, fourth, fifth].map((one) => isGenuine(one, sandbox.publicKey))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test('a delivery to a receiver that does not answer counts as status 0', async () => {
  await using sandbox = await startSandbox();
  expect(await sandbox.send('x', { url: 'http://127.0.0.1:1/' })).toEqual([0]);
});

test('advance moves the clock by a duration, and reset makes everything new except receivers and key', async () => {
  await using sandbox = await startSandbox({ seed: 7 });
  const service = await receiver();
  const { publicKey } = sandbox;
  sandbox.deliverTo(service.url);
  const first = sandbox.readyCard();
  const days = (sandbox.advance('61d').getTime() - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(61);
  expect((await produce(sandbox, first.cardToken)).status).toBe(422);
  expect(() => sandbox.advance('soon')).toThrow('is not a duration');
  sandbox.reset();
  expect([sandbox.events(), sandbox.requests()]).toEqual([[], []]);
  const again = sandbox.readyCard();
  expect(again.orderId).toBe(first.orderId);
  expect((await produce(sandbox, again.cardToken)).status).toBe(200);
  expect(sandbox.publicKey).toBe(publicKey);
  await vi.waitFor(() => expect(service.received.at(-1)?.body).toContain('IN_PROGRESS'), 10_000);
});

test('a state file keeps cards for the next sandbox, and sandboxes in memory share nothing but the key', async () => {
  const state = join(makeFolder(), 'sandbox.sqlite');
  await using first = await startSandbox({ state });
  const { cardToken } = first.readyCard();
  await using second = await startSandbox({ state });
  expect((await produce(second, cardToken)).status).toBe(200);
  await using third = await startSandbox();
  await using fourth = await startSandbox();
  third.readyCard();
  expect(fourth.events()).toEqual([]);
  expect(third.publicKey).toBe(fourth.publicKey);
  expect(third.publicKey).not.toBe(first.publicKey);
});

test('a fault that is not valid is rejected with the name of its field', async () => {
  await using sandbox = await startSandbox();
  expect(() => sandbox.addFault({ kind: 'outcome', kioskId: 'WIS 1', status: 'PRODUCED' })).toThrow(
    'kioskId: it is not a kiosk id',
  );
  sandbox.addFault({ kind: 'answer', path: '/production', status: 503 });
  expect((await produce(sandbox, sandbox.readyCard().cardToken)).status).toBe(503);
});

test('the published types of faults have the fields of the schema', () => {
  type Schema<Kind extends string> = Extract<InferInput<typeof faultSchema>, { kind: Kind }>;
  expectTypeOf<keyof AnswerFault>().toEqualTypeOf<keyof Schema<'answer'>>();
  expectTypeOf<keyof ProduceFault>().toEqualTypeOf<keyof Schema<'produce'>>();
  expectTypeOf<keyof OutcomeFault>().toEqualTypeOf<keyof Schema<'outcome'>>();
  expectTypeOf<Schema<'answer'>['method']>().toEqualTypeOf<AnswerFault['method']>();
});
