import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Stopwatch } from '../../src/context/clocks.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { lastListenedAt, Readiness, startHeartbeat } from '../../src/events/heartbeat.ts';
import type { Journal, ListenerRecord } from '../../src/journal/journal.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { productionEvent } from '../harness/records.ts';
import { World } from '../harness/world.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
let world: World;
let clock: SimulatedClock;
let over: AbortController;
let readiness: Readiness;
let gaps: number[];
let replaced: Failure[];
beforeEach(async () => {
  world = await World.open();
  clock = SimulatedClock.manual();
  over = new AbortController();
  gaps = [];
  replaced = [];
});
afterEach(() => world.close());

async function keep(context = world.context({ clock })) {
  const leave = await startHeartbeat(context, {
    url: 'http://127.0.0.1:8788/webhooks',
    signal: over.signal,
    readiness: (readiness = new Readiness(context)),
    onGap: (since) => void gaps.push(since - START),
    onReplaced: (failure) => void replaced.push(failure),
  });
  return async () => {
    over.abort();
    await leave();
  };
}

/** From, last sign of life, end: in milliseconds after the start. */
async function spans(): Promise<(number | null)[][]> {
  const listenings = await world.journal.listListeners(0);
  return listenings.map(({ startedAt, heartbeatAt, endedAt }: ListenerRecord) => [
    startedAt - START,
    heartbeatAt - START,
    endedAt && endedAt - START,
  ]);
}

test('a listener records a heartbeat every two seconds, and its end', async () => {
  const leave = await keep();
  await clock.pass(2_000);
  await clock.pass(2_000);
  expect(await spans()).toEqual([[0, 4_000, null]]);
  clock.time += 500;
  await leave();
  expect(await spans()).toEqual([[0, 4_500, 4_500]]);
  expect(gaps).toEqual([]);
});

test('a suspended machine leaves a gap, which is reported', async () => {
  const leave = await keep();
  await clock.pass(2_000);
  await clock.pass(3_600_000);
  await clock.pass(2_000);
  await leave();
  expect(await spans()).toEqual([
    [0, 2_000, 2_000],
    [3_602_000, 3_604_000, 3_604_000],
  ]);
  expect(gaps).toEqual([2_000]);
});

test('a journal that fails for a while leaves a gap, causes one warning, and is not ready meanwhile', async () => {
  const { journal } = world;
  let isFull = false;
  const full = new Failure('journal-unusable', 'The journal is full.', { hint: '' });
  const failing = new Proxy(journal, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) =>
        isFull ? Promise.reject(full) : Reflect.apply(method, target, args);
    },
  });
  const leave = await keep(world.context({ clock, journal: failing }));
  await clock.pass(2_000);
  const wasReady = [readiness.isReady];
  isFull = true;
  for (let count = 0; count < 6; count += 1) await clock.pass(2_000);
  wasReady.push(readiness.isReady);
  isFull = false;
  await clock.pass(2_000);
  wasReady.push(readiness.isReady);
  expect(wasReady).toEqual([true, false, true]);
  // A write that never returns is no success either.
  clock.time += 10_000;
  expect(readiness.isReady).toBe(false);
  clock.time -= 10_000;
  await leave();
  expect(await spans()).toEqual([
    [0, 2_000, 2_000],
    [16_000, 16_000, 16_000],
  ]);
  expect(world.said).toEqual(['The journal is full. Webhooks are answered 503 until it works again.']);
});

test('lastListenedAt returns the last heartbeat, and null while a listener is running', async () => {
  const ctx = world.context({ clock });
  expect(await lastListenedAt(ctx)).toBeNull();
  const leave = await keep();
  world.clock.time = clock.time;
  expect(await lastListenedAt(ctx)).toBeNull();
  await clock.pass(2_000);
  await leave();
  expect(await lastListenedAt(ctx)).toBe(START + 2_000);
});

const cards = async () => (await world.journal.listCards()).length;

describe('the projection of events', () => {
  test('the projection runs only after a time without events', async () => {
    const leave = await keep();
    const event = productionEvent('IN_PROGRESS');
    const body = Buffer.from('{}');
    await world.journal.keepEvent({
      ...event,
      deliveryId: null,
      signature: 'signed',
      body,
      receivedAt: 0,
      event,
    });
    await clock.pass(2_000);
    expect(await cards()).toBe(0);
    await clock.pass(2_000);
    expect(await cards()).toBe(1);
    await leave();
  });

  test('the projection leaves time for the heartbeats', async () => {
    const { journal } = world;
    let folds = 0;
    const endless = new Proxy(journal, {
      get: (target, name: keyof Journal) =>
        name !== 'projectEvents'
          ? target[name]
          : async () => {
              folds += 1;
              clock.time += 100;
              return false;
            },
    });
    const stopwatch = new Stopwatch(
      () => clock.time,
      async (milliseconds, signal) => (milliseconds < 2_000 ? undefined : clock.sleep(milliseconds, signal)),
    );
    const leave = await keep(world.context({ clock, stopwatch, journal: endless }));
    await clock.pass(2_000);
    expect(folds).toBe(5);
    await clock.pass(1_500);
    expect(await spans()).toEqual([[0, 4_000, null]]);
    await leave();
  });
});
