import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { codesOf } from '../../src/domain/errors/error-catalogue.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { matchesPath } from '../../src/sandbox/state/tables/faults.ts';
import { type Fault, faultSchema } from '../../src/wire/fault.ts';
import { at, productionPath, TestSandbox, TO_READY } from '../harness/sandbox.ts';

const PROGRAMS = 'GET /v3/spend/profiles/1001/card-orders/availability';

describe('answers', () => {
  test('a fault with 429 sets Retry-After, and ends after its uses', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({ kind: 'answer', status: 429, retryAfter: 7, times: 2 });
    for (let count = 0; count < 2; count += 1) {
      const { status, headers, body } = await sandbox.call(PROGRAMS);
      expect(status).toBe(429);
      expect(headers.get('retry-after')).toBe('7');
      expect(headers.get('x-rate-limited-by')).toBe('wise-public-api');
      expect(headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/);
      expect(body).toMatchObject({ status: 429, error: 'Too Many Requests' });
    }
    expect((await sandbox.call(PROGRAMS)).status).toBe(200);
    expect(sandbox.instance.listFaults()).toEqual([]);
  });

  test('an answer fault applies only to its method and path, in all API versions', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({ kind: 'answer', method: 'GET', path: '/cards', status: 500, times: 1 });
    expect((await sandbox.call(PROGRAMS)).status).toBe(200);
    expect((await sandbox.call('POST /v3/spend/profiles/1001/cards')).status).toBe(405);
    expect(sandbox.instance.listFaults()).toHaveLength(1);
    expect((await sandbox.call('GET /2026Q4/spend/profiles/1001/cards')).status).toBe(500);
  });

  test('a request uses up one fault, the oldest first, and the others are listed', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({ kind: 'answer', status: 503, retryAfter: 1, times: 2 });
    sandbox.instance.addFault({ kind: 'answer', status: 500, times: 1 });
    expect((await sandbox.call(PROGRAMS)).status).toBe(503);
    expect(sandbox.instance.listFaults()).toEqual([
      { kind: 'answer', status: 503, retryAfter: 1, times: 1 },
      { kind: 'answer', status: 500, times: 1 },
    ]);
    expect((await sandbox.call(PROGRAMS)).headers.get('retry-after')).toBe('1');
    expect((await sandbox.call(PROGRAMS)).headers.get('retry-after')).toBeNull();
    sandbox.instance.addFault({ kind: 'answer', status: 500, times: 1 });
    sandbox.instance.clearFaults();
    expect((await sandbox.call(PROGRAMS)).status).toBe(200);
  });

  test('an approval fault sends its headers and a new one-time token each time, and has no effect', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'answer',
      method: 'PUT',
      path: '/production',
      approval: true,
      times: 2,
    });
    const tokens = [];
    for (let count = 0; count < 2; count += 1) {
      const { status, headers } = await sandbox.produce(token);
      expect(status).toBe(403);
      expect(headers.get('x-2fa-approval-result')).toBe('REJECTED');
      tokens.push(headers.get('x-2fa-approval'));
    }
    expect(new Set(tokens).size).toBe(2);
    expect((await sandbox.production(token)).body).toMatchObject({ status: 'READY' });
  });

  test('an answer fault sends its headers and its body', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({
      kind: 'answer',
      status: 502,
      headers: { 'Content-Type': 'text/html', 'X-Other': 'yes' },
      body: '<h1>Bad gateway</h1>',
      times: 1,
    });
    const html = await sandbox.call(PROGRAMS);
    expect([html.status, html.text, html.headers.get('content-type'), html.headers.get('x-other')]).toEqual([
      502,
      '<h1>Bad gateway</h1>',
      'text/html',
      'yes',
    ]);
    sandbox.instance.addFault({ kind: 'answer', status: 200, bodyBase64: '//79', times: 1 });
    const response = await fetch(`${sandbox.url}/v3/x`);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0xff, 0xfe, 0xfd]);
    sandbox.instance.addFault({ kind: 'answer', status: 200, body: 'x'.repeat(10_000_000), times: 1 });
    expect((await sandbox.call(PROGRAMS)).text).toHaveLength(10_000_000);
    sandbox.instance.addFault({ kind: 'answer', status: 200, body: '', times: 1 });
    expect((await sandbox.call(PROGRAMS)).text).toBe('');
    sandbox.instance.addFault({ kind: 'answer', status: 307, headers: { location: '/elsewhere' }, times: 1 });
    expect((await sandbox.call(PROGRAMS)).headers.get('location')).toBe('/elsewhere');
    sandbox.instance.addFault({ kind: 'answer', status: 204, times: 1 });
    expect((await sandbox.call(PROGRAMS)).status).toBe(204);
  });

  test('a fault with a status has no effect, unless it sets one', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', path: '/production', status: 500, times: 1 });
    expect((await sandbox.produce(token)).status).toBe(500);
    expect((await sandbox.production(token)).body.status).toBe('READY');
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', status: 500, effect: true, times: 1 });
    expect((await sandbox.produce(token)).status).toBe(500);
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
    expect((await sandbox.requests()).filter(({ method }) => method === 'PUT')).toMatchObject([
      { status: 500, effect: false },
      { status: 500, effect: true, kioskId: parseKioskId('WIS00001') },
    ]);
  });

  test.each([
    ['before', 'READY', false],
    ['after', 'IN_PROGRESS', true],
  ] as const)('reset %s the effect', async (reset, status, effect) => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'answer',
      method: 'PUT',
      path: '*/cards/*/production',
      reset,
      times: 1,
    });
    await expect(sandbox.produce(token)).rejects.toThrow();
    expect((await sandbox.production(token)).body.status).toBe(status);
    expect((await sandbox.requests()).filter(({ method }) => method === 'PUT')).toMatchObject([
      { status: 0, effect },
    ]);
  });

  test('a cut response has half of the real body, after the effect', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', cut: true, times: 2 });
    const response = await fetch(sandbox.url + productionPath(token), {
      method: 'PUT',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify({ kioskId: parseKioskId('WIS00001') }),
    });
    expect(response.status).toBe(200);
    const length = Number(response.headers.get('content-length'));
    let received = 0;
    await expect(
      (async () => {
        for await (const chunk of response.body ?? []) received += chunk.length;
      })(),
    ).rejects.toThrow();
    const whole = (await sandbox.production(token)).text;
    expect([length, received]).toEqual([whole.length, Math.floor(whole.length / 2)]);
    // An answer without a body is lost completely.
    await expect(sandbox.cancel(orderId)).rejects.toThrow();
    sandbox.clock.time += 150;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CANCELLED');
  });

  test('a delayed response has its effect after the delay, or before it if the fault sets that', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', delayMs: 150, times: 1 });
    const started = performance.now();
    const late = sandbox.produce(token);
    expect((await sandbox.production(token)).body.status).toBe('READY');
    expect((await late).body.status).toBe('IN_PROGRESS');
    expect(performance.now() - started).toBeGreaterThan(140);

    sandbox.instance.addFault({ kind: 'answer', method: 'POST', delayMs: 300, effect: true, times: 1 });
    let isAnswered = false;
    const simulated = sandbox.simulate(token, 'PRODUCED').then((reply) => {
      isAnswered = true;
      return reply;
    });
    await expect
      .poll(async () => (await sandbox.production(token)).body.status, { interval: 5 })
      .toBe('PRODUCED');
    expect(isAnswered).toBe(false);
    expect((await simulated).status).toBe(200);
  });

  test('a delayed response has its effect even if the client has closed the connection', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', delayMs: 60, times: 1 });
    const gone = fetch(sandbox.url + productionPath(token), {
      method: 'PUT',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify({ kioskId: parseKioskId('WIS00001') }),
      signal: AbortSignal.timeout(20),
    });
    await expect(gone).rejects.toThrow();
    await expect
      .poll(async () => (await sandbox.production(token)).body.status, { interval: 10 })
      .toBe('IN_PROGRESS');
  });

  test('a delayed response uses up its fault', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', delayMs: 1, times: 1 });
    sandbox.instance.addFault({ kind: 'produce', errorCode: 'IMAGE_SERVER_ERROR', times: 1 });
    expect((await sandbox.produce(token)).status).toBe(200);
    expect(sandbox.instance.listFaults()).toHaveLength(1);
  });

  test('a delayed response does not delay the end of the sandbox', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.addFault({ kind: 'answer', delayMs: 60_000, times: 1 });
    const waiting = expect(sandbox.call(PROGRAMS)).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sandbox.instance.close();
    await waiting;
  });

  test('an order whose response is lost can be repeated with its key', async () => {
    const sandbox = await TestSandbox.open();
    const key = randomUUID();
    sandbox.instance.addFault({
      kind: 'answer',
      method: 'POST',
      path: '/card-orders',
      reset: 'after',
      times: 1,
    });
    await expect(sandbox.createOrder(1001, { key })).rejects.toThrow();
    expect((await sandbox.createOrder(1001, { key })).body.id).toBe(501);
    expect((await sandbox.createOrder(1001)).body.id).toBe(502);
  });
});

