import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { pauseAfter } from '../../src/sandbox/state/delivery-retries.ts';
import { SANDBOX_STATE } from '../../src/sandbox/state/tables/schema.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { at, DAY, type Json, START, Stand, TO_READY, temporaryFolder } from '../harness/sandbox.ts';
import { type Arrived, Receiver } from './receiver.ts';

const SUBSCRIPTIONS = '/v3/applications/my-key/subscriptions';
const MINUTE = 60_000;

async function subscribe(
  stand: Stand,
  { url, trigger = PRODUCTION_EVENT, version = '4.0.0' }: { url: string; trigger?: string; version?: string },
): Promise<string> {
  const body = { name: 'test', trigger_on: trigger, delivery: { version, url } };
  return (await stand.call(`POST ${SUBSCRIPTIONS}`, { body })).body.id;
}

async function deliveries(stand: Stand): Promise<Json[]> {
  return (await stand.control('GET deliveries')).body.deliveries;
}

/** Polls the deliveries until they pass the check. */
async function settled(stand: Stand, isSo: (all: Json[]) => boolean): Promise<Json[]> {
  for (;;) {
    const all = await deliveries(stand);
    if (isSo(all)) return all;
  }
}

const allEnded = (all: Json[]) => all.every(({ dueAt }) => dueAt === null);
const attempted = (count: number) => (all: Json[]) =>
  all.some(({ attempts, status }) => attempts === count && status !== null);

function isSigned(stand: Stand, { bytes, headers }: Arrived): boolean {
  const verifier = new SignatureVerifier({ pem: stand.sandbox.publicKey(), source: 'the sandbox' });
  return verifier.isValid(bytes, headers['x-signature-sha256'] as string);
}

describe('an event', () => {
  test('is delivered to the subscriptions of its type, signed, with its own delivery id', async () => {
    const stand = await Stand.open();
    const [production, order, other] = [await Receiver.open(), await Receiver.open(), await Receiver.open()];
    const id = await subscribe(stand, { url: production.url });
    await subscribe(stand, { url: order.url, trigger: ORDER_EVENT });
    await subscribe(stand, { url: other.url, trigger: 'cards#card-status-change' });
    const { token } = await stand.readyCard();
    await stand.produce(token);
    await stand.simulate(token, 'PRODUCED');
    const arrived = await production.got(3);
    await order.got(2);
    await settled(stand, allEnded);

    expect(production.statuses().toSorted()).toEqual(['IN_PROGRESS', 'PRODUCED', 'READY']);
    expect(order.statuses().toSorted()).toEqual(['CARD_DETAILS_CREATED', 'REQUIREMENTS_FULFILLED']);
    expect(other.arrived).toEqual([]);
    for (const one of [...arrived, ...order.arrived]) {
      expect(isSigned(stand, one)).toBe(true);
      expect(one.headers).toMatchObject({ 'content-type': 'application/json' });
      expect(one.headers['x-delivery-id']).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
      expect(one.headers).not.toHaveProperty('x-test-notification');
    }
    const ids = [...arrived, ...order.arrived].map(({ headers }) => headers['x-delivery-id']);
    expect(new Set(ids).size).toBe(5);
    const outbox = await stand.outbox();
    for (const { body } of arrived) {
      expect(body.subscription_id).toBe(id);
      expect(outbox.map((event) => ({ ...event.body, subscription_id: id }))).toContainEqual(body);
    }
  });

  test('from before the subscription, or after its end, is not delivered', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open(() => 500);
    const { token } = await stand.readyCard();
    const id = await subscribe(stand, { url: receiver.url });
    await stand.produce(token);
    await receiver.got(1);
    await settled(stand, attempted(1));
    await stand.call(`DELETE ${SUBSCRIPTIONS}/${id}`);
    expect(await deliveries(stand)).toEqual([]);
    await subscribe(stand, { url: receiver.url, trigger: ORDER_EVENT });
    await stand.simulate(token, 'PRODUCED');
    stand.sandbox.advance(DAY);
    await receiver.got(2);
    // The event of the order: a remaining one of the first subscription would have arrived before it.
    expect(receiver.arrived.map(({ body }) => body.event_type)).toEqual([PRODUCTION_EVENT, ORDER_EVENT]);
  });

  test('that becomes due is delivered without any request', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open();
    await subscribe(stand, { url: receiver.url });
    await stand.createOrder(1001);
    stand.clock.now += 2_000;
    const [{ body } = expect.fail()] = await receiver.got(1);
    expect(body.data).toMatchObject({ status: 'READY', occurred_at: at(1_300) });
  });

  test('has whole seconds in schema version 2.0.0', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open();
    await subscribe(stand, { url: receiver.url, version: '2.0.0' });
    stand.clock.now += 123;
    await stand.readyCard();
    const [{ body } = expect.fail()] = await receiver.got(1);
    expect(body).toMatchObject({ schema_version: '2.0.0', sent_at: '2026-01-01T00:00:01Z' });
    expect(body.data).toMatchObject({ status: 'READY', occurred_at: '2026-01-01T00:00:01Z' });
  });

  test('of a test notification is marked, and is delivered to its subscription only', async () => {
    const stand = await Stand.open();
    const [receiver, other] = [await Receiver.open(), await Receiver.open()];
    const id = await subscribe(stand, { url: receiver.url });
    await subscribe(stand, { url: other.url });
    const { body: sent } = await stand.call(`POST ${SUBSCRIPTIONS}/${id}/test-notifications`);
    const [one = expect.fail()] = await receiver.got(1);
    expect(one.headers).toMatchObject({
      'x-test-notification': 'true',
      'x-delivery-id': sent[0].delivery_id,
    });
    expect(isSigned(stand, one)).toBe(true);
    await settled(stand, allEnded);
    expect(other.arrived).toEqual([]);
  });
});

