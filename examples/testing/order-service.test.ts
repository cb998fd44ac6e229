import { once } from 'node:events';
import type { Server } from 'node:http';
import { type ProductionEvent, type SandboxEvent, startSandbox, type TestingSandbox } from 'kioskctl/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOrderService } from './order-service.ts';

let sandbox: TestingSandbox;
let server: Server;
let url: string;

beforeEach(async () => {
  sandbox = await startSandbox({ speed: 50 });
  const { url: wiseUrl, token: wiseToken, publicKey: wisePublicKey } = sandbox;
  server = createOrderService({ wiseUrl, wiseToken, wisePublicKey, profileId: 1001 }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  sandbox.deliverTo(`${url}/webhooks`);
});

afterEach(async () => {
  server.close();
  await sandbox.close();
});

async function print(cardToken: string, kiosk = 'WIS00001'): Promise<number> {
  const { status } = await fetch(`${url}/cards/${cardToken}/print?kiosk=${kiosk}`, { method: 'POST' });
  return status;
}

async function waitFor(cardToken: string, expected: object): Promise<void> {
  const check = async () => expect(await (await fetch(`${url}/cards/${cardToken}`)).json()).toEqual(expected);
  await vi.waitFor(check, { timeout: 10_000 });
}

function isProduction(event: SandboxEvent): event is ProductionEvent {
  return event.event_type === 'cards#card-production-status-change';
}

test('a card is printed once, and its webhook reports it', async () => {
  const { cardToken } = sandbox.readyCard();
  sandbox.addFault({ kind: 'outcome', kioskId: 'WIS00001', status: 'PRODUCED' });
  expect(await print(cardToken)).toBe(202);
  expect(await print(cardToken)).toBe(409);
  await waitFor(cardToken, { status: 'printed', errorCode: null });
  expect(sandbox.requests().filter(({ effect }) => effect)).toMatchObject([
    { method: 'PUT', kioskId: 'WIS00001' },
  ]);
});

test('an open hopper door is reported with its error code', async () => {
  const { cardToken } = sandbox.readyCard();
  sandbox.addFault({
    kind: 'outcome',
    kioskId: 'WIS00001',
    status: 'PRODUCTION_ERROR',
    errorCode: 'PRD_HOPPER_DOOR',
  });
  expect(await print(cardToken)).toBe(202);
  await waitFor(cardToken, { status: 'failed', errorCode: 'PRD_HOPPER_DOOR' });
});

test('a lost answer is not followed by a second request, and the webhook resolves it', async () => {
  const { cardToken } = sandbox.readyCard();
  sandbox.addFault({ kind: 'answer', method: 'PUT', path: '/production', reset: 'after' });
  expect(await print(cardToken)).toBe(504);
  expect(await print(cardToken)).toBe(409);
  await waitFor(cardToken, { status: 'printing', errorCode: null });
});

test('a webhook with a wrong or missing signature changes nothing', async () => {
  const { cardToken } = sandbox.readyCard();
  expect(await print(cardToken)).toBe(202);
  await waitFor(cardToken, { status: 'printing', errorCode: null });
  const [event] = sandbox.events().filter(isProduction).slice(-1);
  if (!event) throw new Error('there is no event');
  const forged = { ...event, data: { ...event.data, status: 'PRODUCED' } };
  expect(await sandbox.send(forged, { signature: 'wrong', times: 2 })).toEqual([401, 401]);
  expect(await sandbox.send(forged, { signature: 'missing' })).toEqual([401]);
  await waitFor(cardToken, { status: 'printing', errorCode: null });
});

test('a card that is over 60 days old is not printed', async () => {
  const { cardToken } = sandbox.readyCard();
  sandbox.advance('61d');
  expect(await print(cardToken)).toBe(502);
});

test('a sandbox ends with its scope', async () => {
  let address: string;
  {
    await using other = await startSandbox();
    address = other.url;
    expect(other.kiosks).toEqual(['WIS00001', 'WIS00002', 'WIS00003']);
  }
  await expect(fetch(address)).rejects.toThrow('fetch failed');
});
