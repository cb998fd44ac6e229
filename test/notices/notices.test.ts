// Notices from the journal of a server: what is queued for the targets, and when.
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { type KeptEvent } from '../../src/domain/event.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { NotifyTarget } from '../../src/notices/check-notify-file.ts';
import { NOTICE_KINDS } from '../../src/notices/decide-notices.ts';
import { Notices, type NoticesOptions } from '../../src/notices/notices.ts';
import { STUCK_MS } from '../../src/notices/problem.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { productionEvent, TOKEN } from '../harness/records.ts';
import { World } from '../harness/world.ts';

const ON_CALL: NotifyTarget = {
  name: 'on-call',
  format: 'json',
  url: new URL('https://hooks.example.com/s3cr3t-hook'),
  kinds: NOTICE_KINDS,
};
const GATHER = 30_000;

let world: World;
const opened: Journal[] = [];
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  world.abort.abort();
  for (const journal of opened.splice(0)) await journal.close();
  await world.close();
});

function notices(context: Partial<Context> = {}, options: Partial<NoticesOptions> = {}): Notices {
  const clock = SimulatedClock.manual();
  const { calendar } = world.clock;
  const ctx = world.context({
    clock,
    environment: 'production',
    calendar,
    journal: production(),
    ...context,
  });
  return new Notices(ctx, { targets: [ON_CALL], stuckAfter: STUCK_MS, gather: GATHER, ...options });
}

/** The journal of production, opened once more, as by another server. */
function production(): Journal {
  const journal = world.openJournal('production');
  opened.push(journal);
  return journal;
}

let journal: Journal;
beforeEach(() => {
  journal = production();
});

let received = 0;

/** Stores an event about a card at the time of the clock. */
async function receive(status: string, card: number, more: Partial<KeptEvent> = {}): Promise<void> {
  received += 1;
  const cardToken = parseCardToken(`${String(card).padStart(8, '0')}${TOKEN.slice(8)}`);
  const occurredAt = new Date(world.clock.now()).toISOString();
  const event = productionEvent(status, { cardToken, occurredAt, ...more });
  const delivery = { deliveryId: `${received}`, signature: 'x', body: Buffer.from(`${received}`) };
  await journal.keepEvent({
    ...delivery,
    isTest: false,
    isVerified: true,
    receivedAt: world.clock.now(),
    event,
  });
}

/** The messages that wait for a target. */
async function waiting(name = ON_CALL.name) {
  const rows = await journal.listWaiting({ kind: 'notice', name }, 100);
  return rows.map(({ notice }) => JSON.parse(notice ?? ''));
}

const titles = async (name?: string) => (await waiting(name)).map(({ title }) => title);

/** Decides, and again when equal problems were gathered. */
async function decideTwice(server: Notices): Promise<void> {
  await server.run();
  world.clock.time += GATHER;
  await server.run();
}

const FAILED = '12 cards failed at WIS00001: PRD_HOPPER_DOOR';
const RECOVERED = 'No failed cards with PRD_HOPPER_DOOR at WIS00001 any more';

test('twelve hopper failures at a kiosk make one notice, and one recovery when no card is failed any more', async () => {
  const server = notices();
  await receive('PRODUCTION_ERROR', 1);
  await server.run();
  for (let card = 2; card <= 12; card += 1) await receive('PRODUCTION_ERROR', card);
  world.clock.time += GATHER - 1;
  await server.run();
  expect(await titles()).toEqual([]);
  world.clock.time += 1;
  await decideTwice(server);
  expect(await titles()).toEqual([FAILED]);
  for (let card = 1; card <= 11; card += 1) await receive('PRODUCED', card);
  await decideTwice(server);
  expect(await titles()).toEqual([FAILED]);
  await receive('PRODUCED', 12);
  await decideTwice(server);
  await decideTwice(server);
  expect(await titles()).toEqual([FAILED, RECOVERED]);
  const [failed, recovered] = await waiting();
  expect(recovered).toMatchObject({
    kind: 'recovered',
    problem: 'failed',
    key: failed.key,
    environment: 'production',
  });
  expect(recovered.id).not.toBe(failed.id);
  expect(JSON.stringify([failed, recovered])).not.toContain(TOKEN.slice(8));
});

test('a server that is restarted at any moment neither loses nor repeats a notice', async () => {
  for (let card = 1; card <= 12; card += 1) await receive('PRODUCTION_ERROR', card);
  await notices().run();
  world.clock.time += GATHER;
  await notices().run();
  await notices().run();
  expect(await titles()).toEqual([FAILED]);
  for (let card = 1; card <= 12; card += 1) await receive('PRODUCED', card);
  await notices().run();
  world.clock.time += GATHER;
  await notices().run();
  await notices().run();
  expect(await titles()).toEqual([FAILED, RECOVERED]);
});

