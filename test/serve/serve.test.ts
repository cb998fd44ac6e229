// A server in the process of the test: its ports, its health, and what it does without credentials.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseEventChoice } from '../../src/events/event-flags.ts';
import type { ListenerMessage } from '../../src/events/listener.ts';
import { type ServeOptions, serve } from '../../src/serve/serve.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { deliver, productionBody } from '../harness/events.ts';
import { type Overrides, SIGNER, World } from '../harness/world.ts';

let world: World;
/** Stands still: no heartbeat follows the first one. */
let clock: SimulatedClock;
let ended: Promise<void>;
beforeEach(async () => {
  world = await World.open();
  clock = SimulatedClock.manual();
});
afterEach(async () => {
  world.abort.abort();
  await ended;
  await world.close();
});

const ADDRESS = { host: '127.0.0.1', port: 0 };

interface Running {
  url: string;
  adminUrl: string;
  messages: ListenerMessage[];
  /** Waits for the first message of this type. */
  message: (type: ListenerMessage['type']) => Promise<ListenerMessage>;
}

async function start(overrides: Overrides = {}, options: Partial<ServeOptions> = {}): Promise<Running> {
  const messages: ListenerMessage[] = [];
  const waiting = new Set<() => void>();
  const message = async (type: ListenerMessage['type']): Promise<ListenerMessage> => {
    for (;;) {
      const found = messages.find((one) => one.type === type);
      if (found) return found;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  const ctx = world.context({ environment: 'sandbox', name: 'bank', clock, ...overrides });
  const running = serve(
    ctx,
    {
      ...ADDRESS,
      path: '/webhooks',
      keys: [],
      choice: parseEventChoice([]),
      forwardTo: null,
      catchUp: 3_600_000,
      admin: { address: ADDRESS, names: [], password: null },
      ...options,
    },
    (one) => {
      messages.push(one);
      waiting.forEach((tell) => tell());
    },
  );
  ended = running;
  const ready = await Promise.race([message('ready'), running]);
  if (!ready || ready.type !== 'ready') throw new Error('the server ended');
  return { ...ready, adminUrl: ready.adminUrl ?? '', messages, message };
}

async function bodyOf(url: string, path: string): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(new URL(path, url));
  return [response.status, (await response.json()) as Record<string, unknown>];
}

function signed() {
  const body = Buffer.from(productionBody('PRODUCED'));
  return { body, signature: SIGNER.sign(body), deliveryId: 'one' };
}

test('a server shows journal, last event, credentials and jobs on its admin port, and no details on the other', async () => {
  const { url, adminUrl, message } = await start();
  await message('catch-up');
  const body = { status: 'ok', journal: 'writable', credentials: 'available', jobs: { catchUp: 'on' } };
  expect(await bodyOf(adminUrl, '/ready')).toEqual([200, { ...body, lastEventAt: null }]);
  expect(await deliver(url, signed())).toBe(200);
  const lastEventAt = new Date(clock.now()).toISOString();
  expect(await bodyOf(adminUrl, '/health')).toEqual([200, { ...body, lastEventAt }]);
  for (const path of ['/health', '/ready']) {
    const response = await fetch(new URL(path, url));
    expect([response.status, await response.text()]).toEqual([200, '']);
  }
  expect((await fetch(new URL('/metrics', url))).status).toBe(404);
  expect((await deliver(`${adminUrl}/webhooks`, signed())).toString()).toBe('404');
});

test('a server without credentials receives events, does not catch up, warns, and shows it', async () => {
  const missing = new Failure('credentials-missing', 'There is no token.', { hint: 'Set one.' });
  const { url, adminUrl, messages } = await start({ authorize: async () => Promise.reject(missing) });
  expect(await deliver(url, signed())).toBe(200);
  expect(await bodyOf(adminUrl, '/ready')).toMatchObject([
    200,
    { credentials: 'missing', jobs: { catchUp: 'off' } },
  ]);
  expect(world.said).toEqual([
    'There is no token. Events are received and forwarded; nothing is read from the API.',
  ]);
  expect(messages.map(({ type }) => type)).toEqual(['ready', 'event']);
});

test('a server whose journal fails is running and not ready, on both ports', async () => {
  const full = new Failure('journal-unusable', 'The disk is full.', { hint: '' });
  let isFull = false;
  const journal = new Proxy(world.journal, {
    get: (target, name) =>
      name === 'keepEvent' && isFull
        ? async () => Promise.reject(full)
        : (Reflect.get(target, name, target) as unknown),
  });
  const { url, adminUrl } = await start({ journal });
  isFull = true;
  expect(await deliver(url, signed())).toBe(503);
  const statuses = async () =>
    Promise.all(
      [url, adminUrl].flatMap((origin) =>
        ['/health', '/ready'].map(async (path) => (await fetch(new URL(path, origin))).status),
      ),
    );
  expect(await statuses()).toEqual([200, 503, 200, 503]);
  expect(await bodyOf(adminUrl, '/ready')).toMatchObject([
    503,
    { status: 'unavailable', journal: 'unavailable' },
  ]);
  isFull = false;
  expect(await deliver(url, signed())).toBe(200);
  expect(await statuses()).toEqual([200, 200, 200, 200]);
});

test('requests with wrong signatures and paths do not change the readiness', async () => {
  const { url } = await start();
  expect(await deliver(url, { ...signed(), signature: 'AAAA' })).toBe(503);
  expect(await deliver(new URL('/other', url).href, signed())).toBe(503);
  expect((await fetch(new URL('/ready', url))).status).toBe(200);
});
