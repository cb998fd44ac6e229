// The deliveries of a server from the outbox of a journal file, to real targets.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEventChoice } from '../../src/events/event-flags.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { Outbox } from '../../src/serve/outbox.ts';
import { LONGEST_WAIT_MS, nameOfTarget, UNSERVED_MS } from '../../src/serve/outbox-rules.ts';
import { decodeEvent } from '../../src/webhooks/decode-event.ts';
import { SimulatedClock, until } from '../harness/clock.ts';
import { productionBody } from '../harness/events.ts';
import { type Answer, Vendor } from '../harness/server.ts';
import { World } from '../harness/world.ts';

let world: World;
let clock: SimulatedClock;
const ends: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await World.open();
  clock = SimulatedClock.manual();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await world.close();
});

/** A target that records deliveries. @param answers HTTP statuses of the first responses; then 200 */
async function openTarget(answers: readonly number[] | Answer = []) {
  const answer: Answer =
    typeof answers === 'function'
      ? answers
      : (response, turn) => void response.writeHead(answers[turn] ?? 200).end();
  const { asked, url } = await Vendor.open(answer);
  return { asked, url: new URL('/hooks?key=s3cret', url) };
}

interface Started {
  outbox: Outbox;
  notForwarded: [reason: string, id: number][];
  end: () => Promise<void>;
}

/** Starts the deliveries of a server. */
async function start(
  forwardTo: URL | null,
  { journal = world.journal, filters = [] as string[], notices = [] as [string, URL][] } = {},
): Promise<Started> {
  const over = new AbortController();
  const notForwarded: Started['notForwarded'] = [];
  const outbox = new Outbox(world.context({ clock, journal, signal: over.signal }), {
    forwardTo,
    choice: parseEventChoice(filters),
    onNotForwarded: (...notice) => void notForwarded.push(notice),
  });
  for (const [name, url] of notices) outbox.addNotices(name, url);
  await outbox.register();
  const running = outbox.run();
  const end = async () => {
    over.abort();
    await running;
  };
  ends.push(end);
  return { outbox, notForwarded, end };
}

/** Stores events like a listener. @returns their ids and bodies */
async function receive(count: number, journal: Journal = world.journal, status = 'READY') {
  const bodies = Array.from({ length: count }, () => {
    const card_token = randomUUID();
    return productionBody(status, { resource: { type: 'card', profile_id: '1001', card_token } });
  });
  const kept = await Promise.all(
    bodies.map(async (text) => {
      const body = Buffer.from(text);
      const delivery = { deliveryId: randomUUID(), signature: 'signed', body, event: decodeEvent(body) };
      return journal.keepEvent({ ...delivery, isTest: false, isVerified: true, receivedAt: clock.now() });
    }),
  );
  return { ids: kept.map((event) => event?.id ?? 0), bodies };
}

/** Lets time pass, and the watchers of the journal check it. */
async function pass(milliseconds: number): Promise<void> {
  clock.time += milliseconds;
  await world.journal.rememberClockOffset(clock.now() % 1_000);
}

/** Resolves when the first row of a target has failed a number of times. */
async function untilTried({ outbox }: Started, times: number): Promise<void> {
  const [target] = outbox.targets;
  if (!target) throw new Error('there is no target');
  await until(async () => (await world.journal.listWaiting(target, 1))[0]?.tries === times);
}

const isEmpty = async ({ outbox }: Started) => (await outbox.count()).every(({ waiting }) => waiting === 0);

test('events are delivered with their bytes and headers, in the sequence of arrival', async () => {
  const target = await openTarget();
  const started = await start(target.url);
  const { bodies } = await receive(60);
  await until(async () => isEmpty(started));
  expect(target.asked.map(({ body }) => body)).toEqual(bodies);
  expect(target.asked[0]).toMatchObject({
    path: '/hooks?key=s3cret',
    headers: {
      'content-type': 'application/json',
      'x-signature-sha256': 'signed',
      'x-delivery-id': expect.any(String),
    },
  });
  expect(started.outbox.deliveries.samples).toEqual([
    { labels: { target: nameOfTarget(target.url), kind: 'event', result: 'delivered' }, value: 60 },
  ]);
});

test('a target is reached through the agent of the context, which uses the proxy of the environment', async () => {
  const target = await openTarget();
  const asked: string[] = [];
  const unknown = new URL('http://only-the-proxy-knows.test/hooks');
  const agent = Object.assign(new Agent(), {
    createConnection: () => connect(Number(target.url.port), target.url.hostname),
  });
  const openAgent = async ({ host }: URL) => {
    asked.push(host);
    return agent;
  };
  const ctx = world.context({ clock });
  const outbox = new Outbox(
    { ...ctx, webhooks: { ...ctx.webhooks, openAgent } },
    { forwardTo: unknown, choice: parseEventChoice([]), onNotForwarded: () => undefined },
  );
  await outbox.connect();
  await outbox.register();
  const running = outbox.run();
  await receive(1);
  await until(async () => target.asked.length === 1);
  world.abort.abort();
  await running;
  expect([asked, target.asked[0]?.headers.host]).toEqual([[unknown.host], unknown.host]);
});

