// A server in the process of the test: its ports, its health, and what it does without credentials.
import { readdirSync, readFileSync } from 'node:fs';
import parsePrometheus from 'parse-prometheus-text-format';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseEventChoice } from '../../src/events/event-flags.ts';
import type { ListenerMessage } from '../../src/events/listener.ts';
import { ServerCredentials } from '../../src/serve/health.ts';
import { METRICS } from '../../src/serve/metrics.ts';
import { nameOfTarget } from '../../src/serve/outbox-rules.ts';
import { type ServeOptions, serve } from '../../src/serve/serve.ts';
import { SimulatedClock, until } from '../harness/clock.ts';
import { deliver, productionBody } from '../harness/events.ts';
import { productionEvent } from '../harness/records.ts';
import { Receiver, silence, Vendor } from '../harness/server.ts';
import { type Overrides, SIGNER, World } from '../harness/world.ts';

type Family = ReturnType<typeof parsePrometheus>[number];

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
      retention: null,
      notify: null,
      plans: null,
      build: { version: '1.0.0', node: 'v24' },
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
  const jobs = { runHere: true, 'catch-up': 'on', settle: 'on', notices: 'off', prune: 'off', outbox: 'on' };
  const body = { status: 'ok', journal: 'writable', credentials: 'available', jobs, outbox: [] };
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

test('a server with open boards ends at a signal: their streams end, and no board keeps it running', async () => {
  const { adminUrl } = await start();
  const boards = await Promise.all([1, 2, 3].map(async () => fetch(new URL('/board/events', adminUrl))));
  expect(boards.map(({ status }) => status)).toEqual([200, 200, 200]);
  const texts = boards.map(async (board) => board.text());
  world.abort.abort();
  await ended;
  for (const text of await Promise.all(texts)) expect(text).toContain('retry: 2000');
  await expect(fetch(new URL('/health', adminUrl))).rejects.toThrow('fetch failed');
});

test('a server without credentials receives events, does not catch up, warns, and shows it', async () => {
  const missing = new Failure('credentials-missing', 'There is no token.', { hint: 'Set one.' });
  const { url, adminUrl, messages } = await start({ authorize: async () => Promise.reject(missing) });
  expect(await deliver(url, signed())).toBe(200);
  expect(await bodyOf(adminUrl, '/ready')).toMatchObject([
    200,
    { credentials: 'missing', jobs: { 'catch-up': 'off', settle: 'off', notices: 'off', prune: 'off' } },
  ]);
  const families = await scrape(adminUrl);
  expect(families.get('kioskctl_credentials_available')?.metrics).toEqual([{ value: '0' }]);
  expect(families.get('kioskctl_job_enabled')?.metrics).toEqual([
    { labels: { job: 'catch-up' }, value: '0' },
    { labels: { job: 'settle' }, value: '0' },
    { labels: { job: 'notices' }, value: '0' },
    { labels: { job: 'prune' }, value: '0' },
    { labels: { job: 'outbox' }, value: '1' },
  ]);
  expect(world.said).toEqual([
    'There is no token. Events are received and forwarded; nothing is read from the API.',
  ]);
  expect(messages.map(({ type }) => type)).toEqual(['ready', 'event']);
});