/** Stores an event about a card at a kiosk of its own. */
async function fail(card: number, status = 'PRODUCTION_ERROR'): Promise<void> {
  await receive(status, card, { kioskId: parseKioskId(`WIS${String(card).padStart(5, '0')}`) });
}

test('many old failures are one notice at the first start, and so is their end; a later one has its own', async () => {
  const server = notices();
  for (let card = 1; card <= 30; card += 1) await fail(card);
  await decideTwice(server);
  const old = '30 cards failed at 30 kiosks: PRD_HOPPER_DOOR';
  expect(await titles()).toEqual([old]);
  await fail(31);
  await decideTwice(server);
  const late = '1 card failed at WIS00031: PRD_HOPPER_DOOR';
  expect(await titles()).toEqual([old, late]);
  for (let card = 1; card <= 30; card += 1) await fail(card, 'PRODUCED');
  await decideTwice(server);
  await decideTwice(server);
  expect(await titles()).toEqual([old, late, '30 problems are over: failed cards at 30 kiosks']);
});

test('two servers that decide at the same time queue each notice once', async () => {
  const servers = [notices(), notices()];
  const decide = async () => Promise.all(servers.map(async (server) => server.run()));
  await receive('PRODUCTION_ERROR', 1);
  await decide();
  world.clock.time += GATHER;
  await decide();
  await receive('PRODUCED', 1);
  await decide();
  world.clock.time += GATHER;
  await decide();
  expect(await titles()).toEqual(['1 card failed at WIS00001: PRD_HOPPER_DOOR', RECOVERED]);
});

test('a failure that cannot be queued is reported by the next decision', async () => {
  await receive('PRODUCTION_ERROR', 1);
  await notices().run();
  world.clock.time += GATHER;
  const broken = { ...ON_CALL, name: null as unknown as string };
  await expect(notices({}, { targets: [ON_CALL, broken] }).run()).rejects.toThrow();
  expect(await titles()).toEqual([]);
  await notices().run();
  expect(await titles()).toEqual(['1 card failed at WIS00001: PRD_HOPPER_DOOR']);
});

test('a failure that is over before equal ones were gathered makes no notice', async () => {
  const server = notices();
  await receive('PRODUCTION_ERROR', 1);
  await server.run();
  world.clock.time += 1_000;
  await receive('PRODUCED', 1);
  await decideTwice(server);
  expect(await titles()).toEqual([]);
});

test('each target receives its kinds in its format', async () => {
  const board: NotifyTarget = { ...ON_CALL, name: 'board', format: 'slack', kinds: ['failed'] };
  const server = notices({}, { targets: [ON_CALL, board] });
  await receive('PRODUCTION_ERROR', 1);
  await decideTwice(server);
  await receive('PRODUCED', 1);
  await decideTwice(server);
  expect(await titles()).toHaveLength(2);
  expect(await waiting('board')).toMatchObject([
    { text: '🚨 [PRODUCTION] 1 card failed at WIS00001: PRD_HOPPER_DOOR', blocks: [{}, {}, {}] },
  ]);
});

test('a stuck card, a long hold and a gap without a listener make notices', async () => {
  const stopped = await journal.startListener('http://127.0.0.1/', world.clock.now());
  world.clock.time += 1_000;
  await journal.endListener(stopped, world.clock.now());
  await receive('IN_PROGRESS', 1);
  await journal.holdKiosk({
    kioskId: parseKioskId('WIS00002'),
    reason: 'Ada Lovelace, +44 7700 900123',
    context: 'branch',
    at: world.clock.now(),
  });
  world.clock.time += 24 * 3_600_000 + 1;
  const listener = await journal.startListener('http://127.0.0.1/', world.clock.now());
  for (const wait of [1, GATHER]) {
    world.clock.time += wait;
    await journal.heartbeat(listener, world.clock.now());
    await notices().run();
  }
  expect(new Set(await titles())).toEqual(
    new Set([
      '1 card is stuck at WIS00001',
      'Kiosk WIS00002 has been on hold for over 24 hours',
      'No webhook listener ran for 1d',
    ]),
  );
  expect(JSON.stringify(await waiting())).not.toMatch(/Lovelace|7700/);
});

test('the URL of a target is not in the journal', async () => {
  await receive('PRODUCTION_ERROR', 1);
  await decideTwice(notices());
  expect(JSON.stringify([await waiting(), await journal.listNotices()])).not.toContain('s3cr3t');
});

test('events start one decision soon, and a problem starts another one when equal ones were gathered', async () => {
  const clock = new SimulatedClock();
  const server = notices({ stopwatch: clock.stopwatch });
  const starts: number[] = [];
  const started = async (count: number) => {
    while (starts.length !== count) await setImmediate();
  };
  server.onDue(() => void starts.push(clock.now()));
  server.onEvent();
  server.onEvent();
  await started(1);
  expect(clock.slept).toEqual([1_000]);
  await receive('PRODUCTION_ERROR', 1);
  await server.run();
  await started(2);
  expect(clock.slept).toEqual([1_000, GATHER]);
});
