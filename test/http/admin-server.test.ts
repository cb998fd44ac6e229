import { once } from 'node:events';
import http from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type AdminOptions, AdminServer } from '../../src/http/admin-server.ts';
import type { EventStream } from '../../src/http/event-stream.ts';

const answer = async () => ({ httpStatus: 200, type: 'text/plain', body: 'fine\n' });
const fail = async () => Promise.reject(new Error('the reason'));

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

async function open(options: Partial<AdminOptions> = {}): Promise<string> {
  const server = new AdminServer({
    address: { host: '127.0.0.1', port: 0 },
    names: [],
    password: null,
    routes: { '/ready': { isOpen: true, answer }, '/metrics': { isOpen: false, answer } },
    ...options,
  });
  const url = await server.listen();
  onTestFinished(() => server.stop());
  return url;
}

/** fetch can't set the Host header. */
function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
  });
}

test('the admin port answers GET and HEAD, and nothing else', async () => {
  const url = await open();
  const statusOf = async (path: string, method: string) =>
    (await fetch(`${url}${path}`, { method, redirect: 'manual' })).status;
  expect(await (await fetch(`${url}/metrics?x=1`)).text()).toBe('fine\n');
  expect(await statusOf('/ready', 'HEAD')).toBe(200);
  expect(await statusOf('/ready', 'POST')).toBe(405);
  expect(await statusOf('/webhooks', 'POST')).toBe(404);
  expect(await statusOf('/constructor', 'GET')).toBe(404);
});

test.each([
  ['localhost', 200],
  ['127.0.0.1:8789', 200],
  ['[::1]:8789', 200],
  ['Kioskctl.bank.example', 200],
  ['kioskctl.bank.example:8789', 200],
  ['bank.example', 421],
  ['evil.example', 421],
  ['localhost.evil.example', 421],
])('the admin port answers a request for host %s with %i', async (host, status) => {
  const url = await open({ names: ['kioskctl.bank.example'] });
  expect(await statusFor(`${url}/ready`, host)).toBe(status);
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1'],
  ['::', 'http://[::1]'],
])('the URL of an admin port on %s is one that it answers: %s', async (host, origin) => {
  const url = await open({ address: { host, port: 0 } });
  expect(url).toBe(`${origin}:${new URL(url).port}`);
  expect((await fetch(`${url}/ready`)).status).toBe(200);
});

test('an admin port on all addresses also answers under the address that a connection came to', async () => {
  const url = (await open({ address: { host: '0.0.0.0', port: 0 } })).replace('127.0.0.1', '127.0.0.2');
  expect(await statusFor(`${url}/ready`, new URL(url).host)).toBe(200);
  expect(await statusFor(`${url}/ready`, '192.0.2.1')).toBe(421);
});

test('metrics need the password, and ready does not', async () => {
  const url = await open({ password: 'correct: horse' });
  const statusWith = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization };
    return (await fetch(`${url}${path}`, { headers })).status;
  };
  expect(await statusWith('/ready')).toBe(200);
  const refused = [
    undefined,
    'Basic',
    'Bearer correct: horse',
    basic('correct: horse'),
    basic('anyone:wrong'),
  ];
  for (const authorization of refused) expect(await statusWith('/metrics', authorization)).toBe(401);
  expect((await fetch(`${url}/metrics`)).headers.get('www-authenticate')).toMatch(/^Basic realm="kioskctl"/);
  expect(await statusWith('/metrics', basic('anyone:correct: horse'))).toBe(200);
});

test('an admin port that is in use is a usage failure which names --admin-port', async () => {
  const port = Number(new URL(await open()).port);
  await expect(open({ address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('--admin-port'),
  });
});

test('an answer that fails is a 500 without its reason', async () => {
  const url = await open({ routes: { '/metrics': { isOpen: true, answer: fail } } });
  const response = await fetch(`${url}/metrics`);
  expect([response.status, await response.text()]).toEqual([500, 'no answer\n']);
});

test('an address that sent ten wrong passwords is throttled, also with the right one, and others are not', async () => {
  const url = await open({ password: 'horse', address: { host: '0.0.0.0', port: 0 } });
  const { port } = new URL(url);
  const statusWith = async (password: string, host = '127.0.0.1') =>
    (await fetch(`http://${host}:${port}/metrics`, { headers: { authorization: basic(`x:${password}`) } }))
      .status;
  for (let guess = 0; guess < 10; guess += 1) expect(await statusWith(String(guess))).toBe(401);
  const refused = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: basic('x:horse') },
  });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '6']);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 'no password is no guess').toBe(401);
  expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
  expect(await statusFrom('127.0.0.9', Number(port), basic('x:horse'))).toBe(200);
});

/** Requests the metrics from another address of this machine. */
function statusFrom(localAddress: string, port: number, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/metrics', localAddress, headers: { authorization } };
    http.get(options, (response) => resolve(response.resume().statusCode ?? 0)).on('error', reject);
  });
}

async function openStream(): Promise<{
  server: AdminServer;
  stream: EventStream;
  response: http.IncomingMessage;
}> {
  const opened = Promise.withResolvers<EventStream>();
  const server = new AdminServer({
    address: { host: '127.0.0.1', port: 0 },
    names: [],
    password: null,
    routes: { '/events': { isOpen: false, answer: async () => ({ open: opened.resolve }) } },
  });
  const url = await server.listen();
  onTestFinished(() => server.stop());
  const response = await new Promise<http.IncomingMessage>((resolve) => http.get(`${url}/events`, resolve));
  return { server, stream: await opened.promise, response };
}

test('a stream sends events, and ends immediately when the server stops', async () => {
  const { server, stream, response } = await openStream();
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
  stream.send('state', '{"one":1}');
  const started = performance.now();
  await Promise.all([once(response, 'close'), server.stop()]);
  expect(performance.now() - started).toBeLessThan(1_900);
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(text).toBe('retry: 2000\n\nevent: state\ndata: {"one":1}\n\n');
});

test('a stream is busy while its client reads nothing, and tells when the client has caught up', async () => {
  const { stream, response } = await openStream();
  const ended = new Promise<void>((resolve) => (stream.onEnd = resolve));
  response.pause();
  let sent = 0;
  for (; !stream.isBusy; sent += 1) {
    stream.send('state', 'x'.repeat(100_000));
    await setImmediate();
  }
  expect(sent).toBeGreaterThan(1);
  const drained = new Promise<void>((resolve) => (stream.onDrain = resolve));
  response.resume();
  await drained;
  expect(stream.isBusy).toBe(false);
  response.destroy();
  await ended;
});