describe('a delivery that fails', () => {
  test.each([0, 301, 408, 429, 500, 503])(
    'with %i is repeated after 1, 2, 4 … 1,024 minutes, and then daily, 25 times in two weeks',
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
    'with %i is tried 3 times, because it almost always fails again',
    (status) => {
      const pauses = [1, 2, 3, 9].map((attempt) => pauseAfter(attempt, { status, retryAfter: null }));
      expect(pauses).toEqual([MINUTE, 2 * MINUTE, null, null]);
    },
  );

  test('with Retry-After is repeated after exactly that time, at most a day, and as often as without', () => {
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
    const stand = await Stand.open();
    const receiver = await Receiver.open(() => ({ status: 404, headers: { 'retry-after': retryAfter() } }));
    await subscribe(stand, { url: receiver.url });
    await stand.readyCard();
    await receiver.got(1);
    const [{ dueAt }] = await settled(stand, attempted(1));
    // The headers have whole seconds, and Date and Retry-After may be of different ones.
    expect(Math.abs(Date.parse(dueAt) - START - TO_READY - 180_000)).toBeLessThanOrEqual(1_000);
  });

  test('with a 4xx is given up after the third time', async () => {
    const stand = await Stand.open();
    const answers = [404, 400, 410];
    const receiver = await Receiver.open((_, turn) => answers[turn] ?? 200);
    await subscribe(stand, { url: receiver.url });
    await stand.readyCard();
    for (const answer of answers.slice(0, 2)) {
      await settled(stand, ([one]) => one.status === answer);
      stand.sandbox.advance(DAY);
    }
    expect(await settled(stand, allEnded)).toMatchObject([{ attempts: 3, status: 410, dueAt: null }]);
  });

  test.each([500, 404, 301])(
    'with %i is repeated when it is due, with the same id and bytes',
    async (status) => {
      const stand = await Stand.open();
      const receiver = await Receiver.open((_, turn) => (turn < 2 ? status : 204));
      await subscribe(stand, { url: receiver.url });
      await stand.readyCard();
      await receiver.got(1);
      const [first] = await settled(stand, attempted(1));
      expect(first).toMatchObject({ attempts: 1, status, dueAt: at(1_300 + MINUTE) });
      stand.sandbox.advance(MINUTE - 1);
      // The sandbox reads its state for this answer, and would find it due.
      expect(await deliveries(stand)).toMatchObject([{ attempts: 1 }]);
      stand.sandbox.advance(1);
      await receiver.got(2);
      expect(await settled(stand, attempted(2))).toMatchObject([{ dueAt: at(1_300 + 3 * MINUTE) }]);
      stand.sandbox.advance(2 * MINUTE);
      const arrived = await receiver.got(3);
      expect(await settled(stand, allEnded)).toMatchObject([{ attempts: 3, status: 204 }]);
      expect(new Set(arrived.map(({ headers }) => headers['x-delivery-id'])).size).toBe(1);
      expect(new Set(arrived.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    },
  );

  test('is repeated sooner in a faster sandbox', async () => {
    const stand = await Stand.open({ speed: 60 });
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 500 : 200));
    await subscribe(stand, { url: receiver.url });
    await stand.createOrder(1001);
    stand.clock.now += 100;
    await receiver.got(1);
    const [{ dueAt }] = await settled(stand, attempted(1));
    expect(Date.parse(dueAt) - START - 100).toBe(1_000);
  });

  test('without a receiver is tried 25 times', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open();
    receiver.close();
    await subscribe(stand, { url: receiver.url });
    await stand.readyCard();
    for (let attempt = 1; attempt <= 24; attempt += 1) {
      await settled(stand, attempted(attempt));
      stand.sandbox.advance(DAY);
    }
    expect(await settled(stand, allEnded)).toMatchObject([{ attempts: 25, status: 0, dueAt: null }]);
  });

  test('does not delay other deliveries', async () => {
    const stand = await Stand.open();
    const [deaf, good] = [await Receiver.open(() => 'never'), await Receiver.open()];
    await subscribe(stand, { url: deaf.url });
    await subscribe(stand, { url: good.url });
    await stand.readyCard();
    await Promise.all([deaf.got(1), good.got(1)]);
  });
});

