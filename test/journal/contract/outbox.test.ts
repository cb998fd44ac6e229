import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal, OutboxTarget } from '../../../src/journal/journal.ts';
import { decodeEvent } from '../../../src/webhooks/decode-event.ts';
import { productionBody } from '../../harness/events.ts';
import type { Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';

const HOST: OutboxTarget = { kind: 'event', name: 'hooks.bank.example' };
const OTHER: OutboxTarget = { kind: 'event', name: 'other.bank.example' };
const TEAM: OutboxTarget = { kind: 'notice', name: 'team' };
/** As in the trigger of the schema. */
const AGE_MS = 14 * 86_400_000;
const LIMITS = { before: 0, rows: 100 };

describe.each(JOURNALS)('the outbox of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;
  let sent: number;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
    sent = 0;
  });

  function delivery(receivedAt: number, isVerified = true) {
    sent += 1;
    const body = Buffer.from(productionBody('READY', { occurred_at: new Date(sent * 1_000).toISOString() }));
    const event = decodeEvent(body);
    return { deliveryId: `${sent}`, signature: 'x', body, isTest: false, isVerified, receivedAt, event };
  }

  /** Stores new events, in one transaction. @returns their ids */
  async function receive(count: number, receivedAt = fixture.now, by = journal): Promise<number[]> {
    const deliveries = Array.from({ length: count }, () => delivery(receivedAt));
    const kept = await Promise.all(deliveries.map(async (one) => by.keepEvent(one)));
    return kept.map((event) => event?.id ?? 0);
  }

  const waiting = async (target: OutboxTarget) =>
    (await journal.listWaiting(target, 1_000)).map(({ eventId }) => eventId);

  test('each new event is queued for each target of its environment, in the sequence of arrival', async () => {
    expect(await journal.hasOutbox()).toBe(true);
    await receive(1);
    for (const { name } of [HOST, OTHER]) await journal.serveForwarding(name, fixture.now);
    const elsewhere = fixture.open('production');
    await elsewhere.serveForwarding(HOST.name, fixture.now);
    const ids = await receive(3);
    for (const target of [HOST, OTHER]) expect(await waiting(target)).toEqual(ids);
    expect(await elsewhere.listWaiting(HOST, 10)).toEqual([]);
    expect(await journal.listWaiting(HOST, 1)).toEqual([
      {
        id: expect.any(Number),
        eventId: ids[0],
        notice: null,
        tries: 0,
        dueAt: fixture.now,
        storedAt: fixture.now,
      },
    ]);
  });

  test('a duplicate, an imported and an unverified event are not queued', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    const first = delivery(fixture.now);
    const [event] = [await journal.keepEvent(first), await journal.keepEvent(first)];
    await Promise.all([1, 2].map(async () => journal.importEvent(delivery(fixture.now))));
    await journal.keepEvent(delivery(fixture.now, false));
    expect(await waiting(HOST)).toEqual([event?.id]);
    const [next] = await receive(1);
    expect(await waiting(HOST)).toEqual([event?.id, next]);
  });

  test('an event that cannot be imported does not stop the forwarding of others', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    const imported = await Promise.allSettled(
      [fixture.now, Number.NaN].map(async (at) => journal.importEvent(delivery(at))),
    );
    expect(imported.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const ids = await receive(2);
    expect(await waiting(HOST)).toEqual(ids);
  });

  test('another process that stores an event queues it for the targets of the first', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    expect(await receive(2, fixture.now, fixture.open())).toEqual(await waiting(HOST));
  });

  test('nothing is queued for a target that no server served for 14 days', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    const [last] = await receive(1, fixture.now + AGE_MS - 1);
    await receive(1, fixture.now + AGE_MS);
    expect(await waiting(HOST)).toEqual([last]);
  });

  test('nothing more is queued for a retired target, and what waits stays', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    await receive(1);
    expect(await journal.retireTargets(fixture.now)).toEqual([]);
    await journal.serveForwarding(OTHER.name, fixture.now + 1);
    expect(await journal.retireTargets(fixture.now + 1)).toEqual([HOST.name]);
    await receive(1);
    expect(await journal.countWaiting()).toMatchObject([
      { ...HOST, waiting: 1 },
      { ...OTHER, waiting: 1 },
    ]);
  });

  test('a delivered row is removed with those before it, and a failed one is postponed', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    await journal.queueNotice({ target: TEAM.name, notice: '{"text":"hopper"}', at: fixture.now });
    const ids = await receive(3);
    const [, second] = await journal.listWaiting(HOST, 10);
    await journal.removeWaiting(HOST, second?.id ?? 0);
    const [third] = await journal.listWaiting(HOST, 10);
    expect(third).toMatchObject({ eventId: ids[2], tries: 0 });
    for (const dueAt of [5_000, 9_000]) await journal.postponeWaiting(third?.id ?? 0, dueAt);
    expect(await journal.listWaiting(HOST, 10)).toEqual([{ ...third, tries: 2, dueAt: 9_000 }]);
    expect(await journal.listWaiting(TEAM, 10)).toMatchObject([
      { eventId: null, notice: '{"text":"hopper"}', storedAt: fixture.now },
    ]);
  });

  test('rows are counted for each target, with the arrival of the oldest', async () => {
    expect(await journal.countWaiting()).toEqual([]);
    await journal.serveForwarding(HOST.name, fixture.now);
    await receive(2);
    await receive(1, fixture.now + 10);
    await journal.queueNotice({ target: TEAM.name, notice: '{}', at: fixture.now + 5 });
    expect(await journal.countWaiting()).toEqual([
      { ...HOST, waiting: 3, oldestAt: fixture.now },
      { ...TEAM, waiting: 1, oldestAt: fixture.now + 5 },
    ]);
  });

  test('rows over an age are given up, also those that newer ones precede', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    const late = await receive(1, fixture.now + 5);
    const old = await receive(2, fixture.now - 10);
    const fresh = await receive(1, fixture.now);
    expect(await journal.giveUpWaiting({ ...LIMITS, before: fixture.now })).toEqual([
      {
        ...HOST,
        reason: 'age',
        count: 2,
        firstEventId: old[0],
        lastEventId: old[1],
        since: fixture.now - 10,
        until: fixture.now - 10,
      },
    ]);
    expect(await waiting(HOST)).toEqual([...late, ...fresh]);
    expect(await journal.giveUpWaiting(LIMITS)).toEqual([]);
  });

  test('the oldest rows of a target with too many are given up', async () => {
    await journal.serveForwarding(HOST.name, fixture.now);
    for (const number of [1, 2, 3])
      await journal.queueNotice({ target: TEAM.name, notice: `${number}`, at: fixture.now });
    const ids = await receive(5);
    expect(await journal.giveUpWaiting({ ...LIMITS, rows: 3 })).toMatchObject([
      { ...HOST, reason: 'number', count: 2, firstEventId: ids[0], lastEventId: ids[1] },
    ]);
    expect(await waiting(HOST)).toEqual(ids.slice(2));
    expect(await journal.listWaiting(TEAM, 10)).toHaveLength(3);
  });
});