test('a server without a profile checks the credentials for the profile of the last event', async () => {
  const asked: number[] = [];
  const authorize = async (profileId: number) => {
    asked.push(profileId);
    return Promise.reject(new Failure('credentials-missing', 'There is no token.', { hint: 'Set one.' }));
  };
  const { url, adminUrl } = await start({ authorize, profileId: null });
  const missing = { credentials: 'missing', jobs: { 'catch-up': 'off', settle: 'off' } };
  expect(await bodyOf(adminUrl, '/ready')).toMatchObject([200, missing]);
  expect(world.said.join()).toContain('No profile is set, and the journal has no events.');
  expect(await deliver(url, signed())).toBe(200);
  const credentials = new ServerCredentials(
    world.context({ environment: 'sandbox', authorize, profileId: null }),
  );
  expect([await credentials.check(), asked]).toEqual([false, [1001]]);
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

test('a signal ends a server within 10 seconds while a job waits for the API and a delivery for its target, and nothing is lost', async () => {
  const event = productionEvent('IN_PROGRESS');
  const delivery = {
    deliveryId: 'before',
    signature: 'x',
    body: Buffer.from('before'),
    isTest: false,
    isVerified: true,
  };
  await world.journal.keepEvent({ ...delivery, receivedAt: clock.now(), event });
  const api = await Vendor.open(silence);
  const target = await Receiver.open(() => 'never');
  const { url, messages } = await start({ wise: api.client() }, { forwardTo: new URL(target.url) });
  await until(async () => api.asked.length > 0);
  expect(await deliver(url, signed())).toBe(200);
  await target.got(1);
  const began = performance.now();
  world.abort.abort();
  await ended;
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(messages.at(-1)).toMatchObject({ type: 'end', kept: 1 });
  expect(await world.journal.countWaiting()).toMatchObject([{ waiting: 1 }]);
});

async function scrape(adminUrl: string): Promise<Map<string, Family>> {
  const response = await fetch(new URL('/metrics', adminUrl));
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const families: Family[] = parsePrometheus(await response.text());
  return new Map(families.map((family) => [family.name, family]));
}

test('the metrics of a server are valid, and count webhooks, cards and requests without names of cards', async () => {
  const card = await world.readyCard();
  const failing = {
    data: { resource: { type: 'card', profile_id: '1001', client_id: 'x', card_token: card.cardToken } },
  };
  const target = await Receiver.open();
  const forwardTo = new URL(target.url);
  const { url, adminUrl, message } = await start({ environment: 'local', name: 'local' }, { forwardTo });
  await message('catch-up');
  const more = {
    error_code: 'PRD_HOPPER_DOOR',
    resource: failing.data.resource,
    occurred_at: '2026-03-01T12:59:00Z',
  };
  const body = Buffer.from(productionBody('PRODUCTION_ERROR', more));
  const event = { body, signature: SIGNER.sign(body), deliveryId: 'one' };
  expect([await deliver(url, event), await deliver(url, event)]).toEqual([200, 200]);
  expect(await deliver(url, { ...event, signature: 'AAAA' })).toBe(503);
  expect((await fetch(new URL('/health', url))).status).toBe(200);
  await world.journal.projectEvents();
  await target.got(1);
  await until(async () => (await world.journal.countWaiting()).length === 0);
  const families = await scrape(adminUrl);
  const valuesOf = (name: string) =>
    families.get(`kioskctl_${name}`)?.metrics.map(({ labels, value }) => [labels ?? {}, Number(value)]);
  expect(valuesOf('build_info')).toEqual([[{ version: '1.0.0', node: 'v24' }, 1]]);
  expect(valuesOf('webhooks_total')).toEqual([
    [{ result: 'stored', reason: '' }, 1],
    [{ result: 'duplicate', reason: '' }, 1],
    [{ result: 'refused', reason: 'wrong signature' }, 1],
  ]);
  expect(valuesOf('events_stored_total')).toEqual([[{}, 1]]);
  expect(valuesOf('events_duplicate_total')).toEqual([[{}, 1]]);
  expect(valuesOf('failed_cards')).toEqual([[{ kiosk: 'WIS00001', code: 'PRD_HOPPER_DOOR' }, 1]]);
  expect(valuesOf('cards')).toEqual([[{ kiosk: 'WIS00001', stage: 'failed' }, 1]]);
  expect(valuesOf('cards_days_left')).toEqual([[{ days: '8+' }, 1]]);
  expect(valuesOf('unknown_attempts')).toEqual([[{}, 0]]);
  expect(valuesOf('last_event_timestamp_seconds')).toEqual([[{}, clock.now() / 1_000]]);
  expect(families.get('kioskctl_webhook_answer_seconds')).toMatchObject({
    type: 'HISTOGRAM',
    metrics: [{ count: '3', buckets: { '+Inf': '3' } }],
  });
  expect(families.get('kioskctl_journal_write_seconds')?.metrics[0]?.count).toBe('2');
  expect(families.get('kioskctl_api_requests_total')?.metrics[0]?.labels).toEqual({ answer: '200' });
  const of = { target: nameOfTarget(forwardTo), kind: 'event' };
  expect(valuesOf('outbox_deliveries_total')).toEqual([[{ ...of, result: 'delivered' }, 1]]);
  for (const name of ['outbox_waiting', 'outbox_oldest_seconds']) expect(valuesOf(name)).toEqual([[of, 0]]);
  // A metric without samples is left out. The world has no rate limits.
  const names = Object.keys(METRICS).filter(
    (name) => !['stuck_cards', 'outbox_given_up_total', 'rate_limit_use_ratio'].includes(name),
  );
  expect([...families.keys()].toSorted()).toEqual(names.map((name) => `kioskctl_${name}`).toSorted());
  const labels = [...families.values()].flatMap(({ metrics }) =>
    metrics.flatMap((one) => Object.entries(one.labels ?? {})),
  );
  expect(new Set(labels.map(([name]) => name))).toEqual(
    new Set('version node job result reason answer target kind kiosk stage code days'.split(' ')),
  );
  const secrets = new Set([card.cardToken, String(card.orderId), '1001']);
  expect(labels.filter(([, value]) => secrets.has(value))).toEqual([]);
});

test('what a server gave up, what waits, and the use of the rate limits are metrics and on the admin port', async () => {
  const target = await Receiver.open(() => 404);
  const forwardTo = new URL(target.url);
  const windows = [{ limit: { within: 60_000 }, use: 0.25 }];
  const wise = Object.defineProperty(world.client(), 'limiter', { value: { windows } });
  const { url, adminUrl, messages, message } = await start({ wise }, { forwardTo });
  await message('catch-up');
  expect(await deliver(url, signed())).toBe(200);
  const [name, kind] = [nameOfTarget(forwardTo), 'event' as const];
  const tries = async () => (await world.journal.listWaiting({ name, kind }, 1))[0]?.tries;
  await until(async () => (await tries()) === 1);
  const at = clock.now();
  clock.time += 500;
  const waits = { target: name, kind, waiting: 1 };
  const outbox = [{ ...waits, oldestAt: new Date(at).toISOString() }];
  expect(await bodyOf(adminUrl, '/ready')).toMatchObject([200, { outbox }]);
  const families = await scrape(adminUrl);
  const valueOf = (metric: string) => families.get(`kioskctl_${metric}`)?.metrics;
  const labels = { target: name, kind };
  expect(valueOf('outbox_waiting')).toEqual([{ labels, value: '1' }]);
  expect(valueOf('outbox_oldest_seconds')).toEqual([{ labels, value: '0.5' }]);
  expect(valueOf('rate_limit_use_ratio')).toEqual([{ labels: { within: '60s' }, value: '0.25' }]);
  for (const count of [2, 3]) {
    clock.time += 10_000;
    await world.journal.rememberClockOffset(count);
    await target.got(count);
    await until(async () => (await tries()) !== count - 1);
  }
  const given = (await scrape(adminUrl)).get('kioskctl_outbox_given_up_total')?.metrics;
  expect(given).toEqual([{ labels: { ...labels, reason: 'refused' }, value: '1' }]);
  world.abort.abort();
  await ended;
  const reason = `${name} answered 404`;
  expect(messages.filter(({ type }) => type === 'not-forwarded')).toEqual([
    { type: 'not-forwarded', reason, count: 1, ids: [1] },
  ]);
  expect(messages.at(-1)).toMatchObject({ type: 'end', notForwarded: 1 });
});

test('a card that is in progress for over 30 minutes is stuck, and the journal is read at most every 10 seconds', async () => {
  const { url, adminUrl } = await start();
  const send = async (status: string, minutes: number) => {
    const occurredAt = new Date(clock.now() - minutes * 60_000).toISOString();
    const body = Buffer.from(productionBody(status, { occurred_at: occurredAt, kiosk_id: 'WIS00002' }));
    return deliver(url, { body, signature: SIGNER.sign(body), deliveryId: status });
  };
  const stuck = async () => (await scrape(adminUrl)).get('kioskctl_stuck_cards')?.metrics;
  expect(await send('IN_PROGRESS', 31)).toBe(200);
  expect(await stuck()).toEqual([{ labels: { kiosk: 'WIS00002' }, value: '1' }]);
  expect(await send('PRODUCED', 1)).toBe(200);
  expect(await stuck()).toHaveLength(1);
  clock.time += 10_000;
  expect(await stuck()).toBeUndefined();
});

test('metrics are answered while the journal cannot be read', async () => {
  const journal = new Proxy(world.journal, {
    get: (target, name) =>
      name === 'listCardStates'
        ? async () => Promise.reject(new Failure('journal-unusable', 'The disk is gone.', { hint: '' }))
        : (Reflect.get(target, name, target) as unknown),
  });
  const families = await scrape((await start({ journal })).adminUrl);
  expect(families.get('kioskctl_journal_readable')?.metrics).toEqual([{ value: '0' }]);
  expect(families.has('kioskctl_cards')).toBe(false);
  expect(families.get('kioskctl_ready')?.metrics).toEqual([{ value: '1' }]);
});

test('docs/serve.md describes every metric with its type and labels', () => {
  const page = readFileSync(new URL('../../docs/serve.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `kioskctl_(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => [name, type]);
  expect(rows).toEqual(Object.entries(METRICS).map(([name, [type]]) => [name, type]));
});

const ROOT = new URL('../../', import.meta.url);
const PAGES = ['docs/', 'examples/deploy/'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT)).map((name) => `${folder}${name}`),
);

/** Other names that begin with kioskctl_: schemas and roles of PostgreSQL. */
const OTHER_NAMES = new Set(['jobs', 'operator', 'owner', 'sandbox']);

test('documentation and examples name only metrics that exist, and the dashboard shows the outbox', () => {
  const used = PAGES.filter((name) => /\.(?:md|yaml|json)$/.test(name)).flatMap((name) =>
    [
      ...readFileSync(new URL(name, ROOT), 'utf8').matchAll(/\bkioskctl_(\w+?)(?:_bucket|_sum|_count)?\b/g),
    ].map(([, metric = '']) => [name, metric] as const),
  );
  const unknown = used.filter(([, metric]) => !Object.hasOwn(METRICS, metric) && !OTHER_NAMES.has(metric));
  expect(unknown).toEqual([]);
  const shown = used.flatMap(([name, metric]) => (name.endsWith('grafana.json') ? [metric] : []));
  expect(shown).toEqual(
    expect.arrayContaining(['outbox_waiting', 'outbox_deliveries_total', 'outbox_given_up_total']),
  );
  const alerts = used.flatMap(([name, metric]) => (name.endsWith('alerts.yaml') ? [metric] : []));
  expect(alerts).toEqual(expect.arrayContaining(['ready', 'outbox_oldest_seconds', 'outbox_given_up_total']));
});
