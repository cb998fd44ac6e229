import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PollOptions, poll } from '../../src/context/poll.ts';
import { Failure, Outage } from '../../src/domain/errors/failure.ts';
import type { ReadOptions } from '../../src/wise/client.ts';
import { SimulatedClock } from '../harness/clock.ts';

const START = 1_000_000;

/** A clock that does something at each pause. */
function makeClock(onSleep: (milliseconds: number) => void = () => undefined): SimulatedClock {
  return new SimulatedClock(START, onSleep);
}

interface Setup {
  clock?: SimulatedClock;
  /** Milliseconds from the start; null waits for ever. */
  timeout?: number | null;
  firstPause?: number;
  interval?: number;
  random?: () => number;
  signal?: AbortSignal;
  onOutage?: (outage: Outage) => void;
}

type Look = (turn: number, read: ReadOptions) => number | Promise<number>;

/** Polls until a look gives 100 or more. */
function pollUntil100(look: Look, setup: Setup = {}) {
  const {
    clock = makeClock(),
    timeout = 60_000,
    firstPause = 100,
    interval = 1_000,
    random = () => 0,
  } = setup;
  const looks: { at: number; left: number | undefined; read: ReadOptions }[] = [];
  const options: PollOptions<number, string> = {
    stopwatch: clock.stopwatch,
    random,
    signal: setup.signal ?? new AbortController().signal,
    timing: { firstPause, interval },
    deadline: clock.stopwatch.after(timeout),
    read: async (read) => {
      looks.push({ at: clock.now(), left: read.left?.(), read });
      return look(looks.length - 1, read);
    },
    decide: (seen) => (seen >= 100 ? { done: `saw ${seen}` } : 'wait'),
    ...(setup.onOutage && { onOutage: setup.onOutage }),
  };
  return { end: poll(options), clock, looks };
}

function outage(retryAfter: number | null = null): Outage {
  return new Outage('rate-limited', 'limited', { hint: 'h', retryAfter });
}

/** A clock that gives up after so many pauses. */
function limited(pauses: number): SimulatedClock {
  let left = pauses;
  return makeClock(() => {
    left -= 1;
    if (left < 0) throw new Error('enough');
  });
}

/** Sees one thing after the other, or throws it; the last one stays. */
function inTurn(...turns: (number | Error)[]): Look {
  return (turn) => {
    const next = turns[Math.min(turn, turns.length - 1)] ?? 0;
    if (next instanceof Error) throw next;
    return next;
  };
}

describe('looking', () => {
  test('a poll ends after the first read if that decides', async () => {
    const { end, clock, looks } = pollUntil100(() => 100);
    expect(await end).toEqual({ kind: 'done', result: 'saw 100' });
    expect([looks.length, clock.slept]).toEqual([1, []]);
  });

  test.each([0, -5_000])('a poll with a timeout of %i reads once', async (timeout) => {
    const { end, clock, looks } = pollUntil100(() => 7, { timeout });
    expect(await end).toEqual({ kind: 'deadline', seen: 7, outage: null });
    expect([looks.length, clock.slept]).toEqual([1, []]);
    expect((await pollUntil100(() => 100, { timeout }).end).kind).toBe('done');
  });

  test('a poll continues until a read decides', async () => {
    const { end, looks } = pollUntil100((turn) => turn * 25);
    expect(await end).toEqual({ kind: 'done', result: 'saw 100' });
    expect(looks).toHaveLength(5);
  });

  test('a poll ends with a last read at the deadline', async () => {
    const { end, clock, looks } = pollUntil100((turn) => turn, { timeout: 3_333 });
    const last = await end;
    expect(looks.at(-1)?.at).toBe(START + 3_333);
    expect(clock.now()).toBe(START + 3_333);
    expect(last).toEqual({ kind: 'deadline', seen: looks.length - 1, outage: null });
  });

  test('a poll can still be decided by the last read at the deadline', async () => {
    const clock = makeClock();
    const { end } = pollUntil100(() => (clock.now() >= START + 5_000 ? 100 : 0), {
      clock,
      timeout: 5_000,
      interval: 3_000,
    });
    expect((await end).kind).toBe('done');
  });

  test('a poll ends with a read that lasts longer than the remaining time', async () => {
    const clock = makeClock();
    const slow = (turn: number) => {
      clock.time += 4_000;
      return turn;
    };
    const { end, looks } = pollUntil100(slow, { clock, timeout: 3_000 });
    expect(await end).toEqual({ kind: 'deadline', seen: 0, outage: null });
    expect(looks).toHaveLength(1);
  });

  test('a poll without a deadline never ends by itself', async () => {
    const { end, looks } = pollUntil100((turn) => (turn === 5_000 ? 100 : 0), { timeout: null });
    expect((await end).kind).toBe('done');
    expect(looks).toHaveLength(5_001);
  });

  test('a read of a poll gets the remaining time, at least two seconds, and retries nothing itself', async () => {
    const { end, looks } = pollUntil100(() => 0, { timeout: 25_000, firstPause: 5_000, interval: 5_000 });
    await end;
    expect(looks.map(({ left }) => left)).toEqual([25_000, 20_000, 15_000, 10_000, 5_000, 2_000]);
    for (const { read } of looks)
      expect(read).toMatchObject({ retry: false, signal: expect.any(AbortSignal) });
  });
});

