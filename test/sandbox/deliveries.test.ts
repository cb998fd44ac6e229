import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { pauseAfter } from '../../src/sandbox/state/delivery-retries.ts';
import { SANDBOX_STATE } from '../../src/sandbox/state/tables/schema.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { makeFolder } from '../harness/command-line.ts';
import { at, DAY, type Json, START, TestSandbox, TO_READY } from '../harness/sandbox.ts';
import { type Delivered, Receiver } from '../harness/server.ts';

const SUBSCRIPTIONS = '/v3/applications/my-key/subscriptions';
const MINUTE = 60_000;

async function subscribe(
  sandbox: TestSandbox,
  { url, trigger = PRODUCTION_EVENT, version = '4.0.0' }: { url: string; trigger?: string; version?: string },
): Promise<string> {
  const body = { name: 'test', trigger_on: trigger, delivery: { version, url } };
  return (await sandbox.call(`POST ${SUBSCRIPTIONS}`, { body })).body.id;
}

async function deliveries(sandbox: TestSandbox): Promise<Json[]> {
  return (await sandbox.control('GET deliveries')).body.deliveries;
}

/** Polls the deliveries until they pass the check. */
async function settled(sandbox: TestSandbox, isSo: (all: Json[]) => boolean): Promise<Json[]> {
  for (;;) {
    const all = await deliveries(sandbox);
    if (isSo(all)) return all;
  }
}

const allEnded = (all: Json[]) => all.every(({ dueAt }) => dueAt === null);
const attempted = (count: number) => (all: Json[]) =>
  all.some(({ attempts, status }) => attempts === count && status !== null);

function isSigned(sandbox: TestSandbox, { bytes, headers }: Delivered): boolean {
  const verifier = new SignatureVerifier({ pem: sandbox.instance.publicKey(), source: 'the sandbox' });
  return verifier.isValid(bytes, headers['x-signature-sha256'] as string);
}

describe('an event', () => {
  test('an event is delivered to the subscriptions of its type, signed, with its own delivery id', async () => {
    const sandbox = await TestSandbox.open();
    const [production, order, other] = [await Receiver.open(), await Receiver.open(), await Receiver.open()];
    const id = await subscribe(sandbox, { url: production.url });
    await subscribe(sandbox, { url: order.url, trigger: ORDER_EVENT });
    await subscribe(sandbox, { url: other.url, trigger: 'cards#card-status-change' });
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCED');
    const arrived = await production.got(3);
    await order.got(2);
    await settled(sandbox, allEnded);

    expect(production.statuses().toSorted()).toEqual(['IN_PROGRESS', 'PRODUCED', 'READY']);
    expect(order.statuses().toSorted()).toEqual(['CARD_DETAILS_CREATED', 'REQUIREMENTS_FULFILLED']);
    expect(other.arrived).toEqual([]);
    for (const one of [...arrived, ...order.arrived]) {
      expect(isSigned(sandbox, one)).toBe(true);
      expect(one.headers).toMatchObject({ 'content-type': 'application/json' });
      expect(one.headers['x-delivery-id']).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
      expect(one.headers).not.toHaveProperty('x-test-notification');
    }
    const ids = [...arrived, ...order.arrived].map(({ headers }) => headers['x-delivery-id']);
    expect(new Set(ids).size).toBe(5);
    const outbox = await sandbox.outbox();
    for (const { body } of arrived) {
      expect(body.subscription_id).toBe(id);
      expect(outbox.map((event) => ({ ...event.body, subscription_id: id }))).toContainEqual(body);
    }
  });

  test('an event from before a subscription, or after its end, is not delivered', async () => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open(() => 500);
    const { token } = await sandbox.readyCard();
    const id = await subscribe(sandbox, { url: receiver.url });
    await sandbox.produce(token);
    await receiver.got(1);
    await settled(sandbox, attempted(1));
    await sandbox.call(`DELETE ${SUBSCRIPTIONS}/${id}`);
    expect(await deliveries(sandbox)).toEqual([]);
    await subscribe(sandbox, { url: receiver.url, trigger: ORDER_EVENT });
    await sandbox.simulate(token, 'PRODUCED');
    sandbox.instance.advance(DAY);
    await receiver.got(2);
    // The event of the order: a remaining one of the first subscription would have arrived before it.
    expect(receiver.arrived.map(({ body }) => body.event_type)).toEqual([PRODUCTION_EVENT, ORDER_EVENT]);
  });

  test('an event that becomes due is delivered without any request', async () => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open();
    await subscribe(sandbox, { url: receiver.url });
    await sandbox.createOrder(1001);
    sandbox.clock.time += 2_000;
    const [{ body } = expect.fail()] = await receiver.got(1);
    expect(body.data).toMatchObject({ status: 'READY', occurred_at: at(1_300) });
  });

  test('an event has times in whole seconds in schema version 2.0.0', async () => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open();
    await subscribe(sandbox, { url: receiver.url, version: '2.0.0' });
    sandbox.clock.time += 123;
    await sandbox.readyCard();
    const [{ body } = expect.fail()] = await receiver.got(1);
    expect(body).toMatchObject({ schema_version: '2.0.0', sent_at: '2026-01-01T00:00:01Z' });
    expect(body.data).toMatchObject({ status: 'READY', occurred_at: '2026-01-01T00:00:01Z' });
  });

  test('a test notification is marked, and is delivered to its subscription only', async () => {
    const sandbox = await TestSandbox.open();
    const [receiver, other] = [await Receiver.open(), await Receiver.open()];
    const id = await subscribe(sandbox, { url: receiver.url });
    await subscribe(sandbox, { url: other.url });
    const { body: sent } = await sandbox.call(`POST ${SUBSCRIPTIONS}/${id}/test-notifications`);
    const [one = expect.fail()] = await receiver.got(1);
    expect(one.headers).toMatchObject({
      'x-test-notification': 'true',
      'x-delivery-id': sent[0].delivery_id,
    });
    expect(isSigned(sandbox, one)).toBe(true);
    await settled(sandbox, allEnded);
    expect(other.arrived).toEqual([]);
  });
});

