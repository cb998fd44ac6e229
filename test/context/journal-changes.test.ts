import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JournalChanges } from '../../src/context/journal-changes.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { World } from '../harness/world.ts';

let world: World;
let other: Journal;
let changes: JournalChanges;

beforeEach(async () => {
  world = new World();
  other = world.openJournal();
  changes = new JournalChanges(world.context());
  // A watch reports at first that it knows nothing yet.
  await changes.sleep(1_000);
  await changes.sleep(1_000);
});
afterEach(async () => {
  changes[Symbol.dispose]();
  await other.close();
  await world.close();
});

const write = async () => void (await other.startListener('http://127.0.0.1:1', world.clock.now()));

/** @returns how long a sleep lasts, in simulated milliseconds */
async function slept(milliseconds: number, spacing?: number): Promise<number> {
  const started = world.clock.now();
  await changes.sleep(milliseconds, spacing === undefined ? {} : { spacing });
  return world.clock.now() - started;
}

describe('a sleep until the journal changes', () => {
  test('a sleep without a change lasts as long as requested, but at most a second', async () => {
    expect(await slept(300)).toBe(300);
    expect(await slept(60_000)).toBe(1_000);
  });

  test('a sleep ends when the journal changes', async () => {
    world.clock.plan(420, write);
    expect(await slept(1_000)).toBe(420);
    expect(await slept(1_000)).toBe(1_000);
  });

  test('a sleep ends immediately if the journal has changed since the previous sleep', async () => {
    await write();
    expect(await slept(1_000, 0)).toBe(0);
  });

  test('sleeps have a minimum distance while changes arrive, and miss none', async () => {
    world.clock.plan(500, write);
    await slept(1_000);
    await write();
    expect(await slept(1_000)).toBe(5);
    await write();
    expect(await slept(1_000, 200)).toBe(200);
    expect(await slept(1_000)).toBe(1_000);
  });

  test('a sleep ends with the reason of the signal', async () => {
    world.clock.plan(100, () => world.abort.abort(new Error('stop')));
    await expect(changes.sleep(1_000)).rejects.toThrow('stop');
  });
});
