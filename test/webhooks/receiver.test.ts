import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Receiver, type ReceiverOptions, type Refusal, type Webhook } from '../../src/webhooks/receiver.ts';
import type { RefusedEvent } from '../../src/webhooks/refused-event.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { deliver, EventSigner, headersOf } from '../harness/events.ts';

const signer = new EventSigner();
const verifier = new SignatureVerifier({ pem: signer.publicKey, source: 'the test' });

const NOW = Date.UTC(2026, 2, 1, 12, 30);

let kept: Webhook[];
let refused: Refusal[];
let events: (RefusedEvent | null)[];
let unsignedTests: string[];
let failures: unknown[];
let keep: ReceiverOptions<void>['keep'];
let isReady: boolean;
let receiver: Receiver<void>;
let url: string;
const open: net.Socket[] = [];

beforeEach(async () => {
  [kept, refused, failures, events, unsignedTests] = [[], [], [], [], []];
  isReady = true;
  keep = async () => undefined;
  receiver = new Receiver({
    path: '/webhooks',
    verifier,
    now: () => NOW,
    isReady: () => isReady,
    keep: (webhook) => keep(webhook),
    onKept: (_, webhook) => void kept.push(webhook),
    onNotKept: (error) => void failures.push(error),
    onRefused: (refusal, event) => {
      refused.push(refusal);
      events.push(event);
    },
    onUnsignedTest: (reason) => void unsignedTests.push(reason),
    limits: { connections: 16, head: 500, request: 500, answer: 200, linger: 100, grace: 100 },
  });
  url = await receiver.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await receiver.stop();
});

async function connect(): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  open.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function post(to: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(to, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body), headers });
}

/** Reads from a socket until it is closed, or until a text arrives. */
function heard(socket: net.Socket, words = /\r\n\r\n/): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (words.test(text)) resolve(text);
    });
    socket.once('close', () => resolve(text));
  });
}

function head(headers: Record<string, string | number>, method = 'POST /webhooks'): string {
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

test('the receiver stores a webhook unchanged and then responds with 200', async () => {
  const event = signer.event();
  let wasAnswered: boolean | null = null;
  let answered = false;
  keep = async () => void (wasAnswered = answered);
  expect(await deliver(url, event, { 'x-test-notification': 'true' })).toBe(200);
  answered = true;
  expect(wasAnswered).toBe(false);
  const [webhook] = kept;
  expect(webhook).toMatchObject({
    signature: event.signature,
    deliveryId: event.deliveryId,
    isTest: true,
    receivedAt: NOW,
  });
  expect(webhook?.body.equals(event.body)).toBe(true);
  expect(webhook?.headers.map((name) => name.toLowerCase())).toContain('x-signature-sha256');
});

test('the receiver accepts a webhook without a delivery id', async () => {
  expect(await deliver(url, { ...signer.event(), deliveryId: '' })).toBe(200);
  expect(kept[0]).toMatchObject({ deliveryId: null, isTest: false });
});

test('the receiver ignores a query in the URL', async () => {
  expect(await deliver(`${url}?x=1`, signer.event())).toBe(200);
});

test('probes are answered to GET and HEAD without details, and are not counted as webhooks', async () => {
  const answers = async () => {
    const probes = ['/health', '/ready', '/ready/?x=1'].flatMap((path) =>
      ['GET', 'HEAD'].map((method) => fetch(new URL(path, url), { method })),
    );
    return Promise.all(probes.map(async (probe) => `${(await probe).status}${await (await probe).text()}`));
  };
  expect(await answers()).toEqual(Array(6).fill('200'));
  isReady = false;
  expect(await answers()).toEqual(['200', '200', '503', '503', '503', '503']);
  expect([kept, refused]).toEqual([[], []]);
  expect((await post(new URL('/ready', url).href, '{}')).status).toBe(404);
  expect(refused).toHaveLength(1);
});

describe('an event with a wrong or missing signature is answered 503 with Retry-After, because the mistake may be ours:', () => {
  const event = signer.event();
  const other = new EventSigner().sign(event.body);
  test.each([
    ['a signature of another key', other],
    ['a signature of another body', signer.event().signature],
    ['no Base64', '%%%'],
    ['half of a signature', event.signature.slice(0, 100)],
    ['an endless signature', 'A'.repeat(8_000)],
    ['two different signatures', `${event.signature}, ${other}`],
  ])('an event with a wrong or missing signature is answered 503: %s', async (_, signature) => {
    const response = await post(url, event.body, headersOf({ ...event, signature }));
    // The event occurred half an hour ago.
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1799']);
    expect(kept).toEqual([]);
    expect(refused).toEqual([{ httpStatus: 503, reason: 'wrong signature' }]);
    expect(events).toMatchObject([{ cause: 'signature', path: '/webhooks', signature }]);
  });

  test('an event without a signature is answered 503', async () => {
    const response = await post(url, event.body);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1799']);
    expect(refused).toEqual([{ httpStatus: 503, reason: 'no signature' }]);
    expect(events).toMatchObject([{ cause: 'signature', signature: null }]);
  });

  test('an event with another byte is answered 503', async () => {
    const body = Buffer.from(event.body);
    body[100] = (body[100] ?? 0) ^ 1;
    expect(await deliver(url, { ...event, body })).toBe(503);
  });

  test.each([
    ['of an unknown type and version', '{"event_type":"x","data":[],"schema_version":"9"}'],
    ['with a byte order mark', `\uFEFF${String(event.body)}`],
  ])('a body %s', async (_, body) => {
    expect((await post(url, body)).status).toBe(503);
  });
});

describe('a body that does not look like an event and has no valid signature is answered 401:', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['a list', '[{"event_type":"x","data":{}}]'],
    ['null', 'null'],
    ['another object', '{"event_type":"x"}'],
    ['deep nesting', '['.repeat(100_000)],
  ])('a body that does not look like an event is answered 401: %s', async (_, body) => {
    expect((await post(url, body)).status).toBe(401);
    expect((await post(url, body, headersOf({ signature: 'AAAA', deliveryId: 'x' }))).status).toBe(401);
    expect(refused.map(({ reason }) => reason)).toEqual(['no signature', 'wrong signature']);
    expect([kept, events]).toEqual([[], [null, null]]);
  });
});