describe('refused requests', () => {
  test('a produce fault does not change the production, with any request code', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const codes = codesOf('request');
    expect(codes).toContain('PAN_ALREADY_EXISTS');
    for (const errorCode of codes.filter((code) => code !== 'REQUEST_CREATED_BUT_NOT_STARTED')) {
      sandbox.instance.addFault({ kind: 'produce', errorCode, times: 1 });
      const { status, body } = await sandbox.produce(token);
      expect(status).toBe(422);
      expect(body).toMatchObject({ status: 'REQUEST_ERROR', errorCode, kioskId: parseKioskId('WIS00001') });
      expect((await sandbox.production(token)).body.status).toBe('READY');
    }
    expect((await sandbox.produce(token)).status).toBe(200);
    const sent = (await sandbox.requests()).filter(({ method }) => method === 'PUT');
    expect(sent.map(({ effect }) => effect)).toEqual([...codes.slice(1).map(() => false), true]);
  });

  test('a produce fault can be limited to one kiosk', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'produce',
      kioskId: parseKioskId('WIS00002'),
      errorCode: 'PRINTER_OR_SATELLITE_NOT_READY',
      times: 1,
    });
    expect((await sandbox.produce(token, 'WIS00001')).status).toBe(200);
    expect(sandbox.instance.listFaults()).toHaveLength(1);
  });

  test('a request that the sandbox rejects itself uses up no fault', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    sandbox.instance.addFault({ kind: 'produce', errorCode: 'IMAGE_SERVER_ERROR', times: 1 });
    expect((await sandbox.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
    expect((await sandbox.produce(token, 'WIS00009')).body.errorCode).toBe('KIOSK_ID_NOT_FOUND');
    expect(sandbox.instance.listFaults()).toHaveLength(1);
  });

  test('a request uses up at most one fault, the older of an answer fault and a produce fault', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'produce', errorCode: 'IMAGE_SERVER_ERROR', times: 1 });
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', status: 500, effect: true, times: 1 });
    sandbox.instance.addFault({ kind: 'produce', errorCode: 'PIN_LENGTH_ERROR', times: 1 });
    expect((await sandbox.produce(token)).body.errorCode).toBe('IMAGE_SERVER_ERROR');
    expect((await sandbox.produce(token)).status).toBe(500);
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
    expect(sandbox.instance.listFaults()).toMatchObject([{ errorCode: 'PIN_LENGTH_ERROR' }]);
  });

  test('a request with REQUEST_CREATED_BUT_NOT_STARTED starts later automatically', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'produce',
      errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED',
      afterMs: 2_000,
      times: 1,
    });
    sandbox.clock.time += 10;
    const queued = await sandbox.produce(token, 'WIS00003');
    expect([queued.status, queued.body.errorCode, queued.body.occurredAt]).toEqual([
      422,
      'REQUEST_CREATED_BUT_NOT_STARTED',
      at(TO_READY + 10),
    ]);
    sandbox.clock.time += 1_999;
    expect((await sandbox.production(token)).body.status).toBe('READY');
    expect((await sandbox.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
    sandbox.clock.time += 1;
    expect((await sandbox.production(token)).body).toMatchObject({
      status: 'IN_PROGRESS',
      kioskId: parseKioskId('WIS00003'),
      occurredAt: queued.body.occurredAt,
    });
    expect(
      (await sandbox.requests()).filter(({ effect, method }) => effect && method === 'PUT'),
    ).toHaveLength(1);
  });

  test('a queued request without a time starts when its result is simulated', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({ kind: 'produce', errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED', times: 1 });
    await sandbox.produce(token);
    sandbox.clock.time += 3_600_000;
    expect((await sandbox.production(token)).body.status).toBe('READY');
    expect((await sandbox.simulate(token, 'PRODUCED')).status).toBe(200);
    expect((await sandbox.production(token)).body.status).toBe('PRODUCED');
    const statuses = (await sandbox.outbox()).map(({ body }) => body.data.status ?? 'order');
    expect(statuses.slice(-3)).toEqual(['READY', 'IN_PROGRESS', 'PRODUCED']);
  });

  test('a queued request of a cancelled order never starts', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'produce',
      errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED',
      afterMs: 500,
      times: 1,
    });
    await sandbox.produce(token);
    await sandbox.cancel(orderId);
    sandbox.clock.time += 1_000;
    expect((await sandbox.production(token)).body.status).toBe('READY');
  });
});

