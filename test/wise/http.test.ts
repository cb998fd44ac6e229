import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { exchange, type HttpRequest } from '../../src/wise/http.ts';
import { type RequestContent, type RequestHead, UNLIMITED } from '../../src/wise/try.ts';
import { makeCertificate, TRANSPORTS } from '../harness/network.ts';
import { type Answer, cut, inTurn, json, raw, reset, silence, Vendor } from '../harness/server.ts';
import { atTheEnd } from '../harness/suite/at-the-end.ts';
import { isLinux, testUnless } from '../harness/suite/machine.ts';

const LIMIT = 4 * 1024 * 1024;

function put(url: string, more: Partial<RequestHead> = {}): RequestHead & RequestContent {
  return {
    method: 'PUT',
    url,
    headers: {},
    body: { kioskId: 'WIS00001' },
    timeout: 5_000,
    ...more,
  };
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, headers: {}, timeout: () => 5_000, retries: 3, left: UNLIMITED, ...more };
}

/** Listens on a free port, until the test is over. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A program that listens, prints its port, and is suspended by the test, so that its queue fills up. */
const LISTEN = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => process.stdout.write(String(server.address().port)));`;

/** Returns a port that accepts no connections any more: its queue is full. */
async function deafPort(): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTEN], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  atTheEnd(() => void child.kill('SIGKILL'));
  const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  child.kill('SIGSTOP');
  for (let turn = 0; turn < 20; turn += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    atTheEnd(() => void socket.destroy());
    const isConnected = await Promise.race([once(socket, 'connect').then(() => true), pause(400, false)]);
    if (!isConnected) return Number(port);
  }
  throw new Error('the queue does not fill up');
}

describe.concurrent.for(TRANSPORTS)('an answer %s', ([, send]) => {
  test('a response with any status is read', async () => {
    const headers = { date: 'Sun, 01 Mar 2026 12:00:00 GMT', 'x-trace-id': 'abc123', 'retry-after': '2' };
    for (const httpStatus of [200, 202, 301, 400, 404, 422, 429, 500, 503]) {
      const vendor = await Vendor.open(json(httpStatus, { a: 'ü' }, headers));
      expect(await send(put(vendor.url))).toEqual({
        kind: 'answered',
        httpStatus,
        body: { a: 'ü' },
        date: Date.UTC(2026, 2, 1, 12),
        traceId: 'abc123',
        retryAfter: 2_000,
      });
    }
  });

  test('a response without headers and body is read with empty fields', async () => {
    const vendor = await Vendor.open((response) => {
      response.sendDate = false;
      response.writeHead(200).end();
    });
    const nothing = { body: null, date: null, traceId: null, retryAfter: null };
    expect(await send(put(vendor.url))).toEqual({ kind: 'answered', httpStatus: 200, ...nothing });
  });

  test.for<[string, Answer]>([
    ['HTML', raw(200, '<html><body>Bad gateway</body></html>', { 'content-type': 'text/html' })],
    ['half of a document', raw(200, '{"status":')],
    ['nested 3,500 levels deep', raw(200, `${'['.repeat(3_500)}${']'.repeat(3_500)}`)],
    ['not UTF-8', raw(200, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    [
      'compressed without being asked',
      raw(200, Buffer.from('H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==', 'base64'), { 'content-encoding': 'gzip' }),
    ],
  ])('that cannot be decoded has no body: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    expect(await send(put(vendor.url))).toMatchObject({
      kind: 'answered',
      httpStatus: 200,
      body: undefined,
    });
  });

  test.for<[string | string[], number | null]>([
    ['0', 0],
    ['30', 30_000],
    ['86400', 86_400_000],
    ['1234567', 1_234_567_000],
    ['9'.repeat(30), 365 * 86_400_000],
    ['5, 5', 5_000],
    [['5', '7', '6'], 7_000],
    ['Sun, 01 Mar 2026 12:00:45 GMT', 45_000],
    ['Sunday, 01-Mar-26 12:00:45 GMT', 45_000],
    ['Sun Mar  1 12:00:45 2026', 45_000],
    ['5, Sun, 01 Mar 2026 12:00:45 GMT, 7', 45_000],
    ['Sun, 01 Mar 2026 11:59:00 GMT', 0],
    ['soon, 5', 5_000],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['2026-03-01T12:00:45Z', null],
  ])('with Retry-After %s, at 12:00:00, is read as %s ms', async ([header, retryAfter], { expect }) => {
    const vendor = await Vendor.open((response) => {
      response.setHeader('date', 'Sun, 01 Mar 2026 12:00:00 GMT').setHeader('retry-after', header);
      response.writeHead(429).end();
    });
    expect(await send(put(vendor.url))).toMatchObject({ retryAfter });
  });

  test('a response that is cut off counts as lost', async () => {
    const vendor = await Vendor.open(cut);
    expect(await send(put(vendor.url))).toMatchObject({ kind: 'lost' });
    const chunked = await Vendor.open((response) => {
      response.writeHead(200);
      response.write('{"status":"IN_PROGRESS"}', () => void response.socket?.destroy());
    });
    expect(await send(put(chunked.url))).toMatchObject({ kind: 'lost' });
  });

  test.for([
    ['announced', true],
    ['not announced', false],
  ] as const)('of over 4 MiB is dropped long before its end: %s', async ([, isAnnounced], { expect }) => {
    let sent = 0;
    const vendor = await Vendor.open((response) => {
      const total = 256 * 1024 * 1024;
      response.writeHead(200, isAnnounced ? { 'content-length': String(total) } : {});
      const chunk = Buffer.alloc(256 * 1024, ' ');
      const more = () => {
        while (sent < total && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    const answer = await send(put(vendor.url));
    expect(answer).toMatchObject({ kind: 'lost', reason: expect.stringContaining(String(LIMIT)) });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    expect(vendor.asked).toHaveLength(1);
  });

  test('a response of exactly 4 MiB is read', async () => {
    const text = `"${'x'.repeat(LIMIT - 2)}"`;
    const vendor = await Vendor.open(raw(200, text));
    expect(await send(put(vendor.url))).toMatchObject({ kind: 'answered', body: text.slice(1, -1) });
  });
});

describe.concurrent.for(TRANSPORTS)('a request with an effect %s', ([, send]) => {
  test.for<[string, Answer]>([
    ['429', json(429, {}, { 'retry-after': '0' })],
    ['500', json(500, {})],
    ['502', json(502, {})],
    ['503', json(503, {}, { 'retry-after': '0' })],
    ['504', json(504, {})],
    ['408', json(408, {})],
    ['a reset', reset],
    ['half of an answer', cut],
    ['a redirect', raw(307, '', { location: '/again' })],
    ['a redirect to a GET', raw(303, '', { location: '/again' })],
    ['silence', silence],
  ])('is sent once, with any outcome: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    for (const [turn, method] of (['PUT', 'POST'] as const).entries()) {
      await send(put(vendor.url, { method, timeout: answer === silence ? 500 : 5_000 }));
      await pause(20);
      expect(vendor.asked.map(({ path }) => path)).toEqual(Array.from({ length: turn + 1 }, () => '/'));
    }
  });

  test('a request with an effect is sent once over a connection that the server has closed', async () => {
    const vendor = await Vendor.open((response, turn) => {
      if (turn === 0) response.writeHead(200).end('{}');
      else response.socket?.destroy();
    });
    await exchange(get(vendor.url));
    expect(await send(put(vendor.url))).toMatchObject({ kind: 'lost' });
    await pause(20);
    expect(vendor.asked.map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });
});

test('a server without an answer to the TLS handshake is reported after one try, not after all retries', async () => {
  let connections = 0;
  const port = await listen(createServer(() => void (connections += 1)));
  const outcome = await exchange(get(`https://127.0.0.1:${port}`, { timeout: () => 200 }));
  expect(outcome).toEqual({ kind: 'not-connected', reason: 'no TLS handshake within 0.2s' });
  expect(connections).toBe(1);
});

