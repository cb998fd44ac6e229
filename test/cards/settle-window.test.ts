// The settle window of a lost request: what proves that it has passed, and what does not.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Uptime } from '../../src/context/clocks.ts';
import { status } from '../../src/status/status.ts';
import type { Client } from '../../src/wise/client.ts';
import { OneCard, PUT } from '../harness/cards.ts';
import { production } from '../harness/records.ts';
import type { Overrides, World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

const UNKNOWN = { exitCode: 8, error: { code: 'outcome-unknown' } };

/** Sends the card with a deadline after some milliseconds. */
async function sendWithin(timeout: number, context: Overrides = {}) {
  return card.send({ context: { ...context, timing: { ...world.context().timing, timeout } } });
}

/** Loses a request, and gives up a second later. */
async function lose(context: Overrides = {}): Promise<void> {
  world.fault({ ...PUT, reset: 'before' });
  expect(await sendWithin(1_000, context)).toMatchObject(UNKNOWN);
}

function elapsed(): number {
  return world.clock.uptime.now();
}

/** The clock of the machine after a restart. */
function restarted(): Uptime {
  const { uptime } = world.clock;
  const start = uptime.now();
  const now = () => uptime.now() - start;
  return { boot: 'the next boot', now, withSleep: now };
}

/** A client whose answers have no Date. */
function undated(): Client {
  return Object.defineProperty(world.client(), 'serverTime', { get: () => null });
}

test.each([600_000, -600_000])(
  'a calendar that is set by %i ms between two commands does not change the window',
  async (step) => {
    await lose();
    world.clock.stepCalendar(step);
    expect(await sendWithin(1_000)).toMatchObject(UNKNOWN);
    expect((await world.puts()).sent).toBe(1);
    expect(await card.send()).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
  },
);

test.each([120_000, -120_000])(
  'a calendar that is set by %i ms within a command does not change the window',
  async (step) => {
    world.fault({ ...PUT, reset: 'before' });
    let isSet = false;
    const onSleep = () => {
      if (!isSet) world.clock.stepCalendar(step);
      isSet = true;
    };
    const start = elapsed();
    expect(await card.send({ context: { onSleep } })).toMatchObject({
      exitCode: 7,
      error: { message: expect.stringContaining('Wise showed no sign of the request') },
    });
    expect(elapsed() - start).toBeGreaterThanOrEqual(3_000);
    expect(elapsed() - start).toBeLessThan(10_000);
  },
);

/** A client whose first answer with a production comes 10 seconds late. */
function late(meanwhile: () => Promise<void> = async () => undefined): Client {
  const client = world.client();
  const read = client.read.bind(client);
  let isFirst = true;
  const delayed: typeof client.read = async (request, options) => {
    const answer = await read(request, options);
    if (!isFirst || !request.path.endsWith('/production')) return answer;
    isFirst = false;
    world.clock.time += 10_000;
    await meanwhile();
    return answer;
  };
  return Object.assign(client, { read: delayed });
}

test('an answer to a read that was under way when another command lost its request does not shorten the window', async () => {
  const options = { targets: [{ ...card.target }], history: false, exitStatus: false };
  await status(world.context({ wise: late(lose) }), options);
  expect(await sendWithin(1_000)).toMatchObject(UNKNOWN);
  expect((await world.puts()).sent).toBe(1);
});

test('a Date that came late does not shorten the window after a restart', async () => {
  await lose({ wise: late() });
  expect(await sendWithin(1_000, { uptime: restarted() })).toMatchObject(UNKNOWN);
  expect((await world.puts()).sent).toBe(1);
});

test('the window begins when the answer is lost, however long a gateway held the request', async () => {
  world.fault({ ...PUT, reset: 'before' });
  const wise = world.client();
  const open = wise.open.bind(wise);
  let lostAt = 0;
  const held = async (...parameters: Parameters<typeof open>) => {
    const connection = await open(...parameters);
    const go = connection.go.bind(connection);
    return Object.assign(connection, {
      go: async (body: unknown) => {
        const answer = await go(body);
        world.clock.time += 31_500;
        lostAt = elapsed();
        return answer;
      },
    });
  };
  const context = { wise: Object.assign(wise, { open: held }) };
  expect(await card.send({ context })).toMatchObject({ exitCode: 7, error: { code: 'not-seen' } });
  expect(elapsed() - lostAt).toBeGreaterThanOrEqual(3_000);
});

test('after a restart, the clock of Wise proves that the window has passed, two seconds later', async () => {
  await lose();
  world.clock.time += 2_500;
  const uptime = restarted();
  expect(await sendWithin(0, { uptime })).toMatchObject(UNKNOWN);
  world.clock.time += 3_000;
  expect(await sendWithin(0, { uptime })).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
});

test('after a restart without a Date, several commands together wait for the whole window once', async () => {
  await lose({ wise: undated() });
  world.clock.time += 3_600_000;
  const uptime = restarted();
  const start = elapsed();
  expect(await sendWithin(2_000, { uptime, wise: undated() })).toMatchObject(UNKNOWN);
  expect(await card.send({ context: { uptime, wise: undated() } })).toMatchObject({ exitCode: 0 });
  expect(elapsed() - start).toBeGreaterThanOrEqual(3_000);
  expect(elapsed() - start).toBeLessThan(5_000);
});

test('a request whose sender was killed has a longer window', async () => {
  const { cardToken, profileId, orderId } = card.target;
  const { journal, clock } = world;
  const subjects = [`card ${cardToken}`];
  await journal.takeLeases(subjects, 'send');
  const at = clock.now();
  const { attempt } = await journal.claim({ profileId, orderId, cardToken, kioskId: null, reason: null, at });
  const { boot } = clock.uptime;
  await journal.markSent(attempt, {
    kioskId: production('IN_PROGRESS').kioskId!,
    orderId,
    baseline: production('READY'),
    correlationId: 'killed',
    settleWindow: {
      start: { boot, uptime: elapsed(), vendorTime: null },
      hasEnded: false,
      isOver: false,
    },
    at,
  });
  await journal.releaseLeases(subjects);
  const sentAt = elapsed();
  clock.time += 60_000;
  const timing = { ...world.context().timing, settleWindow: 30_000, killedWindow: 120_000 };
  expect(await card.send({ context: { timing } })).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
  expect(elapsed() - sentAt).toBeGreaterThanOrEqual(120_000);
});

test('a sending in the future of the calendar blocks nothing, and the message names the clock', async () => {
  await lose();
  world.clock.stepCalendar(-3_600_000);
  const start = elapsed();
  expect(await card.send()).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
  expect(elapsed() - start).toBeLessThan(5_000);
  expect(world.said.join('\n')).toContain('Check the clock.');
});

test('a sending in the future of the calendar is abandoned like any other', async () => {
  await lose();
  world.clock.stepCalendar(-3_600_000);
  world.answers.push(true);
  expect(await card.repeat({ abandon: true })).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
  const attempts = await world.journal.listAttempts(card.target.cardToken);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['abandoned', 'accepted']);
});