describe('outcomes', () => {
  test('an outcome fault ends a production automatically', async () => {
    const sandbox = await TestSandbox.open({ speed: 2 });
    const { token, orderId } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00002'),
      status: 'PRODUCED',
      times: 1,
    });
    sandbox.instance.addFault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCTION_ERROR',
      errorCode: 'PRD_HOPPER_DOOR',
      afterMs: 1_000,
      times: 1,
    });
    const { body: begun } = await sandbox.produce(token);
    sandbox.clock.time += 499;
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
    sandbox.clock.time += 1;
    expect((await sandbox.production(token)).body).toMatchObject({
      status: 'PRODUCTION_ERROR',
      errorCode: 'PRD_HOPPER_DOOR',
      occurredAt: begun.occurredAt,
    });
    await sandbox.produce(token, 'WIS00002');
    sandbox.clock.time += 250;
    expect((await sandbox.production(token)).body.status).toBe('PRODUCED');
    sandbox.clock.time += 150;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('PRODUCED');
    expect(sandbox.instance.listFaults()).toEqual([]);
  });

  test('an outcome fault applies to its attempt only', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCED',
      times: 1,
    });
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRT_RIBBON');
    await sandbox.produce(token);
    sandbox.clock.time += 10_000;
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
  });

  test('an outcome fault also follows a lost response and a queued request', async () => {
    const sandbox = await TestSandbox.open();
    const lost = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCED',
      times: 2,
    });
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', reset: 'after', times: 1 });
    await expect(sandbox.produce(lost.token)).rejects.toThrow();
    sandbox.clock.time += 500;
    expect((await sandbox.production(lost.token)).body.status).toBe('PRODUCED');

    const queued = await sandbox.readyCard();
    sandbox.instance.addFault({
      kind: 'produce',
      errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED',
      afterMs: 100,
      times: 1,
    });
    await sandbox.produce(queued.token);
    sandbox.clock.time += 599;
    expect((await sandbox.production(queued.token)).body.status).toBe('IN_PROGRESS');
    sandbox.clock.time += 1;
    expect((await sandbox.production(queued.token)).body.status).toBe('PRODUCED');
  });
});

