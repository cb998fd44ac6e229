import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Forwarder } from '../../src/webhooks/forwarder.ts';

interface Got {
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

let got: Got[];
/** The answers of the other side, then 200. `cut` closes the connection. */
let answers: (number | 'cut')[];
let server: http.Server;
let url: URL;
let arrived: () => void;
let givenUp: [id: number, reason: string][];
let forwarder: Forwarder;

beforeEach(async () => {
  [got, answers, givenUp, arrived] = [[], [], [], () => undefined];
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers.shift() ?? 200;
      if (answer === 'cut') request.socket.destroy();
      else {
        got.push({ headers: request.headers, body: Buffer.concat(chunks) });
        response.writeHead(answer).end('thank you');
      }
      arrived();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks?tenant=1`);
  forwarder = new Forwarder({ url, agent: null, onGivenUp: (id, reason) => void givenUp.push([id, reason]) });
});
afterEach(async () => {
  await forwarder.stop();
  server.closeAllConnections();
  server.close();
});

const HEADERS = ['Host', 'wise.example', 'Content-Type', 'application/json', 'X-Delivery-Id', 'd-1'];

function arrival(count: number): Promise<void> {
  return new Promise((resolve) => {
    arrived = () => void (got.length >= count && resolve());
  });
}

test('the forwarder sends the same bytes and headers', async () => {
  const body = Buffer.from([0, 255, 10, 123]);
  const arriving = arrival(1);
  forwarder.add({ id: 1, body, headers: [...HEADERS, 'X-Twice', 'a', 'Connection', 'keep-alive'] });
  await arriving;
  expect(got[0]?.body.equals(body)).toBe(true);
  expect(got[0]?.headers).toMatchObject({
    host: url.host,
    'content-type': 'application/json',
    'x-delivery-id': 'd-1',
    'x-twice': 'a',
    'content-length': '4',
  });
});

test.each([[503], [429], ['cut' as const]])('the forwarder repeats an event after %s', async (answer) => {
  answers = [answer];
  const arriving = arrival(answer === 'cut' ? 1 : 2);
  forwarder.add({ id: 1, body: Buffer.from('{}'), headers: HEADERS });
  await arriving;
  expect(givenUp).toEqual([]);
});

test('the forwarder gives up immediately when the other side refuses an event', async () => {
  answers = [404];
  forwarder.add({ id: 7, body: Buffer.from('{}'), headers: HEADERS });
  await forwarder.stop();
  expect(givenUp).toEqual([[7, 'answered 404']]);
});

test('the forwarder does not follow a redirect', async () => {
  answers = [302];
  forwarder.add({ id: 7, body: Buffer.from('{}'), headers: HEADERS });
  await forwarder.stop();
  expect(givenUp).toEqual([[7, 'answered 302']]);
  expect(got).toHaveLength(1);
});

test('a forwarder that stops sends the waiting events once more, without repeats', async () => {
  answers = [503];
  for (let id = 1; id <= 50; id += 1) forwarder.add({ id, body: Buffer.from(`${id}`), headers: HEADERS });
  await forwarder.stop();
  expect(new Set(got.map(({ body }) => body.toString())).size).toBe(50);
  expect(givenUp.length).toBeLessThanOrEqual(1);
});

test('the forwarder limits the waiting bytes and gives up further events', () => {
  const body = Buffer.alloc(200_000);
  for (let id = 1; id <= 200; id += 1) forwarder.add({ id, body, headers: HEADERS });
  expect(givenUp.length).toBeGreaterThan(50);
  expect(givenUp[0]?.[1]).toBe('too many are waiting');
});
