import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Receiver, type ReceiverOptions, type Refusal, type Webhook } from '../../src/webhooks/receiver.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { deliver, EventSigner, headersOf } from './signed-events.ts';

const signer = new EventSigner();
const verifier = new SignatureVerifier(signer.publicKey, 'the test');

let kept: Webhook[];
let refused: Refusal[];
let failures: unknown[];
let keep: ReceiverOptions<void>['keep'];
let receiver: Receiver<void>;
let url: string;
const open: net.Socket[] = [];

beforeEach(async () => {
  [kept, refused, failures] = [[], [], []];
  keep = async () => undefined;
  receiver = new Receiver({
    path: '/webhooks',
    verifier,
    now: () => 42,
    keep: (webhook) => keep(webhook),
    onKept: (_, webhook) => void kept.push(webhook),
    onNotKept: (error) => void failures.push(error),
    onRefused: (refusal) => void refused.push(refusal),
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

test('the receiver stores a webhook unchanged and then answers 200', async () => {
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
    receivedAt: 42,
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

describe('the receiver answers 401 and stores nothing for a signature that', () => {
  const event = signer.event();
  const other = new EventSigner().sign(event.body);
  test.each([
    ['a signature of another key', other],
    ['a signature of another body', signer.event().signature],
    ['no Base64', '%%%'],
    ['half of it', event.signature.slice(0, 100)],
    ['an endless one', 'A'.repeat(8_000)],
  ])('%s', async (_, signature) => {
    expect(await deliver(url, { ...event, signature })).toBe(401);
    expect(kept).toEqual([]);
    expect(refused).toEqual([{ httpStatus: 401, reason: 'wrong signature' }]);
  });

  test('is missing', async () => {
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(401);
    expect(refused).toEqual([{ httpStatus: 401, reason: 'no signature' }]);
  });

  test('belongs to an event with another byte', async () => {
    const body = Buffer.from(event.body);
    body[100] = (body[100] ?? 0) ^ 1;
    expect(await deliver(url, { ...event, body })).toBe(401);
  });
});

test.each([
  ['another path', '/other', 'POST', 404],
  ['the root', '/', 'POST', 404],
  ['another method', '/webhooks', 'GET', 405],
  ['another method', '/webhooks', 'DELETE', 405],
])('%s: %s by %s is %i', async (_, path, method, status) => {
  const response = await fetch(new URL(path, url), { method, headers: headersOf(signer.event()) });
  expect(response.status).toBe(status);
  expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  expect(kept).toEqual([]);
});

describe('a body', () => {
  test('of 256 KiB is accepted', async () => {
    expect(await deliver(url, signer.signed(Buffer.alloc(256 * 1024, 'x')) as never)).toBe(200);
  });

  test('with a larger Content-Length is refused before it is sent', async () => {
    const socket = await connect();
    socket.write(head({ ...headersOf(signer.event()), 'content-length': 256 * 1024 + 1 }));
    expect(await heard(socket)).toMatch(/^HTTP\/1.1 413/);
  });

  test('that exceeds the limit is refused, and the sender receives the answer', async () => {
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

  test('that is cut off is ignored', async () => {
    const event = signer.event();
    const socket = await connect();
    socket.write(head({ ...headersOf(event), 'content-length': event.body.length }));
    socket.write(event.body.subarray(0, 300));
    socket.destroy();
    expect(await deliver(url, event)).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test('is accepted in pieces of any size', async () => {
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
});

test('the receiver answers 503 when an event can not be stored', async () => {
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
  test('finishes accepted requests and accepts no others', async () => {
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

  test('does not wait for a sender that never ends', async () => {
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
