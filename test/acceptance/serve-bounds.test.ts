// The bounds of kioskctl serve, as a process: each is reported and survived, and no event is lost.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { deliver, EventSigner, type SignedEvent } from '../harness/events.ts';
import { freePort, portOf } from '../harness/ports.ts';
import { expectError, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const HOUR_MS = 3_600_000;

const signer = new EventSigner();
/** Adds the number in a file to the time of day of a process. */
const CALENDAR = `
  import { readFileSync } from 'node:fs';
  const RealDate = globalThis.Date;
  const now = () => RealDate.now() + Number(readFileSync(new URL('calendar', import.meta.url), 'utf8'));
  globalThis.Date = class extends RealDate {
    constructor(...of) {
      super(...(of.length === 0 ? [now()] : of));
    }
    static now() {
      return now();
    }
  };`;

const users: User[] = [];

/** A user with a journal of its own, who trusts the events of the signer. */
function newUser(): User {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox', KIOSKCTL_SANDBOX_SPEED: '1' });
  users.push(user);
  writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
  writeFileSync(join(user.home, 'preload.mjs'), CALENDAR);
  step(user, 0);
  return user;
}

function step({ home }: User, milliseconds: number): void {
  writeFileSync(join(home, 'calendar'), String(milliseconds));
}

function envOf({ env, home }: User) {
  return { ...env, NODE_OPTIONS: `--import=${join(home, 'preload.mjs')}` };
}

async function storedIn(user: User): Promise<number> {
  return (await user.run('events list --json')).json.total;
}

const user = newUser();
/** The server of most tests. It forwards to a port where nobody listens. */
let server: ListenerProcess;
let stored = 0;

beforeAll(async () => {
  const target = `http://127.0.0.1:${await freePort()}/`;
  const key = join(user.home, 'key.pem');
  server = await ListenerProcess.serve(envOf(user), '--public-key', key, '--forward-to', target);
}, 60_000);
afterAll(async () => {
  await server.end('SIGKILL');
  for (const one of users) one.leave();
});

/** Delivers a new event to the server, which must answer in time. */
async function expectStored(event: SignedEvent = signer.event()): Promise<void> {
  const began = performance.now();
  expect(await deliver(server.url, event)).toBe(200);
  expect(performance.now() - began).toBeLessThan(5_000);
  stored += 1;
}

test.each(['--port', '--admin-port'])('a server whose %s is taken ends with 2 and names it', async (flag) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const other = ['--port', '--admin-port'].find((one) => one !== flag);
  const ended = await newUser().run(`serve ${flag} ${portOf(taken)} ${other} 0 --json`);
  expectError(ended, { code: 2, error: 'usage', message: new RegExp(String(portOf(taken))) });
});

test('a server whose target is dead answers, and reports what it did not forward', async () => {
  for (let events = 0; events < 20; events += 1) await expectStored();
  expect(await server.probe()).toEqual([200, 200]);
});

test('a server answers while 1,000 idle connections are open', async () => {
  const { hostname, port } = new URL(server.url);
  const sockets = Array.from({ length: 1_000 }, () =>
    net.connect(Number(port), hostname).on('error', () => undefined),
  );
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map(async (socket) => once(socket, 'connect')));
  await expectStored();
  expect(await server.probe()).toEqual([200, 200]);
});

test.each([
  ['two hours forward', 2 * HOUR_MS],
  ['a day back', -24 * HOUR_MS],
])('a server whose calendar is set %s stores events and is ready', async (_, milliseconds) => {
  step(user, milliseconds);
  await expectStored();
  expect(await server.probe()).toEqual([200, 200]);
  expect((await server.details()).jobs.runHere).toBe(true);
});

test('after all of this, every event is stored and counted once', async () => {
  const duplicate = signer.event();
  await expectStored(duplicate);
  expect(await deliver(server.url, duplicate)).toBe(200);
  expect(await server.metric('events_stored_total')).toEqual({ '': stored });
  expect(await server.metric('events_duplicate_total')).toEqual({ '': 1 });
  expect(await storedIn(user)).toBe(stored);
});

/** An event that never fits into the rest of a page. */
function largeEvent(): SignedEvent {
  return signer.event({ description: 'x'.repeat(50_000) });
}

test('a server on a full disk answers 503 and is not ready, and stored events stay', async () => {
  const small = newUser();
  const key = ['--public-key', join(small.home, 'key.pem')];
  // The journal is made first. Its file and its log may grow to a size that some events reach.
  await small.run('events list');
  const full = await ListenerProcess.serveAfter('ulimit -f 1024', small.env, ...key);
  onTestFinished(() => void full.child.kill('SIGKILL'));
  let accepted = 0;
  let refused = largeEvent();
  for (; (await deliver(full.url, refused)) === 200; refused = largeEvent()) accepted += 1;
  expect(await deliver(full.url, refused)).toBe(503);
  expect(await full.probe()).toEqual([200, 503]);
  expect(full.ofType('not-kept')[0]).toMatchObject({ reason: expect.stringMatching(/written/) });
  expect(await full.end()).toBe(0);
  expect(await storedIn(small)).toBe(accepted);
  const roomy = await ListenerProcess.serve(small.env, ...key);
  onTestFinished(() => void roomy.child.kill('SIGKILL'));
  expect(await deliver(roomy.url, refused)).toBe(200);
  expect(await roomy.end()).toBe(0);
  expect(await storedIn(small)).toBe(accepted + 1);
});
