import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/domain/event.ts';
import { tailEvents } from '../../src/events/list-events.ts';
import { EVERYTHING, keep } from '../harness/cards.ts';
import { orderBody, productionBody } from '../harness/events.ts';
import { type Overrides, World } from '../harness/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => world.close());

const NOW = { selection: EVERYTHING, afterId: null, limit: null, deadline: null };
const ids = (events: readonly KeptEvent[]) => events.map(({ id }) => id);

/** Lets something happen at the n-th pause. */
function meanwhile(happenings: (() => Promise<unknown>)[]): Overrides {
  return { onSleep: async () => happenings.shift()?.() };
}

test('tail shows new events once and in order, and no earlier ones', async () => {
  await keep(world, productionBody('IN_PROGRESS'));
  const seen: KeptEvent[] = [];
  const context = world.context(
    meanwhile([
      async () => keep(world, productionBody('PRODUCED'), orderBody('PRODUCED', 1)),
      async () => undefined,
      async () => keep(world, orderBody('PRODUCED', 2)),
    ]),
  );
  await tailEvents(context, { ...NOW, limit: 3 }, async (event) => void seen.push(event));
  expect(ids(seen)).toEqual([2, 3, 4]);
});

test('tail shows events that another process stores, but only of this environment', async () => {
  const [other, elsewhere] = [world.openJournal(), world.openJournal('sandbox')];
  const seen: KeptEvent[] = [];
  const copy = async (journal: typeof other, body: string) => {
    await keep({ journal, context: () => world.context({ journal }) } as World, body);
  };
  const context = world.context(
    meanwhile([
      async () => copy(elsewhere, productionBody('PRODUCED')),
      async () => copy(other, productionBody('PRODUCED')),
    ]),
  );
  await tailEvents(context, { ...NOW, limit: 1 }, async (event) => void seen.push(event));
  expect(ids(seen)).toEqual([2]);
  await other.close();
  await elsewhere.close();
});

test.each([
  ['after an event', { afterId: 1 }, [2, 3]],
  ['after none', { afterId: 0 }, [1, 2, 3]],
  ['since a time', { selection: { ...EVERYTHING, since: 0 } }, [1, 2, 3]],
  ['of a selection', { afterId: 0, selection: { ...EVERYTHING, status: 'PRODUCED' } }, [2, 3]],
  ['as many as wanted', { afterId: 0, limit: 2 }, [1, 2]],
])('tail begins %s', async (_, options, wanted) => {
  await keep(world, productionBody('IN_PROGRESS'), productionBody('PRODUCED'), orderBody('PRODUCED'));
  const seen: KeptEvent[] = [];
  const deadline = world.clock.stopwatch.now();
  await tailEvents(world.context(), { ...NOW, deadline, ...options }, async (event) => void seen.push(event));
  expect(ids(seen)).toEqual(wanted);
});

test('tail fails at its deadline only if fewer events arrived than were wanted', async () => {
  const end = world.clock.time + 1_000;
  const deadline = world.clock.stopwatch.after(1_000);
  await tailEvents(world.context(), { ...NOW, deadline }, async () => undefined);
  expect(world.clock.time).toBe(end);
  await keep(world, productionBody('PRODUCED'));
  const late = tailEvents(world.context(), { ...NOW, afterId: 0, limit: 2, deadline }, async () => undefined);
  await expect(late).rejects.toMatchObject({
    code: 'deadline-passed',
    message: expect.stringContaining('1 of 2'),
    hint: expect.stringContaining('--after 1'),
  });
});

test('tail notes where it begins and whether a listener is running', async () => {
  const deadline = world.clock.stopwatch.now();
  const tail = async () => tailEvents(world.context(), { ...NOW, deadline }, async () => undefined);
  await tail();
  expect(world.said.at(-1)).toMatch(/after event 0.*No listener is running\. Start one: kioskctl listen/);
  await world.journal.startListener('http://127.0.0.1:8788/', world.clock.time);
  await tail();
  expect(world.said.at(-1)).not.toContain('No listener is running');
});

test('an interruption ends tail, even between two events', async () => {
  await keep(world, productionBody('PRODUCED'), orderBody('PRODUCED'));
  const seen: number[] = [];
  const tail = tailEvents(world.context(), { ...NOW, afterId: 0 }, async ({ id }) => {
    seen.push(id);
    world.abort.abort(new Error('stop'));
  });
  await expect(tail).rejects.toThrow('stop');
  expect(seen).toEqual([1]);
});