describe('a delivery that fails', () => {
  test.each([0, 301, 408, 429, 500, 503])(
    'a delivery that fails with %i is retried after 1, 2, 4 … 1,024 minutes, and then daily, 25 times in two weeks',
    (status) => {
      const pauses = Array.from({ length: 25 }, (_, index) =>
        pauseAfter(index + 1, { status, retryAfter: null }),
      );
      expect(pauses.slice(0, 4)).toEqual([MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]);
      expect(pauses[10]).toBe(1_024 * MINUTE);
      expect(pauses.slice(11, 24)).toEqual(Array.from({ length: 13 }, () => DAY));
      expect(pauses[24]).toBe(null);
      const whole = pauses.reduce<number>((sum, pause) => sum + (pause ?? 0), 0);
      expect(Math.floor(whole / DAY)).toBe(14);
    },
  );

  test.each([400, 401, 404, 410, 422])(
    'a delivery that fails with %i is tried 3 times, because a retry almost always fails again',
    (status) => {
      const pauses = [1, 2, 3, 9].map((attempt) => pauseAfter(attempt, { status, retryAfter: null }));
      expect(pauses).toEqual([MINUTE, 2 * MINUTE, null, null]);
    },
  );

  test('a delivery with Retry-After is retried after exactly that time, at most a day, and as often as without', () => {
    expect(pauseAfter(1, { status: 503, retryAfter: 90_000 })).toBe(90_000);
    expect(pauseAfter(11, { status: 503, retryAfter: 0 })).toBe(0);
    expect(pauseAfter(2, { status: 503, retryAfter: 9 * DAY })).toBe(DAY);
    expect(pauseAfter(25, { status: 503, retryAfter: 0 })).toBe(null);
    expect(pauseAfter(3, { status: 404, retryAfter: 0 })).toBe(null);
  });

  test.each([
    ['seconds', () => '180'],
    ['a date', () => new Date(Date.now() + 180_000).toUTCString()],
  ])('is repeated when Retry-After says, as %s', async (_, retryAfter) => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open(() => ({ status: 404, headers: { 'retry-after': retryAfter() } }));
    await subscribe(sandbox, { url: receiver.url });
    await sandbox.readyCard();
    await receiver.got(1);
    const [{ dueAt }] = await settled(sandbox, attempted(1));
    // The headers have whole seconds, and Date and Retry-After may be of different ones.
    expect(Math.abs(Date.parse(dueAt) - START - TO_READY - 180_000)).toBeLessThanOrEqual(1_000);
  });

  test('a delivery that fails with a 4xx is given up after the third attempt', async () => {
    const sandbox = await TestSandbox.open();
    const answers = [404, 400, 410];
    const receiver = await Receiver.open((_, turn) => answers[turn] ?? 200);
    await subscribe(sandbox, { url: receiver.url });
    await sandbox.readyCard();
    for (const answer of answers.slice(0, 2)) {
      await settled(sandbox, ([one]) => one.status === answer);
      sandbox.instance.advance(DAY);
    }
    expect(await settled(sandbox, allEnded)).toMatchObject([{ attempts: 3, status: 410, dueAt: null }]);
  });

  test.each([500, 404, 301])(
    'a delivery that fails with %i is retried when it is due, with the same id and bytes',
    async (status) => {
      const sandbox = await TestSandbox.open();
      const receiver = await Receiver.open((_, turn) => (turn < 2 ? status : 204));
      await subscribe(sandbox, { url: receiver.url });
      await sandbox.readyCard();
      await receiver.got(1);
      const [first] = await settled(sandbox, attempted(1));
      expect(first).toMatchObject({ attempts: 1, status, dueAt: at(1_300 + MINUTE) });
      sandbox.instance.advance(MINUTE - 1);
      // The sandbox reads its state for this answer, and would find it due.
      expect(await deliveries(sandbox)).toMatchObject([{ attempts: 1 }]);
      sandbox.instance.advance(1);
      await receiver.got(2);
      expect(await settled(sandbox, attempted(2))).toMatchObject([{ dueAt: at(1_300 + 3 * MINUTE) }]);
      sandbox.instance.advance(2 * MINUTE);
      const arrived = await receiver.got(3);
      expect(await settled(sandbox, allEnded)).toMatchObject([{ attempts: 3, status: 204 }]);
      expect(new Set(arrived.map(({ headers }) => headers['x-delivery-id'])).size).toBe(1);
      expect(new Set(arrived.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    },
  );

  test('a delivery is retried sooner in a faster sandbox', async () => {
    const sandbox = await TestSandbox.open({ speed: 60 });
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 500 : 200));
    await subscribe(sandbox, { url: receiver.url });
    await sandbox.createOrder(1001);
    sandbox.clock.time += 100;
    await receiver.got(1);
    const [{ dueAt }] = await settled(sandbox, attempted(1));
    expect(Date.parse(dueAt) - START - 100).toBe(1_000);
  });

  test('a delivery without a receiver is tried 25 times', async () => {
    const sandbox = await TestSandbox.open();
    // Port 1: a port that was free could be taken by another test.
    await subscribe(sandbox, { url: 'http://127.0.0.1:1/' });
    await sandbox.readyCard();
    for (let attempt = 1; attempt <= 24; attempt += 1) {
      await settled(sandbox, attempted(attempt));
      sandbox.instance.advance(DAY);
    }
    expect(await settled(sandbox, allEnded)).toMatchObject([{ attempts: 25, status: 0, dueAt: null }]);
  });

  test('a failed delivery does not delay other deliveries', async () => {
    const sandbox = await TestSandbox.open();
    const [deaf, good] = [await Receiver.open(() => 'never'), await Receiver.open()];
    await subscribe(sandbox, { url: deaf.url });
    await subscribe(sandbox, { url: good.url });
    await sandbox.readyCard();
    await Promise.all([deaf.got(1), good.got(1)]);
  });
});

