// kioskctl serve, as a process: its first line, its flags, and its end.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { deliver, EventSigner, headersOf } from '../harness/events.ts';
import { expectError, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';

const signer = new EventSigner();
const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
const key = join(user.home, 'key.pem');
writeFileSync(key, signer.publicKey);
afterAll(() => user.leave());

async function start(...args: string[]): Promise<ListenerProcess> {
  const server = await ListenerProcess.serve(user.env, '--public-key', key, ...args);
  onTestFinished(() => void server.child.kill('SIGKILL'));
  return server;
}

test('the first line of a server has both URLs, and SIGTERM lets it answer a request in progress and exit 0', async () => {
  const server = await start();
  expect(server.lines[0]).toMatchObject({
    type: 'ready',
    command: 'serve',
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/webhooks$/),
    adminUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
  const event = signer.event();
  expect(await deliver(server.url, signer.event())).toBe(200);
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const head = Object.entries({ host: 'x', ...headersOf(event), 'content-length': event.body.length });
  socket.write(
    `POST /webhooks HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  socket.write(event.body.subarray(0, 100));
  // The server has begun with the request when it has answered a later one.
  expect(await deliver(server.url, signer.event())).toBe(200);
  const began = performance.now();
  const ended = server.end();
  const answer = once(socket, 'data');
  socket.write(event.body.subarray(100));
  expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 200/);
  expect(await ended).toBe(0);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(server.lines.at(-1)).toMatchObject({ type: 'end', kept: 3, refused: 0 });
});

/** Resolves when a server runs the jobs of its journal. */
async function untilRunner({ adminUrl }: ListenerProcess): Promise<void> {
  for (;;) {
    const response = await fetch(new URL('/ready', adminUrl));
    const { jobs } = (await response.json()) as { jobs: { runHere: boolean } };
    if (jobs.runHere) return;
    await setTimeout(50);
  }
}

test('a server receives and runs the jobs within 20 seconds after another one was killed', async () => {
  const [first, second] = [await start(), await start()];
  await untilRunner(first);
  const event = signer.event();
  expect(await deliver(first.url, event)).toBe(200);
  const killedAt = performance.now();
  await first.end('SIGKILL');
  expect(await deliver(second.url, event)).toBe(200);
  await untilRunner(second);
  expect(performance.now() - killedAt).toBeLessThan(20_000);
  expect(await second.end()).toBe(0);
  // Wise repeats what it sent to the first one: it is stored once.
  expect(second.lines.at(-1)).toMatchObject({ type: 'end', kept: 0, duplicates: 1 });
}, 40_000);

test('events that wait for a target are delivered in sequence after a server was killed, and by another one', async () => {
  let status = 503;
  const target = await Receiver.open(() => status);
  const first = await start('--forward-to', target.url);
  const events = Array.from({ length: 10 }, () => signer.event());
  for (const event of events.slice(0, 5)) expect(await deliver(first.url, event)).toBe(200);
  await target.got(1);
  await first.end('SIGKILL');
  // A listener without a target queues events for the target of the servers, too.
  const second = await start();
  for (const event of events.slice(5)) expect(await deliver(second.url, event)).toBe(200);
  expect(await second.end()).toBe(0);
  status = 200;
  await user.run(`context add bank --environment sandbox --forward-to ${target.url} --public-key ${key}`);
  const third = await ListenerProcess.serve(user.env, '--context', 'bank');
  onTestFinished(() => void third.child.kill('SIGKILL'));
  const delivered = await target.gotDistinct(10);
  expect(delivered.map(({ headers }) => headers['x-delivery-id'])).toEqual(
    events.map(({ deliveryId }) => deliveryId),
  );
  expect(await third.end()).toBe(0);
}, 40_000);

test.each([
  ['--admin-host 0.0.0.0', 2, 'usage', /open to the network/],
  ['--admin-host 0.0.0.0 --board-password-file x --board-auth proxy', 2, 'usage', /board-auth/],
  ['--board-auth basic', 2, 'usage', /board-auth/],
  ['--board-password-file /does/not/exist', 2, 'invalid-input', /password file/],
  ['--board-password-file /dev/null', 2, 'invalid-input', /empty/],
  ['--admin-name http://x/', 2, 'usage', /host name/],
  ['--path /health', 2, 'usage', /probes/],
])('serve %s ends with %i', async (args, code, error, message) => {
  expectError(await user.run(`serve --port 0 --admin-port 0 ${args} --json`), { code, error, message });
});