describe('the end of a process', () => {
  test('cuts deliveries, and the next process makes them', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 'never' : 200));
    await subscribe(stand, { url: receiver.url });
    await stand.readyCard();
    await receiver.got(1);
    await stand.sandbox.close();
    const next = await Stand.open({ stateFile: stand.stateFile, clock: stand.clock });
    await receiver.got(2);
    expect(await settled(next, allEnded)).toMatchObject([{ attempts: 1, status: 200 }]);
  });

  test('by a kill blocks its deliveries for a limited time', async () => {
    const stand = await Stand.open();
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 'never' : 200));
    await subscribe(stand, { url: receiver.url });
    const { token } = await stand.readyCard();
    await receiver.got(1);
    await stand.sandbox.close();
    leaveClaimed(stand);

    const next = await Stand.open({ stateFile: stand.stateFile, clock: stand.clock });
    await next.produce(token);
    await receiver.got(2);
    expect(receiver.statuses()).toEqual(['READY', 'IN_PROGRESS']);
    // Otherwise the clock would end the claim of this delivery, too.
    await settled(next, (all) => all.some(({ dueAt }) => dueAt === null));
    stand.clock.now += 15_000;
    await receiver.got(3);
    expect(receiver.statuses()).toEqual(['READY', 'IN_PROGRESS', 'READY']);
    expect(await settled(next, allEnded)).toMatchObject([{ attempts: 2 }, { attempts: 1 }]);
  });
});

/** Leaves the deliveries as a killed process does. */
function leaveClaimed({ stateFile, clock }: Stand): void {
  const db = new DatabaseSync(stateFile);
  db.exec(`UPDATE deliveries SET attempts = 1, claimed_until = ${clock.now + 15_000}`);
  db.close();
}

test('several sandboxes that serve the same state deliver each event once', async () => {
  const clock = { now: START };
  const one = await Stand.open({ clock });
  const two = await Stand.open({ clock, stateFile: one.stateFile });
  const three = await Stand.open({ clock, stateFile: one.stateFile });
  const receiver = await Receiver.open();
  await subscribe(one, { url: receiver.url });
  await subscribe(two, { url: receiver.url, trigger: ORDER_EVENT });
  await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 2 ? one : two).createOrder(1001)));
  clock.now += 2_000;
  await receiver.got(180);
  const all = await settled(three, allEnded);
  expect(all).toHaveLength(180);
  expect(all.every(({ attempts, status }) => attempts === 1 && status === 200)).toBe(true);
  expect(new Set(receiver.arrived.map(({ headers }) => headers['x-delivery-id'])).size).toBe(180);
  expect(receiver.arrived).toHaveLength(180);
});

describe('the signing key', () => {
  test('is the same for all sandboxes that share a state, also after a reset', async () => {
    const one = await Stand.open();
    const two = await Stand.open({ stateFile: one.stateFile });
    const key = one.sandbox.publicKey();
    expect(key).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(two.sandbox.publicKey()).toBe(key);
    one.sandbox.reset();
    const { text, headers } = await two.control('GET public-key');
    expect([text, headers.get('content-type')]).toEqual([key, 'application/x-pem-file']);
    expect(new SignatureVerifier({ pem: key, source: 'the sandbox' }).keyName).toContain('RSA 2048');
    expect((await Stand.open()).sandbox.publicKey()).not.toBe(key);
  });

  test('is added to the state of an older version when it is opened', async () => {
    const stateFile = `${temporaryFolder()}/old.sqlite`;
    const db = new DatabaseSync(stateFile);
    db.exec(
      `PRAGMA journal_mode = WAL; ${SANDBOX_STATE}; PRAGMA user_version = 1; PRAGMA application_id = 0x6b63746c`,
    );
    db.close();
    const stand = await Stand.open({ stateFile });
    expect(stand.sandbox.publicKey()).toContain('PUBLIC KEY');
    expect(await deliveries(stand)).toEqual([]);
  });
});