describe('the end of a process', () => {
  test('the end of a process aborts its deliveries, and the next process makes them', async () => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 'never' : 200));
    await subscribe(sandbox, { url: receiver.url });
    await sandbox.readyCard();
    await receiver.got(1);
    await sandbox.instance.close();
    const next = await TestSandbox.open({ stateFile: sandbox.stateFile, clock: sandbox.clock });
    await receiver.got(2);
    expect(await settled(next, allEnded)).toMatchObject([{ attempts: 1, status: 200 }]);
  });

  test('a killed process blocks its deliveries for a limited time', async () => {
    const sandbox = await TestSandbox.open();
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 'never' : 200));
    await subscribe(sandbox, { url: receiver.url });
    const { token } = await sandbox.readyCard();
    await receiver.got(1);
    await sandbox.instance.close();
    leaveClaimed(sandbox);

    const next = await TestSandbox.open({ stateFile: sandbox.stateFile, clock: sandbox.clock });
    await next.produce(token);
    await receiver.got(2);
    expect(receiver.statuses()).toEqual(['READY', 'IN_PROGRESS']);
    // Otherwise the clock would end the claim of this delivery, too.
    await settled(next, (all) => all.some(({ dueAt }) => dueAt === null));
    sandbox.clock.time += 15_000;
    await receiver.got(3);
    expect(receiver.statuses()).toEqual(['READY', 'IN_PROGRESS', 'READY']);
    expect(await settled(next, allEnded)).toMatchObject([{ attempts: 2 }, { attempts: 1 }]);
  });
});