test('an event that fails is repeated after pauses, and later events wait for it', async () => {
  const target = await openTarget([200, 503, 429]);
  const started = await start(target.url);
  const { bodies } = await receive(3);
  await untilTried(started, 1);
  expect(await started.outbox.count()).toMatchObject([{ waiting: 2, oldestAt: clock.now() }]);
  await pass(1_000);
  await untilTried(started, 2);
  await pass(1_999);
  expect(target.asked).toHaveLength(3);
  await pass(1);
  await until(async () => isEmpty(started));
  const [first, second, third] = bodies;
  expect(target.asked.map(({ body }) => body)).toEqual([first, second, second, second, third]);
  expect(started.outbox.deliveries.samples.map(({ labels, value }) => [labels?.result, value])).toEqual([
    ['delivered', 3],
    ['unavailable', 2],
  ]);
});

test('a target that is away is reported once, and what waits is delivered after a restart', async () => {
  const target = await openTarget(Array<number>(7).fill(502));
  const first = await start(target.url);
  const { bodies } = await receive(2);
  for (let tries = 1; tries <= 7; tries += 1) {
    await untilTried(first, tries);
    if (tries < 7) await pass(60_000);
  }
  const name = nameOfTarget(target.url);
  expect(world.said).toEqual([`The delivery to ${name} fails: answered 502. It is tried again.`]);
  await first.end();
  const again = world.openJournal();
  ends.push(() => again.close());
  clock.time += 60_000;
  const second = await start(target.url, { journal: again });
  await until(async () => isEmpty(second));
  expect(target.asked.slice(7).map(({ body }) => body)).toEqual(bodies);
});

test.each([404, 302])(
  'an event that is answered %i three times is given up, and the next one follows',
  async (status) => {
    const target = await openTarget([status, status, status]);
    const started = await start(target.url);
    const { ids, bodies } = await receive(2);
    for (const count of [1, 2]) {
      await untilTried(started, count);
      await pass(2_000);
    }
    await until(async () => isEmpty(started));
    expect(target.asked.map(({ body }) => body)).toEqual([bodies[0], bodies[0], bodies[0], bodies[1]]);
    const name = nameOfTarget(target.url);
    expect(started.notForwarded).toEqual([[`${name} answered ${status}`, ids[0]]]);
    expect(started.outbox.givenUp.samples).toEqual([
      { labels: { target: name, kind: 'event', reason: 'refused' }, value: 1 },
    ]);
  },
);

test('events that the filter does not choose, and deleted ones, are not delivered', async () => {
  const target = await openTarget();
  const registered = await start(target.url, { filters: ['status=PRODUCED'] });
  await registered.end();
  await receive(2);
  await world.journal.pruneEvents(clock.now() + 1);
  await receive(2);
  const { bodies } = await receive(1, world.journal, 'PRODUCED');
  const started = await start(target.url, { filters: ['status=PRODUCED'] });
  await until(async () => isEmpty(started));
  expect(target.asked.map(({ body }) => body)).toEqual(bodies);
});

test('of two servers with one target, one delivers, and the other one continues when it ends', async () => {
  const target = await openTarget();
  const first = await start(target.url);
  await receive(1);
  await until(() => target.asked.length === 1);
  const other = world.openJournal();
  ends.push(() => other.close());
  const second = await start(target.url, { journal: other });
  await receive(20, other);
  await until(async () => isEmpty(first));
  expect(target.asked).toHaveLength(21);
  expect(second.outbox.deliveries.samples).toEqual([]);
  await first.end();
  await receive(1, other);
  await pass(5_000);
  await until(() => target.asked.length === 22);
});

test('a server delivers what waits for a target whose server was killed', async () => {
  const target = await openTarget();
  const name = nameOfTarget(target.url);
  // No process has this number.
  const killed = world.openJournal('local', { pid: 2 ** 22 + 1 });
  ends.push(() => killed.close());
  expect(await killed.takeLeases([`outbox event ${name}`], 'deliver')).toEqual([]);
  await killed.serveForwarding(name, clock.now());
  await receive(1, killed);
  await start(target.url);
  await until(() => target.asked.length === 1);
});

test('a target that does not answer delays neither the storing of 1,000 events nor another target', async () => {
  const held: ServerResponse[] = [];
  const silent = await openTarget((response) => void held.push(response));
  const team = await openTarget();
  const started = await start(silent.url, { notices: [['team', team.url]] });
  const { ids } = await receive(1_000);
  expect(new Set(ids).size).toBe(1_000);
  await world.journal.queueNotice({ target: 'team', notice: '{"text":"hopper"}', at: clock.now() });
  await until(
    async () =>
      (await started.outbox.count()).length === 2 && (await started.outbox.count())[1]?.waiting === 0,
  );
  expect(team.asked[0]).toMatchObject({
    headers: { 'content-type': 'application/json' },
    body: '{"text":"hopper"}',
  });
  expect(silent.asked).toHaveLength(1);
  expect(await started.outbox.count()).toMatchObject([{ waiting: 1_000 }, { waiting: 0 }]);
  const ended = started.end();
  for (const response of held) response.end();
  await ended;
});

