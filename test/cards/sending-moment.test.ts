// The moment of sending: what happens between the connection and the first byte, and after it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failure } from '../../src/domain/errors/failure.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { OneCard, PUT } from '../harness/cards.ts';
import { type Connection, connecting as connectingIn } from '../harness/connecting.ts';
import { production } from '../harness/records.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

const connecting = (onConnect: Parameters<typeof connectingIn>[1]) => connectingIn(world, onConnect);

/** A journal that lets something happen right after each sending was recorded. */
function recording(onRecord: (number: number) => unknown): Journal {
  const { journal } = world;
  let number = 0;
  const markSent: Journal['markSent'] = async (...sending) => {
    const sent = await journal.markSent(...sending);
    number += 1;
    onRecord(number);
    return sent;
  };
  return { ...journal, markSent };
}

async function reads(): Promise<number> {
  return (await world.requests('GET', '/production')).length;
}

function assertCurrent(): never {
  throw failure('journal-unusable', 'The journal was replaced.', 'Nothing was sent.');
}

const NOT_SENT = { exitCode: 7, error: { message: expect.stringContaining('was not sent') } };

async function expectNothingSent(): Promise<void> {
  expect((await world.puts()).sent).toBe(0);
  expect(await world.journal.listAttempts(card.target.cardToken)).toEqual([]);
}

test('a card is read after the connection for its request was made', async () => {
  const readBefore: number[] = [];
  const wise = connecting(async () => readBefore.push(await reads()));
  expect(await card.send({ context: { wise } })).toMatchObject({ exitCode: 0 });
  expect(await reads()).toBe((readBefore[0] ?? 0) + 1);
});

test('a connection that is lost before the record is made again, and the card is read again', async () => {
  const before = await reads();
  const wise = connecting((connection, number) => number === 1 && connection.close());
  expect(await card.send({ context: { wise } })).toMatchObject({ exitCode: 0, card: { attempt: 1 } });
  expect(await reads()).toBe(before + 2);
  expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
});

test('a connection that is lost after the record is made again, and the attempt stays the first', async () => {
  const connections: Connection[] = [];
  const wise = connecting((connection) => connections.push(connection));
  const journal = recording((number) => number === 1 && connections[0]?.close());
  expect(await card.send({ context: { wise, journal } })).toMatchObject({
    exitCode: 0,
    card: { attempt: 1 },
  });
  expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
});

test('a card whose connections are all lost before the first byte is not sent, and free again', async () => {
  const wise = connecting((connection) => connection.close());
  expect(await card.send({ context: { wise } })).toMatchObject({ ...NOT_SENT, card: { stage: 'ready' } });
  await expectNothingSent();
  expect(await card.send()).toMatchObject({ exitCode: 0, card: { attempt: 1 } });
});

test('a read that is older than five seconds is made again before the sending', async () => {
  const before = await reads();
  const journal = recording((number) => (world.clock.time += number === 1 ? 5_001 : 0));
  expect(await card.send({ context: { journal } })).toMatchObject({ exitCode: 0, card: { attempt: 1 } });
  expect(await reads()).toBe(before + 2);
  expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
});

test('a process that was suspended before the first byte sends nothing, though its stopwatch stood still', async () => {
  const journal = recording(() => world.clock.stepCalendar(3_600_000));
  expect(await card.send({ context: { journal } })).toMatchObject(NOT_SENT);
  await expectNothingSent();
});

test('a suspended process sends nothing, also if the calendar was set back meanwhile', async () => {
  let asleep = 0;
  const uptime = { ...world.clock.uptime, withSleep: () => world.clock.uptime.withSleep() + asleep };
  const journal = recording(() => {
    asleep += 3_600_000;
    world.clock.stepCalendar(-3_600_000);
  });
  expect(await card.send({ context: { journal, uptime } })).toMatchObject(NOT_SENT);
  await expectNothingSent();
});

test('a journal that was replaced after the record keeps the request from leaving', async () => {
  const journal = { ...world.journal, assertCurrent };
  expect(await card.send({ context: { journal } })).toMatchObject({ exitCode: 9 });
  expect((await world.puts()).sent).toBe(0);
});