test('an event that came to a wrong path is answered 503 with Retry-After, signed or not, test or not', async () => {
  const event = signer.event();
  const wrong = new URL('/elsewhere?x=1', url).href;
  for (const headers of [{}, headersOf(event), { ...headersOf(event), 'x-test-notification': 'true' }]) {
    const response = await post(wrong, event.body, headers);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1799']);
  }
  expect(refused.map(({ httpStatus, reason }) => `${httpStatus} ${reason}`)).toEqual(
    Array(3).fill('503 another path'),
  );
  expect(events.map((one) => `${one?.cause} ${one?.path}`)).toEqual(Array(3).fill('path /elsewhere'));
  expect(kept).toEqual([]);
});

test.each([
  ['another path', '/other', 'POST', 404],
  ['the root', '/', 'POST', 404],
  ['another path', '/other', 'GET', 404],
  ['another method', '/webhooks', 'GET', 405],
  ['another method', '/webhooks', 'DELETE', 405],
])('%s: %s by %s without an event is %i', async (_, path, method, status) => {
  const response = await fetch(new URL(path, url), { method, headers: headersOf(signer.event()) });
  expect(response.status).toBe(status);
  expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  expect(kept).toEqual([]);
});

test.each([
  '//webhooks',
  '/webhooks/',
  '//webhooks//?x=1',
  'http://hooks.bank.example/webhooks',
  'HTTP://x//webhooks/',
])('the request target %s is the path of the receiver', async (target) => {
  const event = signer.event();
  const socket = await connect();
  socket.write(head({ ...headersOf(event), 'content-length': event.body.length }, `POST ${target}`));
  socket.write(event.body);
  expect(await heard(socket)).toMatch(/^HTTP\/1.1 200/);
  expect(kept).toHaveLength(1);
});

test('a repeated signature header with equal values is one signature', async () => {
  const event = signer.event();
  const { signature } = event;
  expect(await deliver(url, { ...event, signature: `${signature}, ${signature}` })).toBe(200);
  expect(kept).toMatchObject([{ signature }]);
});

