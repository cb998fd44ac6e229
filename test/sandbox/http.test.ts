import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { makeFolder } from '../harness/command-line.ts';
import { ADDRESS, at, orderBody, PHYSICAL, productionPath, TestSandbox } from '../harness/sandbox.ts';

const PROGRAMS = '/v3/spend/profiles/1001/card-orders/availability';

/** Sends raw bytes and reads until the server closes. */
function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.setTimeout(3_000, () => socket.destroy());
  });
}

describe('versions', () => {
  test.each(['v3', '2026Q3', '2026Q4', '2030Q1'])('%s serves the API', async (version) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.call(
      `GET /${version}/spend/profiles/1001/card-orders/availability`,
    );
    expect([status, body.cardPrograms.length]).toEqual([200, 2]);
  });

  test('a card passes through all states with calendar versions', async () => {
    const sandbox = await TestSandbox.open();
    const order = await sandbox.call('POST /2026Q4/spend/profiles/1001/card-orders', {
      body: orderBody(),
      headers: { 'x-idempotence-uuid': randomUUID() },
    });
    sandbox.clock.time += 2_000;
    const { cardToken } = await sandbox.getOrder(1001, order.body.id);
    const path = `/2026Q4/spend/profiles/1001/cards/${cardToken}/production`;
    expect((await sandbox.call(`PUT ${path}`, { body: { kioskId: 'WIS00001' } })).status).toBe(200);
    const simulation = `/2026Q4/simulation/spend/profiles/1001/cards/${cardToken}/production`;
    expect((await sandbox.call(`POST ${simulation}`, { body: { status: 'PRODUCED' } })).status).toBe(200);
    expect((await sandbox.call(`GET ${path}`)).body.status).toBe('PRODUCED');
  });

  test.each([
    '/v1/spend/profiles/1001/cards',
    '/v2/spend/profiles/1001/cards',
    '/2026Q5/spend/profiles/1001/cards',
    '/1999Q1/spend/profiles/1001/cards',
    '/spend/profiles/1001/cards',
    '/v3/oauth/token',
    '/v3/spend/profiles/1001/cards/',
    '/v3//spend/profiles/1001/cards',
    '/v3/spend/profiles//cards',
    '/v3/simulation/profiles/1001/verifications',
    '/_sandbox',
    '/',
  ])('%s is 404', async (path) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.call(`GET ${path}`);
    expect(status).toBe(404);
    expect(body).toEqual({
      timestamp: at(0),
      status: 404,
      error: 'Not Found',
      message: 'No such endpoint',
      path,
    });
  });

  test.each([
    ['POST', PROGRAMS, 'GET'],
    ['DELETE', '/v3/spend/profiles/1001/card-orders', 'POST, GET'],
    ['PATCH', productionPath(randomUUID()), 'PUT, GET'],
    ['GET', '/oauth/token', 'POST'],
    ['OPTIONS', PROGRAMS, 'GET'],
  ])('%s %s is 405', async (method, path, allowed) => {
    const sandbox = await TestSandbox.open();
    const { status, headers, body } = await sandbox.call(`${method} ${path}`);
    expect([status, headers.get('allow')]).toEqual([405, allowed]);
    expect(body).toMatchObject({ status: 405, error: 'Method Not Allowed', path });
  });
});

describe('headers', () => {
  test('each response has its own trace id and the date of the virtual clock', async () => {
    const sandbox = await TestSandbox.open();
    sandbox.instance.advance(86_400_000);
    const seen = new Set<string>();
    for (const target of [`GET ${PROGRAMS}`, `GET ${PROGRAMS}`, 'GET /nowhere', `POST ${PROGRAMS}`]) {
      const { headers } = await sandbox.call(target);
      expect(headers.get('date')).toBe('Fri, 02 Jan 2026 00:00:00 GMT');
      expect(headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/);
      seen.add(headers.get('x-trace-id') ?? '');
    }
    expect(seen.size).toBe(4);
  });

  test('a correlation id is returned, and an invalid one is 400', async () => {
    const sandbox = await TestSandbox.open();
    const send = (id: string) =>
      sandbox.call(`GET ${PROGRAMS}`, { headers: { 'x-external-correlation-id': id } });
    const id = randomUUID();
    const good = await send(id);
    expect([good.status, good.headers.get('x-external-correlation-id')]).toEqual([200, id]);
    for (const odd of ['x'.repeat(37), 'é']) {
      const bad = await send(odd);
      expect([bad.status, bad.headers.get('x-external-correlation-id')]).toEqual([400, null]);
      expect(bad.body).toMatchObject({ status: 400, error: 'Bad Request' });
    }
    expect((await sandbox.call(`GET ${PROGRAMS}`)).headers.has('x-external-correlation-id')).toBe(false);
  });
});

function bodyOf(size: number): string {
  return JSON.stringify({ ...ADDRESS, note: 'x'.repeat(size) });
}