test('a process that lost its lock before the record sends nothing, and says so', async () => {
  const other = world.openJournal();
  const wise = connecting(async () => {
    await world.journal.releaseLeases([`card ${card.target.cardToken}`]);
    await other.takeLeases([`card ${card.target.cardToken}`], 'produce');
  });
  expect(await card.send({ context: { wise } })).toMatchObject({
    exitCode: 9,
    error: {
      code: 'leased',
      message: expect.stringContaining('lost its lock'),
      hint: expect.stringContaining('Nothing was sent'),
    },
  });
  await expectNothingSent();
  await other.close();
});

test('a process that has recorded a sending has its lock for longer than it may be suspended', async () => {
  const other = world.openJournal();
  const wise = connecting(() => (world.clock.time += 9_900));
  const owners: unknown[] = [];
  const { journal } = world;
  const markSent: Journal['markSent'] = async (...sending) => {
    const sent = await journal.markSent(...sending);
    world.clock.time += 4_900;
    owners.push(...(await other.takeLeases([`card ${card.target.cardToken}`], 'cancel')));
    return sent;
  };
  await card.send({ context: { wise, journal: { ...journal, markSent } } });
  expect(owners).toMatchObject([{ action: 'send' }]);
  await other.close();
});

test('a card that failed and was cancelled while its sender was suspended ends with 6, not with 0', async () => {
  const { profileId, orderId, cardToken } = card.target;
  const { journal } = world;
  world.fault({ ...PUT, reset: 'after' });
  let isSuspended = true;
  const update: typeof journal.update = async (attempt, news) => {
    if (isSuspended) {
      isSuspended = false;
      await call('POST', `/v1/simulation/spend/profiles/${profileId}/cards/${cardToken}/production`, {
        status: 'PRODUCTION_ERROR',
        errorCode: 'CB_TIME',
      });
      const [sent] = await journal.listAttempts(attempt.cardToken);
      const failure = production('PRODUCTION_ERROR', { errorCode: 'CB_TIME' });
      await journal.update(sent!, { outcome: 'failed', production: failure, at: world.clock.now() });
      const order = `/v3/spend/profiles/${profileId}/card-orders/${orderId}`;
      await call('PUT', `${order}/status`, { status: 'CANCELLED' });
      world.clock.time += 60_000;
    }
    return journal.update(attempt, news);
  };
  expect(await card.send({ wait: true, context: { journal: { ...journal, update } } })).toMatchObject({
    exitCode: 6,
    error: { code: 'order-cancelled' },
  });
});

/** Makes a request of another system. */
async function call(method: string, path: string, body: unknown): Promise<void> {
  const headers = { authorization: 'Bearer other', 'content-type': 'application/json' };
  const { ok } = await fetch(`${world.url}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!ok) throw new Error(`${method} ${path} was refused`);
}

test('an error after the first byte is a lost answer, and the card is found in progress', async () => {
  const wise = connecting((connection) => {
    const go = connection.go.bind(connection);
    connection.go = async (body) => {
      await go(body);
      throw new RangeError('Maximum call stack size exceeded');
    };
  });
  expect(await card.send({ context: { wise } })).toMatchObject({
    exitCode: 0,
    changed: true,
    card: { stage: 'in-progress' },
  });
  expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
});

test('a second signal cuts a request in flight, and the attempt is left to be reconciled', async () => {
  world.fault({ ...PUT, delayMs: 20_000 });
  const wise = connecting((connection) => {
    const go = connection.go.bind(connection);
    connection.go = async (body) => {
      const answer = go(body);
      setImmediate(() => world.cut.abort());
      return answer;
    };
  });
  const timing = { ...world.context().timing, timeout: 1_000 };
  expect(await card.send({ context: { wise, timing } })).toMatchObject({
    exitCode: 8,
    error: { code: 'outcome-unknown' },
  });
  expect(await world.journal.latestAttempt(card.target.cardToken)).toMatchObject({ outcome: 'unknown' });
});