describe('a test notification', () => {
  test.each(['true', '1', 'yes', '', 'true, true', 'false, true'])(
    'a request with X-Test-Notification: %s is a test notification',
    async (value) => {
      expect(await deliver(url, signer.event(), { 'x-test-notification': value })).toBe(200);
      expect(kept).toMatchObject([{ isTest: true }]);
    },
  );

  test.each(['false', 'False'])('is not a request with X-Test-Notification: %s', async (value) => {
    expect(await deliver(url, signer.event(), { 'x-test-notification': value })).toBe(200);
    expect(kept).toMatchObject([{ isTest: false }]);
    expect((await post(url, signer.event().body, { 'x-test-notification': value })).status).toBe(503);
  });

  test('a test notification without a valid signature is answered 200 and not stored', async () => {
    const headers = { 'x-test-notification': 'true' };
    expect((await post(url, signer.event().body, headers)).status).toBe(200);
    expect((await post(url, 'hello', headers)).status).toBe(200);
    expect(await deliver(url, { ...signer.event(), signature: 'AAAA' }, headers)).toBe(200);
    expect(unsignedTests).toEqual(['no signature', 'no signature', 'wrong signature']);
    expect([kept, refused]).toEqual([[], []]);
  });

  test("a test notification is answered 200 even if it can't be stored", async () => {
    keep = () => Promise.reject(new Error('the disk is full'));
    expect(await deliver(url, signer.event(), { 'x-test-notification': 'true' })).toBe(200);
    expect(failures).toHaveLength(1);
  });
});

test.each([
  ['10 minutes at least, for a new event', '2026-03-01T12:29:59Z', '600'],
  ['its age', '2026-03-01T10:30:00Z', '7200'],
  ['a day at most', '2026-02-01T10:30:00Z', '86400'],
  ['10 minutes, for an event without a time', 'yesterday', '600'],
])(
  'Retry-After grows with the age of an event, so that its tries last for two weeks: %s',
  async (_, time, pause) => {
    const { body } = signer.event({ occurred_at: time, sentAt: time });
    expect((await post(url, body)).headers.get('retry-after')).toBe(pause);
  },
);

describe('a body', () => {
  test('a body of 256 KiB is accepted', async () => {
    expect(await deliver(url, signer.signed(Buffer.alloc(256 * 1024, 'x')) as never)).toBe(200);
  });

  test('a body with a larger Content-Length is rejected before it is sent', async () => {
    const socket = await connect();
    socket.write(head({ ...headersOf(signer.event()), 'content-length': 256 * 1024 + 1 }));
    expect(await heard(socket)).toMatch(/^HTTP\/1.1 413/);
  });

  test('a body that exceeds the limit is rejected, and the sender receives the response', async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: headersOf(signer.event()),
      body: new ReadableStream({
        pull: (stream) => stream.enqueue(new Uint8Array(16_384)),
      }),
      duplex: 'half',
    }).catch(() => null);
    expect(response?.status ?? 413).toBe(413);
    expect(refused).toEqual([{ httpStatus: 413, reason: 'a body of over 256 KiB' }]);
  });

  test('a body that is cut off is ignored', async () => {
    const event = signer.event();
    const socket = await connect();
    socket.write(head({ ...headersOf(event), 'content-length': event.body.length }));
    socket.write(event.body.subarray(0, 300));
    socket.destroy();
    expect(await deliver(url, event)).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test('a body is accepted in chunks of any size', async () => {
    const event = signer.event();
    const socket = await connect();
    socket.setNoDelay(true);
    const bytes = Buffer.concat([
      Buffer.from(head({ ...headersOf(event), 'content-length': event.body.length })),
      event.body,
    ]);
    for (const byte of bytes) socket.write(Buffer.of(byte));
    expect(await heard(socket)).toMatch(/^HTTP\/1.1 200/);
  });
});

test.each([
  ['half a head', 'POST /webhooks HTTP/1.1\r\nx-signature'],
  ['half a body', `${head({ ...headersOf(signer.event()), 'content-length': 600 })}{`],
])('a sender of %s is answered 408', async (_, start) => {
  const socket = await connect();
  socket.write(start);
  expect(await heard(socket)).toMatch(/^HTTP\/1.1 408/);
  expect(refused).toEqual([{ httpStatus: 408, reason: 'too slow' }]);
});