describe('the schema of faults', () => {
  const refused: Record<string, unknown>[] = [
    {},
    { kind: 'other', times: 1 },
    { kind: 'answer' },
    { kind: 'answer', status: 500, cut: true },
    { kind: 'answer', status: 99 },
    { kind: 'answer', status: 500, times: 0 },
    { kind: 'answer', status: 500, colour: 'red' },
    { kind: 'answer', status: 500, body: '', bodyBase64: '' },
    { kind: 'answer', status: 500, headers: { 'a b': 'c' } },
    { kind: 'answer', status: 500, headers: { a: 'b\r\nc: d' } },
    { kind: 'answer', cut: true, body: 'x' },
    { kind: 'answer', reset: 'after', effect: true },
    { kind: 'answer', reset: 'never' },
    { kind: 'answer', cut: false },
    { kind: 'answer', delayMs: -1 },
    { kind: 'answer', method: 'BREW', status: 500 },
    { kind: 'produce', errorCode: 'PRD_HOPPER_DOOR' },
    { kind: 'produce', errorCode: 'UNKNOWN_ERROR', afterMs: 1 },
    { kind: 'outcome', kioskId: parseKioskId('WIS00001'), status: 'PRODUCED', errorCode: 'PRD_HOPPER_DOOR' },
    {
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCTION_ERROR',
      errorCode: 'KIOSK_ID_NOT_FOUND',
    },
    { kind: 'outcome', status: 'PRODUCED' },
  ];

  test('the schema of faults accepts nothing else', async () => {
    const sandbox = await TestSandbox.open();
    for (const fault of refused) {
      expect([fault, v.is(faultSchema, fault)]).toEqual([fault, false]);
      const { status, body } = await sandbox.call('POST /_sandbox/faults', { body: fault });
      expect([fault, status, body.errors.length > 0]).toEqual([fault, 422, true]);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what JavaScript could pass
      expect(() => sandbox.instance.addFault(fault as unknown as Fault)).toThrow();
    }
    expect(sandbox.instance.listFaults()).toEqual([]);
  });

  test('the schema of faults sets one use by default', () => {
    expect(v.parse(faultSchema, { kind: 'answer', cut: true })).toEqual({
      kind: 'answer',
      cut: true,
      times: 1,
    });
  });

  test.each([
    ['/production', '/spend/profiles/1/cards/x/production', true],
    ['*/production', '/spend/profiles/1/cards/x/production', true],
    ['/spend/*/cards/*/production', '/spend/profiles/1/cards/x/production', true],
    ['/spend/*/cards', '/spend/profiles/1/cards/x', false],
    ['*', '/anything', true],
    ['/a*a', '/a', false],
    ['/a*a', '/aa', true],
    ['*b*', '/abc', true],
    ['*x*', '/abc', false],
    ['/x*', '/abc', false],
    ['.*', '/abc', false],
    ['/cards', '/card-orders', false],
  ])('the path %s fits %s: %s', (wanted, path, fits) => {
    expect(matchesPath(wanted, path)).toBe(fits);
  });
});
