import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { makeFolder } from '../harness/command-line.ts';
import { at, TestSandbox } from '../harness/sandbox.ts';
import { testUnless } from '../harness/suite/machine.ts';

const PROGRAMS = 'GET /v3/spend/profiles/1001/card-orders/availability';

describe('faults', () => {
  test('faults are set, listed and cleared', async () => {
    const sandbox = await TestSandbox.open();
    const added = await sandbox.call('POST /_sandbox/faults', { body: { kind: 'answer', status: 500 } });
    expect([added.status, added.body]).toEqual([201, { kind: 'answer', status: 500, times: 1 }]);
    expect((await sandbox.control('GET faults')).body).toEqual({ faults: [added.body] });
    expect(sandbox.instance.listFaults()).toEqual([added.body]);
    expect((await sandbox.control('DELETE faults')).status).toBe(204);
    expect((await sandbox.call(PROGRAMS)).status).toBe(200);
  });

  test('a named fault is set once, and removed without the others', async () => {
    const sandbox = await TestSandbox.open();
    const fault = { kind: 'answer', status: 500, times: 1 };
    await sandbox.call('POST /_sandbox/faults', { body: fault });
    expect((await sandbox.control('PUT faults/run%201%2F2', { ...fault, times: 2 })).status).toBe(204);
    expect((await sandbox.control('PUT faults/run%201%2F2', { ...fault, times: 9 })).status).toBe(204);
    expect(sandbox.instance.listFaults()).toEqual([fault, { ...fault, times: 2 }]);
    expect((await sandbox.control('DELETE faults/run%201%2F2')).status).toBe(204);
    expect(sandbox.instance.listFaults()).toEqual([fault]);
  });

  test('faults never apply to the control endpoints', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({ kind: 'answer', status: 500, times: 1 });
    expect((await sandbox.control('GET faults')).body.faults).toHaveLength(1);
  });
});

describe('the clock', () => {
  test('the clock is advanced for all processes', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    expect((await sandbox.control('POST advance', { milliseconds: 700 })).body).toEqual({ now: at(700) });
    expect((await sandbox.getOrder(1001, body.id)).status).toBe('CARD_DETAILS_CREATED');
    expect(sandbox.instance.advance(0).toISOString()).toBe(at(700));
    expect(sandbox.instance.advance(-5).toISOString()).toBe(at(700));
    expect(sandbox.instance.advance(Number.MAX_SAFE_INTEGER).toISOString()).toBe('9000-01-01T00:00:00.000Z');
    expect((await sandbox.call(PROGRAMS)).status).toBe(200);
  });

  test.each([{}, { milliseconds: -1 }, { milliseconds: 1.5 }, { milliseconds: '5' }])(
    'advancing by %j is 422',
    async (body) => {
      const sandbox = await TestSandbox.open();
      expect((await sandbox.call('POST /_sandbox/advance', { body })).status).toBe(422);
    },
  );
});

describe('reset', () => {
  test('a reset restores the seeded state', async () => {
    const sandbox = await TestSandbox.open();
    const { body: first } = await sandbox.createOrder(1001);
    await sandbox.control('PUT token-policy', { policy: 'listed' });
    await sandbox.control('PUT tokens/some-token', { state: 'good' });
    sandbox.instance.addFault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCED',
      times: 1,
    });
    sandbox.instance.advance(1_000);
    await sandbox.call('POST /v1/simulation/profiles/1002/verifications');

    expect((await sandbox.control('POST reset')).status).toBe(204);
    expect(sandbox.instance.listFaults()).toEqual([]);
    expect(await sandbox.requests()).toEqual([]);
    expect(await sandbox.outbox()).toEqual([]);
    expect((await sandbox.createOrder(1002)).body).toMatchObject({
      id: 501,
      status: 'PLACED',
      creationTime: at(0),
    });
    sandbox.instance.reset();
    expect((await sandbox.createOrder(1001)).body).toEqual(first);
  });

  test('a reset accepts another seed', async () => {
    const sandbox = await TestSandbox.open();
    const token = async (seed?: number) => {
      await sandbox.control('POST reset', seed === undefined ? {} : { seed });
      return (await sandbox.readyCard()).token;
    };
    const seven = await token();
    const eight = await token(8);
    expect(eight).not.toBe(seven);
    expect(await token(7)).toBe(seven);
    sandbox.instance.reset({ seed: 8 });
    expect((await sandbox.readyCard()).token).toBe(eight);
  });

  test('a reset without a seed creates other cards', async () => {
    const sandbox = await TestSandbox.open({ seed: undefined });
    const { token } = await sandbox.readyCard();
    sandbox.instance.reset();
    expect((await sandbox.readyCard()).token).not.toBe(token);
  });
});