test('a target that never ends its responses, or sends huge ones, gets every event once', async () => {
  const responses: ServerResponse[] = [];
  const target = await openTarget((response) => {
    responses.push(response);
    response.writeHead(200);
    if (responses.length > 1) return void response.write('.');
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  const started = await start(target.url);
  const { bodies } = await receive(4);
  await until(async () => isEmpty(started));
  expect(target.asked.map(({ body }) => body)).toEqual(bodies);
  const [huge] = responses;
  if (huge && !huge.destroyed) await once(huge, 'close');
});

test('events over 14 days old, and the oldest of over 100,000, are given up with the command that repeats them', async () => {
  const url = new URL('http://127.0.0.1:1/hooks');
  const name = nameOfTarget(url);
  const earlier = world.openJournal();
  await earlier.serveForwarding(name, clock.now());
  const { ids } = await receive(2, earlier);
  await earlier.close();
  const since = new Date(clock.now()).toISOString();
  clock.time += 1_000;
  const db = new DatabaseSync(join(world.folder, 'journal.db'));
  db.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
    INSERT INTO outbox (environment, kind, target, event_id, due_at, stored_at)
    SELECT 'local', 'event', '${name}', ${ids[1]}, ${clock.now()}, ${clock.now()} FROM numbers`);
  db.close();
  const { outbox, end } = await start(url);
  await end();
  await outbox.giveUp();
  expect(await outbox.count()).toMatchObject([{ waiting: 100_000 }]);
  await outbox.giveUp();
  clock.time += LONGEST_WAIT_MS + 1;
  await outbox.giveUp();
  expect(await outbox.count()).toMatchObject([{ waiting: 0 }]);
  expect(outbox.givenUp.samples.map(({ labels, value }) => [labels?.reason, value])).toEqual([
    ['number', 2],
    ['age', 100_000],
  ]);
  const until = since.replace(/000Z$/, '001Z');
  expect(world.said[0]).toBe(
    `2 events for ${name} given up: over 100,000 newer ones wait. Send them again: kioskctl events replay $(kioskctl events list --since ${since} --until ${until} --limit 2 -q) --to <URL>`,
  );
  expect(world.said[1]).toContain('100000 events');
  expect(world.said).toHaveLength(2);
});

test('an event that waits for over 14 days in a restored journal is not sent', async () => {
  const target = await openTarget();
  await world.journal.serveForwarding(nameOfTarget(target.url), clock.now());
  await receive(1);
  clock.time += LONGEST_WAIT_MS + 1;
  const started = await start(target.url);
  const { bodies } = await receive(1);
  await until(async () => isEmpty(started));
  expect(target.asked.map(({ body }) => body)).toEqual(bodies);
  expect(world.said).toEqual([expect.stringContaining('they waited for 14 days')]);
});

test('the journal and the messages do not have the path of a target', async () => {
  const target = await openTarget([500, 404, 404, 404]);
  const started = await start(target.url, { notices: [['team', target.url]] });
  await receive(1);
  await world.journal.queueNotice({ target: 'team', notice: '{}', at: clock.now() });
  while (!(await isEmpty(started))) await pass(60_000);
  for (const file of ['journal.db', 'journal.db-wal'])
    expect(readFileSync(join(world.folder, file)).includes('s3cret')).toBe(false);
  expect(JSON.stringify([world.said, started.notForwarded])).not.toContain('s3cret');
});

test('after a change of the URL, nothing more is queued for the old target after a day, which is reported', async () => {
  const [old, present] = [await openTarget([503]), await openTarget()];
  const before = await start(old.url);
  await receive(1);
  await untilTried(before, 1);
  await before.end();
  const after = await start(present.url);
  clock.time += UNSERVED_MS - 1;
  await after.outbox.retire();
  await receive(1);
  expect(await after.outbox.count()).toContainEqual(
    expect.objectContaining({ name: nameOfTarget(old.url), waiting: 2 }),
  );
  expect(world.said).toEqual([]);
  clock.time += 2;
  for (let times = 0; times < 2; times += 1) await after.outbox.retire();
  await receive(1);
  await until(async () => present.asked.length === 2);
  expect(await after.outbox.count()).toContainEqual(
    expect.objectContaining({ name: nameOfTarget(old.url), waiting: 2 }),
  );
  expect(world.said).toEqual([
    `No server has forwarded events to ${nameOfTarget(old.url)} for a day: no more are queued for it. What waits is given up after 14 days.`,
  ]);
  expect(after.outbox.retired.samples).toEqual([{ labels: {}, value: 1 }]);
});