describe.concurrent.for(TRANSPORTS)('a request that got no answer %s', ([, send]) => {
  test('a request is lost if the connection is reset after it was sent', async () => {
    const vendor = await Vendor.open(reset);
    expect(await send(put(vendor.url))).toEqual({ kind: 'lost', reason: 'ECONNRESET' });
  });

  test('a request whose TLS handshake gets no answer was never sent, and names that step', async () => {
    const port = await listen(createServer());
    expect(await send(put(`https://127.0.0.1:${port}`, { timeout: 200 }))).toEqual({
      kind: 'not-connected',
      reason: 'no TLS handshake within 0.2s',
    });
  });

  test('a request is lost if no response arrives in time', async () => {
    const vendor = await Vendor.open(silence);
    const started = performance.now();
    expect(await send(put(vendor.url, { timeout: 2_000 }))).toEqual({
      kind: 'lost',
      reason: 'no answer within 2s',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('a request is lost if a response starts and does not continue', async () => {
    const vendor = await Vendor.open((response) => {
      response.writeHead(200);
      response.write('{');
    });
    expect(await send(put(vendor.url, { timeout: 2_000 }))).toMatchObject({ kind: 'lost' });
  });

  test('a request was never sent if no server listens on the port', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await send(put(`http://127.0.0.1:${port}`))).toEqual({
      kind: 'not-connected',
      reason: 'ECONNREFUSED',
    });
  });

  test('a request was never sent if the host has no address', async () => {
    expect(await send(put('http://kioskctl.invalid'))).toMatchObject({ kind: 'not-connected' });
  });

  test('a request was never sent if the certificate is not trusted', async () => {
    let asked = 0;
    const port = await listen(createSecureServer(makeCertificate(), () => (asked += 1)));
    expect(await send(put(`https://localhost:${port}`))).toMatchObject({ kind: 'not-connected' });
    expect(asked).toBe(0);
  });

  test('a request was never sent if the server does not use TLS', async () => {
    const vendor = await Vendor.open(json(200, {}));
    const answer = await send(put(vendor.url.replace('http:', 'https:')));
    expect(answer).toMatchObject({ kind: 'not-connected' });
    expect(vendor.asked).toEqual([]);
  });

  test('a request was never sent if the server closes the connection before the TLS handshake has ended', async () => {
    const port = await listen(createServer((socket) => socket.destroy()));
    expect(await send(put(`https://127.0.0.1:${port}`))).toMatchObject({ kind: 'not-connected' });
  });

  test('a request was never sent if the TLS handshake takes too long', async () => {
    const port = await listen(createServer(() => undefined));
    expect(await send(put(`https://127.0.0.1:${port}`, { timeout: 300 }))).toMatchObject({
      kind: 'not-connected',
    });
  });

  testUnless(isLinux ? null : 'only Linux has it')(
    'a request was never sent if connecting takes too long',
    async () => {
      const port = await deafPort();
      expect(await send(put(`http://127.0.0.1:${port}`, { timeout: 300 }))).toMatchObject({
        kind: 'not-connected',
      });
    },
  );
});

describe.concurrent('a request without an effect', () => {
  const good = json(200, { good: true });

  test.for<[string, Answer]>([
    ['429', json(429, {})],
    ['500', json(500, {})],
    ['502', json(502, {})],
    ['503', json(503, {})],
    ['504', json(504, {})],
    ['408', json(408, {})],
    ['a reset', reset],
  ])('is repeated after %s', async ([, bad], { expect }) => {
    const vendor = await Vendor.open(inTurn(bad, good));
    expect(await exchange(get(vendor.url))).toMatchObject({ kind: 'answered', body: { good: true } });
    expect(vendor.asked).toHaveLength(2);
  });

  test.for([400, 401, 403, 404, 409, 422])(
    'a request without an effect is not retried after %i',
    async (status, { expect }) => {
      const vendor = await Vendor.open(inTurn(json(status, {}), good));
      expect(await exchange(get(vendor.url))).toMatchObject({ httpStatus: status });
      expect(vendor.asked).toHaveLength(1);
    },
  );

  test('a request without an effect is not retried for a caller that repeats it', async () => {
    const vendor = await Vendor.open(inTurn(json(503, {}), good));
    expect(await exchange(get(vendor.url, { retries: 0 }))).toMatchObject({ httpStatus: 503 });
    expect(vendor.asked).toHaveLength(1);
  });

  test('a request without an effect fails after its retries, with growing pauses', async () => {
    const vendor = await Vendor.open(json(503, { last: true }));
    expect(await exchange(get(vendor.url))).toMatchObject({ httpStatus: 503, body: { last: true } });
    const [a = 0, b = 0, c = 0, d = 0, ...more] = vendor.asked.map(({ at }) => at);
    expect(more).toEqual([]);
    expect(b - a).toBeLessThan(d - c);
    expect(d - a).toBeGreaterThan(500);
    expect(d - c).toBeLessThan(5_000);
  });

  test('a request without an effect is retried after the seconds of Retry-After', async () => {
    const vendor = await Vendor.open(inTurn(json(429, {}, { 'retry-after': '1' }), good));
    expect(await exchange(get(vendor.url))).toMatchObject({ body: { good: true } });
    const [first = 0, second = 0] = vendor.asked.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(995);
  });

  test.for([429, 503])(
    'a request without an effect is retried after the date of Retry-After of a %i',
    async (status, { expect }) => {
      const vendor = await Vendor.open((response, turn) => {
        const date = 'Sun, 01 Mar 2026 12:00:00 GMT';
        const headers = { date, 'retry-after': 'Sun, 01 Mar 2026 12:00:01 GMT' };
        if (turn === 0) response.writeHead(status, headers).end();
        else response.end('{"good":true}');
      });
      expect(await exchange(get(vendor.url))).toMatchObject({ body: { good: true } });
      const [first = 0, second = 0] = vendor.asked.map(({ at }) => at);
      expect(second - first).toBeGreaterThanOrEqual(995);
    },
  );

  test('a request without an effect is not sent without remaining time', async () => {
    const vendor = await Vendor.open(good);
    const outcome = await exchange(get(vendor.url, { timeout: () => 0 }));
    expect([outcome.kind, vendor.asked]).toEqual(['not-connected', []]);
  });

  test('a request without an effect is retried immediately with Retry-After 0', async () => {
    const bad = json(503, {}, { 'retry-after': '0' });
    const vendor = await Vendor.open(inTurn(bad, bad, bad, good));
    expect(await exchange(get(vendor.url))).toMatchObject({ body: { good: true } });
    const [first = 0, , , last = 0] = vendor.asked.map(({ at }) => at);
    // Without the header, it would be 1.75 seconds at least.
    expect(last - first).toBeLessThan(1_700);
  });

  test('a request without an effect is not retried if Retry-After is minutes, and returns that time', async () => {
    const vendor = await Vendor.open(inTurn(json(429, {}, { 'retry-after': '300' }), good));
    expect(await exchange(get(vendor.url))).toMatchObject({ httpStatus: 429, retryAfter: 300_000 });
    expect(vendor.asked).toHaveLength(1);
  });

  test.for([301, 302, 303, 307, 308])(
    'a request without an effect does not follow a %i to any location',
    async (status, { expect }) => {
      const elsewhere = await Vendor.open(good);
      const vendor = await Vendor.open(raw(status, '', { location: `${elsewhere.url}/trap` }));
      expect(await exchange(get(vendor.url))).toMatchObject({ kind: 'answered', httpStatus: status });
      expect(elsewhere.asked).toEqual([]);
      expect(vendor.asked).toHaveLength(1);
    },
  );
});

describe.concurrent('an interruption', () => {
  test('a signal before a request prevents the request', async () => {
    const vendor = await Vendor.open(json(200, {}));
    expect(await exchange(get(vendor.url, { signal: AbortSignal.abort() }))).toMatchObject({
      kind: 'aborted',
    });
    expect(vendor.asked).toEqual([]);
  });

  test('a signal immediately ends the wait for a response, and the pause before a retry', async () => {
    for (const answer of [silence, json(503, {}, { 'retry-after': '20' })]) {
      const controller = new AbortController();
      const vendor = await Vendor.open((...all) => {
        answer(...all);
        setTimeout(() => controller.abort(new Error('enough')), 30);
      });
      const started = performance.now();
      expect(await exchange(get(vendor.url, { signal: controller.signal }))).toMatchObject({
        kind: 'aborted',
      });
      expect(performance.now() - started).toBeLessThan(10_000);
    }
  });
});