describe('bodies', () => {
  const path = '/v3/spend/address/validate';

  test.each([
    ['nothing', ''],
    ['half of it', '{"firstLine": "56 Sho'],
    ['text', 'firstLine=7'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
    ['nesting without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['nested objects', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
  ])('%s is 400', async (_case, raw) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await sandbox.call(`POST ${path}`, { raw });
    expect(status).toBe(400);
    expect(body).toMatchObject({ status: 400, error: 'Bad Request', path });
  });

  test('a body of another content type is 415', async () => {
    const sandbox = await TestSandbox.open();
    const raw = JSON.stringify(ADDRESS);
    const send = (type: string) => sandbox.call(`POST ${path}`, { raw, headers: { 'content-type': type } });
    expect((await send('text/plain')).status).toBe(415);
    expect((await send('Application/JSON; charset=utf-8')).status).toBe(200);
  });

  test('JSON is accepted without a content type, and with the one that curl writes, as samples of Wise send it', async () => {
    const sandbox = await TestSandbox.open();
    const raw = new TextEncoder().encode(JSON.stringify(ADDRESS));
    const send = (type?: string) => sandbox.call(`POST ${path}`, { raw, headers: { 'content-type': type } });
    expect((await send()).status).toBe(200);
    expect((await send('application/x-www-form-urlencoded')).status).toBe(200);
    const form = { raw: 'firstLine=7', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect((await sandbox.call(`POST ${path}`, form)).status).toBe(400);
  });

  test('a body over 256 KiB is 413, and the connection stays usable', async () => {
    const sandbox = await TestSandbox.open();
    expect((await sandbox.call(`POST ${path}`, { raw: bodyOf(255 * 1024) })).status).toBe(200);
    const { status, body: error } = await sandbox.call(`POST ${path}`, { raw: bodyOf(256 * 1024) });
    expect([status, error.error]).toEqual([413, 'Payload Too Large']);
    expect((await sandbox.call(`POST ${path}`, { raw: bodyOf(5 * 1024 * 1024) })).status).toBe(413);
    expect((await sandbox.call(`GET ${PROGRAMS}`)).status).toBe(200);
  });

  test('JSON keys with a meaning in JavaScript are data', async () => {
    const sandbox = await TestSandbox.open();
    const raw = `{"program":"${PHYSICAL}","cardHolderName":"A","__proto__":{"x":1},"address":{"__proto__":{"firstLine":7},"constructor":1,"firstLine":"1 Road","city":"L","postCode":"E","country":"GB"}}`;
    const { status } = await sandbox.call('POST /v3/spend/profiles/1001/card-orders', {
      raw,
      headers: { 'x-idempotence-uuid': randomUUID() },
    });
    expect(status).toBe(200);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('hostile input', () => {
  test.each(['/v3/spend/profiles/%/cards', '/v3/%ff/x', '/v3/spend/profiles/1001/cards/%00', '/%c0%af'])(
    '%s is answered',
    async (path) => {
      const sandbox = await TestSandbox.open();
      const { status } = await sandbox.call(`GET ${path}`);
      expect([400, 404]).toContain(status);
      expect((await sandbox.call(`GET ${PROGRAMS}`)).status).toBe(200);
    },
  );

  test.each([
    ['bytes that are not HTTP', 'hello\r\n\r\n', ' 400 '],
    ['a header without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, ' 431 '],
    ['a control character in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\x01b\r\n\r\n', ' 400 '],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      ' 400 ',
    ],
    [
      'an absolute URL',
      `GET http://elsewhere${PROGRAMS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
      ' 200 ',
    ],
    [
      'a path that looks like a host',
      'GET //evil/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      ' 404 ',
    ],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', ' 404 '],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', ''],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', ''],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', ' 400 '],
  ])('%s does no harm', async (_case, text, answer) => {
    const sandbox = await TestSandbox.open();
    const closing = text.includes('Upgrade') ? text.replace('Upgrade\r\n', 'Upgrade, close\r\n') : text;
    const received = await sendRaw(sandbox.url, closing).catch(() => '');
    expect(received.slice(0, 40)).toContain(answer);
    expect((await sandbox.call(`GET ${PROGRAMS}`)).status).toBe(200);
  });

  test('a client that closes the connection within its body does no harm', async () => {
    const sandbox = await TestSandbox.open();
    const { hostname, port } = new URL(sandbox.url);
    await new Promise<void>((resolve) => {
      const socket = net.connect(Number(port), hostname, () => {
        socket.write('PUT /v3/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"kiosk', () =>
          socket.resetAndDestroy(),
        );
      });
      socket.on('close', () => resolve());
    });
    expect((await sandbox.call(`GET ${PROGRAMS}`)).status).toBe(200);
  });

  test('a HEAD request gets no body', async () => {
    const sandbox = await TestSandbox.open();
    const { status, text } = await sandbox.call(`HEAD ${PROGRAMS}`);
    expect([status, text]).toEqual([405, '']);
  });
});

describe('listening', () => {
  test('listening binds the given host, and returns it', async () => {
    const sandbox = await TestSandbox.open();
    expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('an address in use is a usage failure', async () => {
    const sandbox = await TestSandbox.open();
    const port = Number(new URL(sandbox.url).port);
    const other = new Sandbox({ stateFile: join(makeFolder(), 'state.sqlite'), speed: 1 });
    onTestFinished(() => other.close());
    const failure = await other.listen({ host: '127.0.0.1', port }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining('EADDRINUSE') });
  });

  test('the URL of an IPv6 host has brackets', async () => {
    const sandbox = new Sandbox({ stateFile: join(makeFolder(), 'state.sqlite'), speed: 1 });
    onTestFinished(() => sandbox.close());
    const url = await sandbox.listen({ host: '::1', port: 0 }).catch(() => 'http://[::1]:0');
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test('closing aborts idle connections, and can be repeated', async () => {
    const sandbox = await TestSandbox.open();
    await sandbox.call(`GET ${PROGRAMS}`);
    await sandbox.instance.close();
    await sandbox.instance.close();
    await expect(sandbox.call(`GET ${PROGRAMS}`)).rejects.toThrow();
  });
});
