import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { coverageFor } from '../../src/context/listener-state.ts';
import { type CardToken, parseKioskId } from '../../src/domain/ids.ts';
import { exportEvents, listEvents, pruneEvents, showEvent } from '../../src/events/list-events.ts';
import { ORDER_EVENT } from '../../src/wire/events.ts';
import { EVERYTHING, importLines, keep } from '../harness/cards.ts';
import { orderBody, productionBody } from '../harness/events.ts';
import { OTHER_TOKEN, TOKEN } from '../harness/records.ts';
import { World } from '../harness/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => world.close());

const of = (cardToken: string, more: Record<string, unknown> = {}) =>
  productionBody('PRODUCED', { resource: { profile_id: 1001, card_token: cardToken }, ...more });

async function list(selection: Partial<typeof EVERYTHING> = {}, limit = 100): Promise<number[]> {
  const { events } = await listEvents(world.context(), { selection: { ...EVERYTHING, ...selection }, limit });
  return events.map(({ id }) => id);
}

const card = (more: { cardToken?: CardToken; orderId?: number }) => ({
  profileId: null,
  cardToken: null,
  orderId: null,
  ...more,
});

describe('a selection', () => {
  beforeEach(async () => {
    await keep(world, productionBody('IN_PROGRESS'), productionBody('PRODUCED', { kiosk_id: 'WIS00002' }));
    await keep(world, of(OTHER_TOKEN), orderBody('PRODUCED', 501));
  });

  test.each<[string, Partial<typeof EVERYTHING>, number[]]>([
    ['everything, newest last', {}, [1, 2, 3, 4]],
    ['a card', { card: card({ cardToken: TOKEN }) }, [1, 2]],
    ['an order', { card: card({ orderId: 501 }) }, [4]],
    ['an order that nobody knows', { card: card({ orderId: 9 }) }, []],
    ['a type', { eventType: ORDER_EVENT }, [4]],
    ['a kiosk', { kioskId: parseKioskId('WIS00002') }, [2]],
    ['a status', { status: 'PRODUCED' }, [2, 3, 4]],
    ['several together', { status: 'PRODUCED', kioskId: parseKioskId('WIS00001') }, [3]],
  ])('a list of events has those of its selection: %s', async (_, selection, ids) => {
    expect(await list(selection)).toEqual(ids);
  });

  test('a selection by card includes the events of its order', async () => {
    const nothing = { cardCreatedAt: null, deliveryOption: null };
    await world.journal.rememberCard({ profileId: 1001, cardToken: TOKEN, orderId: 501, ...nothing }, 1);
    expect(await list({ card: card({ cardToken: TOKEN }) })).toEqual([1, 2, 4]);
    expect(await list({ card: card({ orderId: 501 }) })).toEqual([1, 2, 4]);
  });

  test('a selection with a limit has the newest events', async () => {
    expect(await list({}, 2)).toEqual([3, 4]);
  });

  test('a selection by time includes its start and excludes its end', async () => {
    const then = world.clock.time;
    world.clock.time += 1_000;
    await keep(world, orderBody('COMPLETED', 502));
    expect(await list({ since: then + 1 })).toEqual([5]);
    expect(await list({ since: then, until: then + 1_000 })).toEqual([1, 2, 3, 4]);
  });

  test('an export has all events of the selection in order, whatever arrives meanwhile', async () => {
    const lines = Array.from({ length: 1_100 }, (_, index) => orderBody('PLACED', index + 1_000));
    await importLines(world, lines, { unverified: true });
    const ids: number[] = [];
    for await (const { id } of exportEvents(world.context(), { ...EVERYTHING, eventType: ORDER_EVENT })) {
      ids.push(id);
      if (ids.length === 1) await keep(world, orderBody('RETURNED', 77));
    }
    expect(ids).toEqual([4, ...lines.map((_, index) => index + 5)]);
  });

  test('an interruption stops an export', async () => {
    world.abort.abort(new Error('stop'));
    const all = async () => {
      for await (const { id } of exportEvents(world.context(), EVERYTHING)) expect(id).toBeGreaterThan(0);
    };
    await expect(all()).rejects.toThrow('stop');
  });
});

describe('what a selection covers', () => {
  const HOUR = 3_600_000;

  test('the coverage includes the times of earlier and current listeners', async () => {
    const { journal, clock } = world;
    const since = clock.time;
    clock.time += HOUR;
    const first = await journal.startListener('http://127.0.0.1:8788/', clock.time);
    clock.time += HOUR;
    await journal.endListener(first, clock.time);
    clock.time += HOUR;
    await journal.startListener('http://127.0.0.1:8788/', clock.time);
    clock.time += 1_000;
    const { listened, gaps } = await coverageFor(world.context(), { since, until: null });
    const hours = (spans: typeof gaps) =>
      spans.map(({ from, to }) => [(from - since) / HOUR, (to - since) / HOUR]);
    expect(hours(gaps)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(listened.at(-1)?.to).toBe(clock.time);
  });

  test('the coverage of a killed listener ends with its last heartbeat', async () => {
    const { journal, clock } = world;
    const started = clock.time;
    await journal.startListener('http://127.0.0.1:8788/', started);
    clock.time += HOUR;
    expect(await coverageFor(world.context(), { since: started, until: null })).toMatchObject({
      listened: [],
      gaps: [{ from: started, to: clock.time }],
    });
  });

  test('a listener of another environment covers nothing here', async () => {
    const other = world.openJournal('sandbox');
    await other.startListener('http://127.0.0.1:8788/', world.clock.time);
    await other.close();
    world.clock.time += 1_000;
    expect(await coverageFor(world.context(), { since: null, until: null })).toMatchObject({ from: null });
  });
});

describe('an event', () => {
  test('an event that is missing, or of another environment, is not found', async () => {
    await keep(world, productionBody('PRODUCED'));
    await expect(showEvent(world.context(), 2)).rejects.toMatchObject({ code: 'not-found', exitCode: 10 });
    const journal = world.openJournal('sandbox');
    const elsewhere = world.context({ environment: 'sandbox', journal });
    await expect(showEvent(elsewhere, 1)).rejects.toMatchObject({ code: 'not-found' });
    await journal.close();
  });
});

describe('prune', () => {
  const DAY = 86_400_000;

  beforeEach(async () => {
    await keep(world, productionBody('IN_PROGRESS'));
    world.clock.time += 10 * DAY;
    await keep(world, productionBody('PRODUCED'));
  });

  test('prune deletes older events after a confirmation', async () => {
    world.answers.push(true);
    const before = world.clock.time - 5 * DAY;
    expect(await pruneEvents(world.context(), 5 * DAY)).toEqual({ pruned: 1, before });
    expect(world.asked).toEqual([expect.stringContaining(new Date(before).toISOString())]);
    expect(await list()).toEqual([2]);
  });

  test('prune does not ask if there is nothing to delete', async () => {
    expect(await pruneEvents(world.context(), 90 * DAY)).toMatchObject({ pruned: 0 });
    expect(world.asked).toEqual([]);
  });

  test('prune deletes nothing after a no', async () => {
    world.answers.push(false);
    await expect(pruneEvents(world.context(), 0)).rejects.toMatchObject({
      code: 'not-confirmed',
      exitCode: 9,
    });
    expect(await list()).toEqual([1, 2]);
  });

  test('the numbers of deleted events are never used again', async () => {
    world.answers.push(true);
    world.clock.time += 1;
    expect(await pruneEvents(world.context(), 0)).toMatchObject({ pruned: 2 });
    await keep(world, orderBody('PRODUCED'));
    expect(await list()).toEqual([3]);
  });
});
