// The moment at which a cancellation is sent: as for a card, what another process does meanwhile counts.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancel } from '../../src/cards/cancel.ts';
import type { Context } from '../../src/context/context.ts';
import { failure } from '../../src/domain/errors/failure.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { OneCard } from '../harness/cards.ts';
import { connecting } from '../harness/connecting.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

async function cancelCard(context: Partial<Context> = {}) {
  world.answers.push(true, true);
  const [result] = await cancel(world.context(context), [{ ...card.target }]);
  return result;
}

async function cancellations(): Promise<number> {
  return (await world.requests('PUT', '/status')).length;
}

async function reads(): Promise<number> {
  return (await world.requests('GET', '/production')).length;
}

/** A journal that lets something happen right after each renewal of the locks, the last thing before a cancellation. */
function renewing(onRenewal: (number: number) => unknown): { journal: Journal } {
  const { journal } = world;
  let number = 0;
  const renewLeases: Journal['renewLeases'] = async (subjects) => {
    await journal.renewLeases(subjects);
    number += 1;
    await onRenewal(number);
  };
  return { journal: { ...journal, renewLeases } };
}

test('an order is read after the connection for its cancellation was made, and is cancelled once', async () => {
  const readBefore: number[] = [];
  const wise = connecting(world, async () => readBefore.push(await reads()));
  expect(await cancelCard({ wise })).toMatchObject({ exitCode: 0, card: { orderStatus: 'CANCELLED' } });
  expect(readBefore).toHaveLength(1);
  expect(await reads()).toBeGreaterThan(readBefore[0] ?? 0);
  expect(await cancellations()).toBe(1);
});

test('a process that lost its lock while it was suspended cancels nothing, and says so', async () => {
  const other = world.openJournal();
  const subject = `card ${card.target.cardToken}`;
  const wise = connecting(world, async () => {
    world.clock.time += 11_000;
    expect(await other.takeLeases([subject], 'send')).toEqual([]);
  });
  expect(await cancelCard({ wise })).toMatchObject({
    exitCode: 9,
    error: { code: 'leased', message: `This process was suspended and lost its lock on ${subject}.` },
  });
  expect(await cancellations()).toBe(0);
  await other.close();
});

test('a process that is about to cancel has its lock for longer than it may be suspended', async () => {
  const other = world.openJournal();
  const subject = `card ${card.target.cardToken}`;
  const wise = connecting(world, () => (world.clock.time += 9_900));
  const owners: unknown[] = [];
  const context = renewing(async () => {
    world.clock.time += 4_900;
    owners.push(...(await other.takeLeases([subject], 'send')));
  });
  expect(await cancelCard({ wise, ...context })).toMatchObject({ exitCode: 0 });
  expect(owners).toMatchObject([{ action: 'cancel' }]);
  expect(await cancellations()).toBe(1);
  await other.close();
});

test('a read that is older than five seconds is made again before a cancellation', async () => {
  const readBefore: number[] = [];
  const context = renewing(async (number) => {
    readBefore.push(await reads());
    world.clock.time += number === 1 ? 5_001 : 0;
  });
  expect(await cancelCard(context)).toMatchObject({ exitCode: 0 });
  const [first = 0] = readBefore;
  expect(readBefore).toEqual([first, first + 1]);
  expect(await cancellations()).toBe(1);
});

test('a process that was suspended right before a cancellation sends nothing', async () => {
  const context = renewing(() => (world.clock.time += 3_600_000));
  expect(await cancelCard(context)).toMatchObject({
    exitCode: 7,
    error: { message: expect.stringMatching(/^The cancellation of order \d+ was not sent: .* suspended/) },
  });
  expect(await cancellations()).toBe(0);
});

function assertCurrent(): never {
  throw failure('journal-replaced', 'The journal was replaced.', 'Nothing was sent.');
}

test('a journal that was replaced keeps a cancellation from leaving', async () => {
  expect(await cancelCard({ journal: { ...world.journal, assertCurrent } })).toMatchObject({ exitCode: 9 });
  expect(await cancellations()).toBe(0);
});

test('a card that is sent to a kiosk after the approval is asked about again', async () => {
  let isSent = false;
  const wise = connecting(world, async () => {
    if (!isSent) await card.produceElsewhere('WIS00001');
    isSent = true;
  });
  expect(await cancelCard({ wise })).toMatchObject({ exitCode: 0 });
  expect(world.asked).toEqual([expect.stringContaining('(ready)'), expect.stringContaining('(in-progress)')]);
  expect(await cancellations()).toBe(1);
});

test('a second signal cuts a cancellation in flight', async () => {
  world.fault({ kind: 'answer', method: 'PUT', path: '/status', times: 1, delayMs: 20_000 });
  const wise = connecting(world, (connection) => {
    const go = connection.go.bind(connection);
    connection.go = async (body) => {
      const answer = go(body);
      setImmediate(() => world.cut.abort());
      return answer;
    };
  });
  const timing = { ...world.context().timing, timeout: 1_000 };
  expect(await cancelCard({ wise, timing })).toMatchObject({ exitCode: 8 });
});