/** Leaves the deliveries as a killed process does. */
function leaveClaimed({ stateFile, clock }: TestSandbox): void {
  const db = new DatabaseSync(stateFile);
  db.exec(`UPDATE deliveries SET attempts = 1, claimed_until = ${clock.now() + 15_000}`);
  db.close();
}

test('several sandboxes that serve the same state deliver each event once', async () => {
  const clock = new SimulatedClock(START);
  const one = await TestSandbox.open({ clock });
  const two = await TestSandbox.open({ clock, stateFile: one.stateFile });
  const three = await TestSandbox.open({ clock, stateFile: one.stateFile });
  const receiver = await Receiver.open();
  await subscribe(one, { url: receiver.url });
  await subscribe(two, { url: receiver.url, trigger: ORDER_EVENT });
  await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 2 ? one : two).createOrder(1001)));
  clock.time += 2_000;
  await receiver.got(180);
  const all = await settled(three, allEnded);
  expect(all).toHaveLength(180);
  expect(all.every(({ attempts, status }) => attempts === 1 && status === 200)).toBe(true);
  expect(new Set(receiver.arrived.map(({ headers }) => headers['x-delivery-id'])).size).toBe(180);
  expect(receiver.arrived).toHaveLength(180);
});

describe('the signing key', () => {
  test('the signing key is the same for all sandboxes that share a state, also after a reset', async () => {
    const one = await TestSandbox.open();
    const two = await TestSandbox.open({ stateFile: one.stateFile });
    const key = one.instance.publicKey();
    expect(key).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(two.instance.publicKey()).toBe(key);
    one.instance.reset();
    const { text, headers } = await two.control('GET public-key');
    expect([text, headers.get('content-type')]).toEqual([key, 'application/x-pem-file']);
    expect(new SignatureVerifier({ pem: key, source: 'the sandbox' }).keyName).toContain('RSA 2048');
    expect((await TestSandbox.open()).instance.publicKey()).not.toBe(key);
  });

  test('the signing key is added to the state of an older version when it is opened', async () => {
    const stateFile = `${makeFolder()}/old.sqlite`;
    const db = new DatabaseSync(stateFile);
    db.exec(
      `PRAGMA journal_mode = WAL; ${SANDBOX_STATE}; PRAGMA user_version = 1; PRAGMA application_id = 0x6b63746c`,
    );
    db.close();
    const sandbox = await TestSandbox.open({ stateFile });
    expect(sandbox.instance.publicKey()).toContain('PUBLIC KEY');
    expect(await deliveries(sandbox)).toEqual([]);
  });
});
