import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  type RateLimit,
  type SharedRate,
  takePermits,
  UNUSED_RATE,
} from '../../src/domain/times/rate-limit.ts';
import { type LimitedAnswer, RateLimiter } from '../../src/wise/rate-limiter.ts';
import type { SharedLimits } from '../../src/wise/shared-permits.ts';

const FINE: LimitedAnswer = { isLimited: false, isGood: true, retryAfter: null };
const same = (answer: LimitedAnswer) => answer;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** The limits of several processes, without a file. */
class Limits {
  rate: SharedRate = UNUSED_RATE;
  readonly limits: readonly RateLimit[];
  /** The number of reports. */
  reports = 0;
  /** Answers none of the reports with `silent`. */
  state: 'usable' | 'unusable' | 'silent' = 'usable';

  constructor(...limits: readonly RateLimit[]) {
    this.limits = limits;
  }

  /** The limits for one more process. */
  open(): SharedLimits {
    const user = crypto.randomUUID();
    return {
      takePermits: async (request) => {
        this.reports += 1;
        if (this.state === 'silent') return new Promise(() => undefined);
        if (this.state === 'unusable') return null;
        const decided = takePermits(this.rate, request, {
          user,
          limits: this.limits,
          now: performance.now(),
        });
        this.rate = decided.rate;
        return decided.grant;
      },
      close: async () => undefined,
    };
  }

  /** The limiter of one more process. */
  limiter(): RateLimiter {
    return new RateLimiter(this.limits, this.open());
  }

  get inUse(): number {
    return Object.values(this.rate.users).reduce((sum, { permits }) => sum + permits, 0);
  }
}

/** Sends requests that take some time. @returns the times of their arrivals */
async function sendAll(limiter: RateLimiter, count: number, sent: number[] = []): Promise<number[]> {
  const send = async () => {
    await pause(2);
    sent.push(performance.now());
    return pause(3, FINE);
  };
  await Promise.all(numbers(count).map(async () => limiter.run({ send, read: same, patience: 60_000 })));
  return sent;
}

describe.concurrent('several processes', () => {
  test('together send no more than a limit allows', async () => {
    const shared = new Limits({ requests: 20, within: 300 });
    const arrived: number[] = [];
    await Promise.all(numbers(4).map(async () => sendAll(shared.limiter(), 20, arrived)));
    const times = arrived.toSorted((left, right) => left - right);
    expect(times).toHaveLength(80);
    expect(times.filter((at, index) => (times[index + 20] ?? Number.POSITIVE_INFINITY) < at + 300)).toEqual(
      [],
    );
  });

  test('take several permits with one report', async () => {
    const shared = new Limits({ requests: 1_000, within: 1_000 });
    await sendAll(shared.limiter(), 160);
    expect(shared.reports).toBeLessThanOrEqual(20);
  });

  test('pause together after a 429 that one of them got', async () => {
    const shared = new Limits({ requests: 1_000, within: 1_000 });
    const other = shared.limiter();
    await sendAll(other, 2);
    const limited = { isLimited: true, isGood: false, retryAfter: 1_000 };
    await shared.limiter().run({ send: async () => limited, read: same, patience: 60_000 });
    const from = performance.now();
    // Permits that the other one has already are good for a quarter of a second.
    await pause(250);
    const [first = 0] = await sendAll(other, 1);
    expect(first - from).toBeGreaterThanOrEqual(990);
  });

  test('leave room for the reads before their reserved requests', async () => {
    const shared = new Limits({ requests: 12, within: 60_000 });
    const limiters = numbers(4).map(() => shared.limiter());
    const reserved = limiters.flatMap((limiter) =>
      numbers(3).map(async () => limiter.reserve({ patience: 200 })),
    );
    const ends = await Promise.allSettled(reserved);
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(6);
    await sendAll(limiters[0] ?? shared.limiter(), 2);
  });

  test('get the permits that another one returns at its end', async () => {
    const shared = new Limits({ requests: 4, within: 60_000 });
    const first = shared.limiter();
    await sendAll(first, 1);
    await first.close();
    expect(shared.inUse).toBe(0);
    expect(await sendAll(shared.limiter(), 3)).toHaveLength(3);
  });

  test('get the permits that another one did not use for a while', async () => {
    const shared = new Limits({ requests: 4, within: 60_000 });
    await sendAll(shared.limiter(), 1);
    expect(await sendAll(shared.limiter(), 3)).toHaveLength(3);
  });
});

describe.concurrent('a process that cannot share its limits', () => {
  test('keeps them alone', async () => {
    const shared = new Limits({ requests: 10, within: 300 });
    shared.state = 'unusable';
    const times = await sendAll(shared.limiter(), 20);
    expect((times[10] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(295);
    expect(shared.reports).toBe(1);
  });

  test('does not wait long for an answer of the journal', async () => {
    const shared = new Limits({ requests: 10, within: 300 });
    shared.state = 'silent';
    expect(await sendAll(shared.limiter(), 3)).toHaveLength(3);
  });

  test('shares them again later, with what it used meanwhile', async () => {
    const shared = new Limits({ requests: 10, within: 60_000 });
    const limiter = shared.limiter();
    shared.state = 'unusable';
    await sendAll(limiter, 4);
    shared.state = 'usable';
    const tries = shared.reports;
    while (shared.reports === tries) await pause(20);
    expect(shared.rate.answered.reduce((sum, [, count]) => sum + count, 0)).toBe(4);
  });
});