test.each([
  ['half a head', 'POST /webhooks HTTP/1.1\r\nx-signature'],
  ['half a body', `${head({ ...headersOf(signer.event()), 'content-length': 600 })}{`],
])(
  'a sender that ends its connection after %s is reported as cut off, not as something other than HTTP',
  async (_, start) => {
    const socket = await connect();
    socket.end(start);
    await heard(socket);
    expect(refused).toEqual([{ httpStatus: 400, reason: 'cut off by the sender' }]);
  },
);

test('the receiver closes a silent connection without an answer', async () => {
  expect(await heard(await connect())).toBe('');
  expect(refused).toEqual([]);
});

test('the receiver answers 400 to bytes that are not HTTP', async () => {
  const socket = await connect();
  socket.write('hello\r\n\r\n');
  expect(await heard(socket)).toMatch(/^HTTP\/1.1 400/);
});

test('the receiver answers 431 to headers without end', async () => {
  const socket = await connect();
  socket.write(head({ 'x-long': 'x'.repeat(20_000) }));
  expect(await heard(socket)).toMatch(/^HTTP\/1.1 431/);
  expect(refused).toEqual([{ httpStatus: 431, reason: 'headers of over 16 KiB' }]);
});

test('the receiver answers 503 when an event cannot be stored', async () => {
  const full = new Error('the disk is full');
  keep = () => Promise.reject(full);
  expect(await deliver(url, signer.event())).toBe(503);
  expect(failures).toEqual([full]);
  keep = async () => undefined;
  expect(await deliver(url, signer.event())).toBe(200);
});

test('the receiver answers 503 in time when storing takes too long', async () => {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  keep = () => promise;
  expect(await deliver(url, signer.event())).toBe(503);
  // It is stored and reported later, so the repeat of Wise is a duplicate.
  done();
  keep = async () => undefined;
  await deliver(url, signer.event());
  expect(kept).toHaveLength(2);
});

describe('many idle or slow connections', () => {
  test.each([
    ['that say nothing', ''],
    ['that stop in the middle of a head', 'POST /webhooks HTTP/1.1\r\nx-signature'],
    ['that stop in the middle of a body', head({ ...headersOf(signer.event()), 'content-length': 600 })],
  ])('%s do not block other senders', async (_, start) => {
    const sockets = await Promise.all(Array.from({ length: 64 }, connect));
    for (const socket of sockets) socket.write(start);
    const answers = Array.from({ length: 8 }, () => deliver(url, signer.event()));
    expect(await Promise.all(answers)).toEqual(Array(8).fill(200));
  });
});

describe('a receiver that stops', () => {
  test('a receiver that stops completes accepted requests and accepts no others', async () => {
    const keeping = Promise.withResolvers<void>();
    const asked = new Promise<void>((resolve) => {
      keep = () => {
        resolve();
        return keeping.promise;
      };
    });
    const answer = deliver(url, signer.event());
    await asked;
    const idle = await connect();
    const stopped = receiver.stop();
    await once(idle.resume(), 'close');
    expect(await deliver(url, signer.event())).toBe(0);
    keeping.resolve();
    expect(await answer).toBe(200);
    await stopped;
    expect(kept).toHaveLength(1);
  });

  test('a receiver that stops does not wait for a sender that never ends', async () => {
    const socket = await connect();
    socket.write(head({ ...headersOf(signer.event()), 'content-length': 600 }));
    await deliver(url, signer.event());
    await receiver.stop();
    expect(kept).toHaveLength(1);
  });
});

test('an address in use is a usage failure', async () => {
  const taken = Number(new URL(url).port);
  const other = new Receiver<void>({
    path: '/',
    verifier,
    now: Date.now,
    keep,
    onKept: () => undefined,
    onNotKept: () => undefined,
    onRefused: () => undefined,
    onUnsignedTest: () => undefined,
    isReady: () => true,
  });
  await expect(other.listen({ host: '127.0.0.1', port: taken })).rejects.toMatchObject({ code: 'usage' });
});

test('a sender can reuse its connection', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  for (let count = 0; count < 3; count += 1) {
    const event = signer.event();
    const request = http.request(url, { method: 'POST', agent, headers: headersOf(event) });
    request.on('socket', (socket) => sockets.add(socket));
    request.end(event.body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    await once(response, 'end');
  }
  expect(sockets.size).toBe(1);
  agent.destroy();
});