describe('pausing', () => {
  test('the pauses of a poll grow up to the interval', async () => {
    const { end, clock } = pollUntil100(() => 0, { timeout: 10_000, firstPause: 100, interval: 500 });
    await end;
    expect(clock.slept.slice(0, 7)).toEqual([100, 150, 225, 337.5, 500, 500, 500]);
  });

  test('a poll uses the pause of its caller, and then its own pauses as if there had been none', async () => {
    const clock = makeClock();
    const { signal } = new AbortController();
    const own = [true, true, false, true, false, false];
    let turn = 0;
    let longest = 0;
    await poll({
      stopwatch: clock.stopwatch,
      signal,
      timing: { firstPause: 100, interval: 1_000 },
      deadline: clock.stopwatch.after(10_000),
      random: () => 0,
      pause: () => {
        if (!own[turn++]) return null;
        return async (left) => {
          longest = left;
          await clock.stopwatch.sleep(20, signal);
        };
      },
      read: async () => turn,
      decide: (seen) => (seen === 6 ? { done: seen } : 'wait'),
    });
    expect(clock.slept).toEqual([20, 20, 100, 20, 150, 225]);
    expect(longest).toBe(9_860);
  });

  test('a poll pauses until shortly before the usual end, at most for the longest pause, and then as usual', async () => {
    const clock = makeClock();
    const { signal } = new AbortController();
    const slept = async (longestPause: number | undefined, random: number) => {
      const { length } = clock.slept;
      const started = clock.now();
      let turn = 0;
      await poll({
        stopwatch: clock.stopwatch,
        signal,
        timing: { firstPause: 100, interval: 1_000, ...(longestPause !== undefined && { longestPause }) },
        deadline: clock.stopwatch.after(60_000),
        random: () => random,
        usualEnd: () => started + 40_000 - clock.now(),
        read: async () => (turn += 1),
        decide: (seen) => (seen === 5 ? { done: seen } : 'wait'),
      });
      return clock.slept.slice(length);
    };
    expect(await slept(30_000, 0)).toEqual([30_000, 10_000, 1_000, 1_000]);
    expect(await slept(30_000, 1)).toEqual([30_000, 9_500, 760, 800]);
    expect(await slept(undefined, 0)).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  test('a poll that ends before the usual end is read at its deadline, not later', async () => {
    const clock = makeClock();
    const end = await poll({
      stopwatch: clock.stopwatch,
      signal: new AbortController().signal,
      timing: { firstPause: 100, interval: 1_000, longestPause: 30_000 },
      deadline: clock.stopwatch.after(5_000),
      usualEnd: () => 40_000,
      read: async () => clock.now() - START,
      decide: () => 'wait',
    });
    expect(end).toMatchObject({ kind: 'deadline', seen: 5_000 });
  });

  test('the pauses of a poll never exceed the interval, not even the first one', async () => {
    const { end, clock } = pollUntil100(() => 0, { timeout: 1_000, firstPause: 5_000, interval: 50 });
    await end;
    expect(Math.max(...clock.slept)).toBe(50);
  });

  test('jitter shortens a pause of a poll by at most a fifth, and never exceeds the deadline', async () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const setup = fc.record({
      firstPause: fc.integer({ min: 1, max: 2_000 }),
      interval: fc.integer({ min: 1, max: 5_000 }),
      timeout: fc.integer({ min: 0, max: 20_000 }),
    });
    await fc.assert(
      fc.asyncProperty(setup, fc.array(part, { minLength: 1, maxLength: 5 }), async (given, parts) => {
        let turn = 0;
        const random = () => parts[turn++ % parts.length] ?? 0;
        const jittered = pollUntil100(() => 0, { ...given, random });
        const even = pollUntil100(() => 0, {
          ...given,
          timeout: null,
          signal: AbortSignal.any([]),
          clock: limited(1_000),
        });
        await jittered.end;
        await even.end.catch(() => undefined);
        const { slept } = jittered.clock;
        expect(jittered.clock.now()).toBeLessThanOrEqual(START + given.timeout + 0.001);
        for (const [index, pause] of slept.slice(0, -1).entries()) {
          const whole = even.clock.slept[index] ?? given.interval;
          expect(pause).toBeLessThanOrEqual(whole + 0.001);
          expect(pause).toBeGreaterThanOrEqual(whole * 0.8 - 0.001);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('an outage', () => {
  test('a poll continues during an outage, and reports it each time', async () => {
    const told: Outage[] = [];
    const failing = [outage(), outage(), outage()];
    const { end, looks } = pollUntil100(inTurn(...failing, 100), { onOutage: (one) => told.push(one) });
    expect(await end).toEqual({ kind: 'done', result: 'saw 100' });
    expect(looks).toHaveLength(4);
    expect(told).toEqual(failing);
  });

  test('a poll that ends in an outage returns the last read before it', async () => {
    expect(await pollUntil100(inTurn(42, outage()), { timeout: 2_000 }).end).toMatchObject({
      kind: 'deadline',
      seen: 42,
      outage: { code: 'rate-limited' },
    });
  });

  test('an outage that is over at the deadline is not reported', async () => {
    expect(await pollUntil100(inTurn(outage(), 42), { timeout: 150 }).end).toEqual({
      kind: 'deadline',
      seen: 42,
      outage: null,
    });
  });

  test('a poll observes the Retry-After of an outage, once', async () => {
    const { end, clock } = pollUntil100(inTurn(outage(7_000), 0, 0, 100));
    await end;
    expect(clock.slept).toEqual([7_000, 150, 225]);
  });

  test('a Retry-After that is shorter than the pause does not shorten it', async () => {
    const { end, clock } = pollUntil100(inTurn(outage(1), 100));
    await end;
    expect(clock.slept).toEqual([100]);
  });

  test('a poll ends at its deadline if Retry-After is later', async () => {
    const { end, clock } = pollUntil100(inTurn(outage(3_600_000)), { timeout: 5_000 });
    expect(await end).toMatchObject({ kind: 'deadline', seen: null, outage: { retryAfter: 3_600_000 } });
    expect(clock.now()).toBe(START + 5_000);
  });
});

describe('any other error', () => {
  test.each([
    ['a failure', new Failure('credentials-refused', 'm', { hint: 'h' })],
    ['a failure that is no outage, with the code of one', new Failure('unreachable', 'm', { hint: 'h' })],
    ['a bug', new TypeError('no')],
  ])('ends it: %s of a look', async (_, error) => {
    const { end, clock } = pollUntil100(() => {
      throw error;
    });
    await expect(end).rejects.toBe(error);
    expect(clock.slept).toEqual([]);
  });

  test('an error of the decision ends a poll', async () => {
    const error = new Failure('order-cancelled', 'm', { hint: 'h' });
    const decide = () => {
      throw error;
    };
    const { signal } = new AbortController();
    const end = poll({
      stopwatch: makeClock().stopwatch,
      signal,
      timing: { firstPause: 1, interval: 1 },
      deadline: null,
      read: async () => 1,
      decide,
    });
    await expect(end).rejects.toBe(error);
  });
});

describe('an interruption', () => {
  const reason = new Failure('interrupted', 'm', { hint: 'h' });

  test('a signal during a pause ends a poll with its reason', async () => {
    const controller = new AbortController();
    const clock = makeClock(() => controller.abort(reason));
    const { end, looks } = pollUntil100(() => 0, { clock, signal: controller.signal });
    await expect(end).rejects.toBe(reason);
    expect(looks).toHaveLength(1);
  });

  test.each([
    ['an outage', outage()],
    ['any error', new Error('socket closed')],
  ])('during a look ends it with its reason, not with what the look makes of it: %s', async (_, error) => {
    const controller = new AbortController();
    const look = () => {
      controller.abort(reason);
      throw error;
    };
    await expect(pollUntil100(look, { signal: controller.signal }).end).rejects.toBe(reason);
  });

  test('a signal does not discard the result of a read', async () => {
    const controller = new AbortController();
    const look = () => {
      controller.abort(reason);
      return 100;
    };
    expect((await pollUntil100(look, { signal: controller.signal }).end).kind).toBe('done');
  });
});
