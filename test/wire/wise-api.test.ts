// All operations of the client against the sandbox, judged by Wise's own description of its API.
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import {
  getCard,
  getProduction,
  listCards,
  openProduce,
  simulateProduction,
  simulateVerification,
} from '../../src/wise/cards.ts';
import {
  cancelOrder,
  createOrder,
  getOrder,
  getOrderWithHolder,
  listOrders,
  listPrograms,
  listRequirements,
  validateAddress,
} from '../../src/wise/orders.ts';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  sendTestNotification,
} from '../../src/wise/subscriptions.ts';
import { fetchClientToken, renewUserToken } from '../../src/wise/tokens.ts';
import { type Exchanged, Recorder } from '../harness/recorder.ts';
import { ADDRESS, DAY, PHYSICAL, TestSandbox, TO_READY, VIRTUAL } from '../harness/sandbox.ts';
import { makeClient } from '../harness/server.ts';
import { OPERATIONS, operationOf, violationsOf } from './check-exchange.ts';

const profileId = 1001;
const clientKey = 'my-client';

/** Does everything that the API can, with each status that a card may have, and what Wise describes of refusals. */
async function exercise(sandbox: TestSandbox, recorder: Recorder): Promise<void> {
  const client = makeClient(recorder.url);
  const order = {
    program: PHYSICAL,
    cardHolderName: 'Ada Example',
    embossedName: 'ADA EXAMPLE',
    phoneNumber: '+447700900123',
    address: ADDRESS,
    deliveryOption: 'KIOSK_COLLECTION' as const,
    lifetimeLimit: 100,
    cardHolderProfileId: 1002,
  };
  await listPrograms(client, profileId);
  await validateAddress(client, {
    profileId,
    address: { ...ADDRESS, secondLine: null, postCode: 'far too long for it' },
  });
  await createOrder(client, { profileId, idempotencyKey: randomUUID(), order });
  await sandbox.createOrder(profileId, { program: VIRTUAL });
  sandbox.clock.time += TO_READY;
  const { orderId, token } = await sandbox.readyCard();
  const cardToken = parseCardToken(token);
  await getOrder(client, { profileId, orderId });
  await getOrderWithHolder(client, { profileId, orderId });
  await listOrders(client, { profileId, page: 1 });
  await listRequirements(client, { profileId, orderId });
  await listCards(client, { profileId, page: 1 });
  await getCard(client, { profileId, cardToken });
  await getProduction(client, { profileId, cardToken });
  const produce = async (kioskId: string) =>
    (await openProduce(client, { profileId, cardToken }, {})).go({ kioskId: parseKioskId(kioskId) });
  await produce('WIS99999');
  await produce('WIS00001');
  await getProduction(client, { profileId, cardToken });
  const failed = { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' } as const;
  await simulateProduction(client, { profileId, cardToken, simulation: failed });
  await getProduction(client, { profileId, cardToken });
  await produce('WIS00001');
  await simulateProduction(client, { profileId, cardToken, simulation: { status: 'PRODUCED' } });
  await getProduction(client, { profileId, cardToken });
  sandbox.clock.time += 5_000;
  await setStatus(recorder, token);
  const replacementDetails = { cardToken: token, reason: 'CARD_DAMAGED' as const };
  await createOrder(client, {
    profileId,
    idempotencyKey: randomUUID(),
    order: { ...order, replacementDetails },
  });
  await cancelOrder(client, { profileId, orderId: 501 });
  sandbox.clock.time += 61 * DAY;
  await listOrders(client, { profileId, page: 1 });
  await simulateVerification(client, 1002);
  await subscriptions(recorder);
  const app = { clientId: 'a', clientSecret: 'b' };
  await fetchClientToken(client, { client: app, source: 'a test' });
  await renewUserToken(client, { client: app, source: 'a test', refreshToken: 'any' });
  sandbox.instance.addFault({ kind: 'answer', method: 'GET', status: 429, times: 1 });
  await listPrograms(client, profileId).catch(() => undefined);
}

/** kioskctl activates no cards: what a cardholder's app would send. */
async function setStatus(recorder: Recorder, token: string): Promise<void> {
  const path = `/v3/spend/profiles/${profileId}/cards/${token}/status`;
  for (const status of ['ACTIVE', 'FROZEN'])
    await fetch(recorder.url + path, {
      method: 'PUT',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      body: JSON.stringify({ status }),
    });
}

async function subscriptions(recorder: Recorder): Promise<void> {
  const client = makeClient(recorder.url);
  const url = 'https://hooks.bank.example/';
  for (const trigger_on of ['cards#card-production-status-change', 'cards#card-order-status-change'] as const)
    await createSubscription(client, {
      clientKey,
      request: { name: 'n', trigger_on, delivery: { version: '4.0.0', url } },
    });
  const [one] = await listSubscriptions(client, clientKey);
  const name = { clientKey, id: one?.id ?? '' };
  await getSubscription(client, name);
  await sendTestNotification(client, name);
  await deleteSubscription(client, name);
}

describe("Wise's description of its API", () => {
  test('finds no violation in any request of the client or answer of the sandbox, over all operations', async () => {
    const sandbox = await TestSandbox.open();
    const recorder = await Recorder.open(sandbox.url);
    await exercise(sandbox, recorder);
    expect(recorder.exchanged.flatMap(violationsOf)).toEqual([]);
    const used = new Set(recorder.exchanged.map((one) => operationOf(one) ?? ''));
    expect([...used].toSorted()).toEqual(OPERATIONS.toSorted());
  });

  const path = '/v3/spend/profiles/1001/cards/ca0c8154-1e14-4464-a1ce-dcea7dc3de52/production';
  const good: Exchanged = {
    method: 'PUT',
    path,
    query: {},
    headers: { 'content-type': 'application/json' },
    body: '{"kioskId":"WIS00001"}',
    status: 200,
    answerHeaders: { 'x-trace-id': 't', 'x-external-correlation-id': 'c' },
    answer: '{"status":"IN_PROGRESS","kioskId":null,"occurredAt":"2026-01-01T00:00:00.123456789Z"}',
  };

  test('finds nothing wrong with a documented example', () => {
    expect(violationsOf(good)).toEqual([]);
  });

  test.each<[string, Partial<Exchanged>, string]>([
    ['a path that is none of its own', { path: '/v3/spend/elsewhere' }, 'no operation'],
    ['a query that it does not have', { query: { page: '1' } }, 'no query parameter page'],
    ['a parameter of another type', { path: path.replace('1001', 'me') }, 'path profileId'],
    ['a field that is missing', { body: '{}' }, 'must have required property'],
    ['a field that it does not have', { body: '{"kioskId":"W","pin":1}' }, 'additionalProperty'],
    [
      'a body of another media type',
      { headers: { 'content-type': 'text/plain' } },
      'a body of type text/plain',
    ],
    ['a status that it does not describe', { status: 202 }, 'status 202 is not described'],
    ['an answer with another enum value', { answer: '{"status":"MELTED"}' }, 'must be equal to one of'],
    ['an answer with a field that it does not have', { answer: '{"pan":"4596"}' }, 'additionalProperty'],
    [
      'an answer without its trace id',
      { answerHeaders: { 'x-external-correlation-id': 'c' } },
      'without x-trace-id',
    ],
  ])('finds %s', (_, change, violation) => {
    expect(violationsOf({ ...good, ...change }).join('\n')).toContain(violation);
  });
});