describe('requirements and orders', () => {
  test('a requirement is set for the profile and its waiting orders', async () => {
    const sandbox = await TestSandbox.open();
    const { body: waiting } = await sandbox.createOrder(1003);
    const { body: done } = await sandbox.createOrder(1001);
    await sandbox.control('PUT profiles/1003/requirements/VERIFICATION', { status: 'FAILED' });
    await sandbox.control('PUT profiles/1001/requirements/SOMETHING_NEW', { status: 'NEEDS_ACTION' });
    const requirements = async (profile: number, order: number) =>
      (await sandbox.call(`GET /v3/spend/profiles/${profile}/card-orders/${order}/requirements`)).body
        .requirements;
    expect(await requirements(1003, waiting.id)).toContainEqual({ type: 'VERIFICATION', status: 'FAILED' });
    expect(await requirements(1001, done.id)).toHaveLength(2);
    const { body: next } = await sandbox.createOrder(1001);
    expect(next.status).toBe('PLACED');
    expect(await requirements(1001, next.id)).toContainEqual({
      type: 'SOMETHING_NEW',
      status: 'NEEDS_ACTION',
    });
  });

  test('an order is completed or returned, with its card', async () => {
    const sandbox = await TestSandbox.open();
    for (const [status, card] of [
      ['COMPLETED', 'ACTIVE'],
      ['RETURNED', 'BLOCKED'],
      ['CANCELLED', 'BLOCKED'],
      ['PRODUCED', 'INACTIVE'],
    ]) {
      const { orderId, token } = await sandbox.readyCard();
      await sandbox.control(`PUT orders/${orderId}/status`, { status });
      expect((await sandbox.getOrder(1001, orderId)).status).toBe(status);
      const { body } = await sandbox.call(`GET /v3/spend/profiles/1001/cards/${token}`);
      expect(body.status.value).toBe(card);
    }
  });

  test.each([
    ['PUT profiles/7/requirements/PIN', { status: 'FAILED' }, 404],
    ['PUT profiles/x/requirements/PIN', { status: 'FAILED' }, 400],
    ['PUT profiles/1001/requirements/pin', { status: 'FAILED' }, 422],
    ['PUT profiles/1001/requirements/PIN', { status: 'no' }, 422],
    ['PUT orders/999/status', { status: 'RETURNED' }, 404],
    ['PUT orders/501/status', { status: 'PLACED' }, 422],
    ['PUT tokens/x', { state: 'odd' }, 422],
    ['PUT token-policy', { policy: 'odd' }, 422],
    ['POST reset', { seed: 1.5 }, 422],
    ['GET nothing', undefined, 404],
    ['PATCH faults', undefined, 405],
  ])('%s %j is %i', async (target, body, status) => {
    const sandbox = await TestSandbox.open();
    const [method, path] = target.split(' ');
    expect((await sandbox.call(`${method} /_sandbox/${path}`, { body })).status).toBe(status);
  });
});

describe('the log of requests', () => {
  test('the request log contains all requests to the API, oldest first, without bodies and tokens', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.call('GET /nowhere?secret=1', { headers: { authorization: 'Bearer hidden' } });
    await sandbox.produce(token);
    const requests = await sandbox.requests();
    expect(requests.map(({ method, status, effect }) => [method, status, effect])).toEqual([
      ['POST', 200, true],
      ['GET', 200, false],
      ['PUT', 200, true],
      ['GET', 404, false],
      ['PUT', 422, false],
    ]);
    expect(requests[2]).toEqual({
      id: 3,
      at: at(1_300),
      method: 'PUT',
      path: `/v3/spend/profiles/1001/cards/${token}/production`,
      status: 200,
      effect: true,
      kioskId: parseKioskId('WIS00001'),
    });
    expect(requests[3].path).toBe('/nowhere');
    expect(JSON.stringify(requests)).not.toMatch(/hidden|secret/);
    expect(await sandbox.requests()).toEqual(requests);
  });

  test('the request log keeps the newest 10,000 requests', async () => {
    const sandbox = await TestSandbox.open();
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(sandbox.stateFile);
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      INSERT INTO requests (at, method, path, status, effect) SELECT i, 'GET', '/', 200, 0 FROM n`);
    db.close();
    await sandbox.createOrder(1001);
    const requests = await sandbox.requests();
    expect(requests).toHaveLength(10_000);
    expect([requests[0].id, requests.at(-1).method]).toEqual([2, 'POST']);
  });
});

test('a web page cannot control the sandbox', async () => {
  const sandbox = await TestSandbox.open();
  await sandbox.createOrder(1001);
  const { status } = await sandbox.call('POST /_sandbox/reset', {
    headers: { origin: 'http://evil.example' },
  });
  expect(status).toBe(403);
  expect((await sandbox.createOrder(1001)).body.id).toBe(502);
});

const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

testUnless(elsewhere ? null : 'it has no network')('another machine cannot control the sandbox', async () => {
  const sandbox = new Sandbox({ stateFile: join(makeFolder(), 'state.sqlite'), speed: 1 });
  onTestFinished(() => sandbox.close());
  const url = await sandbox.listen({ host: elsewhere ?? '', port: 0 });
  expect((await fetch(`${url}/_sandbox/requests`)).status).toBe(403);
  expect((await fetch(`${url}/_sandbox/reset`, { method: 'POST' })).status).toBe(403);
});
