import { setTimeout as pause } from 'node:timers/promises';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { Failure, Outage } from '../../src/domain/errors/failure.ts';
import type { RateLimit } from '../../src/domain/times/rate-limit.ts';
import type { Client, ReadOptions } from '../../src/wise/client.ts';
import type { Permit } from '../../src/wise/permit.ts';
import { type LimitedAnswer, RateLimiter, WISE_RATE_LIMITS } from '../../src/wise/rate-limiter.ts';
import { inTurn, json, silence, Vendor } from '../harness/server.ts';

const PATH = '/v3/spend/profiles/1001/cards';
const good = json(200, { good: true });
const put = { method: 'PUT', path: PATH, profileId: 1001, body: {} } as const;
const same = (answer: LimitedAnswer) => answer;
const open = async (client: Client, permit: Permit | undefined) =>
  client.open({ ...put, decode: (sent) => sent }, { permit });
/** More than any test sends at the same time. */
const PLENTY: RateLimit[] = [{ requests: 1_000, within: 1_000 }];

async function read(client: Client, path = PATH, options: ReadOptions = { retry: false }) {
  const schema = v.object({ good: v.boolean() });
  return client.read({ method: 'GET', path, profileId: 1001, schema }, options);
}

/** Returns the largest number of arrivals within any period. */
function most(times: readonly number[], within: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + within).length));
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

// Not concurrent, because these tests measure when requests arrive.
describe('a sequence of requests', () => {
  test('a sequence of requests observes two rate limits at once, in its order', async () => {
    const limiter = new RateLimiter([
      { requests: 10, within: 200 },
      { requests: 25, within: 1_000 },
    ]);
    const sent: { index: number; at: number }[] = [];
    const answer = { isLimited: false, isGood: true, retryAfter: null };
    const send = (index: number) => async () => {
      sent.push({ index, at: performance.now() });
      return pause(5, answer);
    };
    const ask = async (index: number) => limiter.run({ send: send(index), read: same, patience: 60_000 });
    // The first one alone: windows that don't slide would allow the next ones at the end of one and the start of another.
    await ask(0);
    await pause(150);
    await Promise.all(numbers(59).map((index) => ask(index + 1)));
    const times = sent.map(({ at }) => at);
    // Less than the windows: a busy machine may pause between a permit and its sending.
    expect(most(times, 150)).toBeLessThanOrEqual(10);
    expect(most(times, 900)).toBeLessThanOrEqual(25);
    expect(sent.map(({ index }) => index)).toEqual(numbers(60));
  });

  test('a sequence of requests never arrives faster than the limit allows, however long each request takes', async () => {
    const limiter = new RateLimiter([{ requests: 10, within: 150 }]);
    const arrived: number[] = [];
    const send = (index: number) => async () => {
      // Every second ten are slow, so that they arrive together with requests that leave after them.
      await pause(index % 20 < 10 ? 60 : 1);
      arrived.push(performance.now());
      return { isLimited: false, isGood: true, retryAfter: null };
    };
    const ask = async (index: number) => limiter.run({ send: send(index), read: same, patience: 60_000 });
    await Promise.all(numbers(60).map(ask));
    expect(most(arrived, 150)).toBe(10);
  });

  test('a sequence of requests counts each retry', async () => {
    const vendor = await Vendor.open(inTurn(good, json(503, {}, { 'retry-after': '0' }), good));
    await read(vendor.client(), '/warm-up');
    const client = vendor.client({ rateLimits: [{ requests: 1, within: 300 }] });
    await read(client, PATH, {});
    const [, first = 0, second = 0] = vendor.asked.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(200);
    expect(client.used).toEqual({ reads: 2, sends: 0 });
  });
});

describe.concurrent('requests', () => {
  test('requests are counted if they may have arrived, reads and writes separately', async () => {
    const vendor = await Vendor.open(inTurn(good, silence, good));
    const client = vendor.client({ rateLimits: WISE_RATE_LIMITS });
    await read(client);
    await read(client, PATH, { retry: false, left: () => 100 }).catch(() => undefined);
    await client.send(put);
    const unheard = new Vendor('http://127.0.0.1:1').client({ rateLimits: WISE_RATE_LIMITS });
    await unheard.send(put);
    expect([client.used, unheard.used]).toEqual([
      { reads: 2, sends: 1 },
      { reads: 0, sends: 0 },
    ]);
  });

  test('requests whose wait is interrupted leave the queue, and are never sent', async () => {
    const reason = new Failure('interrupted', 'm', { hint: 'h' });
    const controller = new AbortController();
    const { signal } = controller;
    // All others wait by then, and none of them may leave within the window.
    const vendor = await Vendor.open((response, index, asked) => {
      good(response, index, asked);
      controller.abort(reason);
    });
    const client = vendor.client({ rateLimits: [{ requests: 1, within: 60_000 }] });
    const first = read(client, '/first');
    const waiting = numbers(5).map(async (index) => read(client, `/${index}`, { signal, retry: false }));
    const ends = await Promise.allSettled(waiting);
    expect(ends).toEqual(numbers(5).map(() => ({ status: 'rejected', reason })));
    await first;
    await expect(read(client, '/last', { left: () => 50 })).rejects.toMatchObject({ code: 'rate-limited' });
    expect(vendor.asked.map(({ path }) => path)).toEqual(['/first']);
  });

  test('requests that the rate limit would not allow in time are not sent', async () => {
    const vendor = await Vendor.open(good);
    const client = vendor.client({ rateLimits: [{ requests: 1, within: 60_000 }] });
    await read(client);
    const failure = await read(client, PATH, { left: () => 100 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Outage);
    expect(failure).toMatchObject({ code: 'rate-limited', exitCode: 7 });
    expect(await client.send(put, { left: () => 50 })).toMatchObject({ kind: 'not-connected' });
    expect(vendor.asked).toHaveLength(1);
  });
});

describe.concurrent('a request with an effect', () => {
  test('a request with an effect is sent immediately with a permit, and uses it up', async () => {
    const vendor = await Vendor.open(good);
    const client = vendor.client({ rateLimits: [{ requests: 1, within: 400 }] });
    const request = await open(client, await client.reserve());
    const waiting = read(client);
    expect(await request.go({})).toMatchObject({ httpStatus: 200 });
    await waiting;
    const [act, other] = vendor.asked;
    expect([act?.method, other?.method]).toEqual(['PUT', 'GET']);
    expect((other?.at ?? 0) - (act?.at ?? 0)).toBeGreaterThanOrEqual(200);
  });

  const fine = { isLimited: false, isGood: true, retryAfter: null };
  const brief = { send: async () => fine, read: same, patience: 100 };

  test('a request with an effect keeps its place while the card is read, and held permits leave half of the places', async () => {
    const limiter = new RateLimiter([{ requests: 4, within: 60_000 }]);
    const first = await limiter.reserve({ patience: 1_000 });
    await limiter.reserve({ patience: 1_000 });
    await expect(limiter.reserve({ patience: 50 })).rejects.toThrow('held back');
    await limiter.run(brief);
    await limiter.run(brief);
    await expect(limiter.run(brief)).rejects.toThrow('held back');
    expect(await limiter.sendWith(first, brief)).toBe(fine);
  });

  test('a request with an effect that is not sent frees its place', async () => {
    const limiter = new RateLimiter([{ requests: 2, within: 60_000 }]);
    for (const _ of numbers(5)) (await limiter.reserve({ patience: 1_000 })).cancel();
    await limiter.run(brief);
    const last = await limiter.reserve({ patience: 1_000 });
    await expect(limiter.run(brief)).rejects.toThrow('held back');
    last.cancel();
    last.cancel();
    await limiter.run(brief);
    await expect(limiter.run(brief)).rejects.toThrow('held back');
  });

  test('a request with an effect needs no permit without rate limits', async () => {
    const vendor = await Vendor.open(good);
    expect(await vendor.client().reserve()).toBeUndefined();
  });

  test('a request with an effect is not repeated after a 429', async () => {
    const vendor = await Vendor.open(inTurn(json(429, {}, { 'retry-after': '0' }), good));
    const client = vendor.client({ rateLimits: PLENTY });
    expect(await client.send(put)).toMatchObject({ httpStatus: 429 });
    await read(client);
    expect(vendor.asked.map(({ method }) => method)).toEqual(['PUT', 'GET']);
    expect(client.used).toEqual({ reads: 1, sends: 1 });
  });

  test('a request with an effect is not sent with a permit while a 429 blocks all requests', async () => {
    const vendor = await Vendor.open(inTurn(json(429, {}, { 'retry-after': '20' }), good));
    const client = vendor.client({ rateLimits: PLENTY });
    const request = await open(client, await client.reserve());
    await read(client).catch(() => undefined);
    const sent = await request.go({});
    expect(sent).toMatchObject({ kind: 'not-connected', heldBack: expect.any(Number) });
    expect(vendor.asked).toHaveLength(1);
  });
});

describe.concurrent('a 429', () => {
  test('a 429 blocks all requests for the time of Retry-After, and then they are sent one by one', async () => {
    let flying = 0;
    const together: number[] = [];
    const vendor = await Vendor.open((response, index, asked) => {
      if (index === 0) return json(429, {}, { 'retry-after': '1' })(response, index, asked);
      flying += 1;
      together.push(flying);
      setTimeout(() => {
        flying -= 1;
        good(response, index, asked);
      }, 30);
    });
    const client = vendor.client({ rateLimits: PLENTY });
    await expect(read(client)).rejects.toMatchObject({ code: 'rate-limited' });
    await Promise.all(numbers(30).map(async () => read(client)));
    const [limited = 0, next = 0] = vendor.asked.map(({ at }) => at);
    expect(next - limited).toBeGreaterThanOrEqual(995);
    expect(together.slice(0, 3)).toEqual([1, 1, 2]);
    expect(Math.max(...together)).toBeGreaterThan(4);
  });

  test('a 429 also blocks requests that are already waiting', async () => {
    const limiter = new RateLimiter([{ requests: 1, within: 100 }]);
    const fine = { isLimited: false, isGood: true, retryAfter: null };
    const answers = [fine, { isLimited: true, isGood: false, retryAfter: 1_000 }, fine, fine];
    const sent: number[] = [];
    const send = async () => answers[sent.push(performance.now()) - 1] ?? fine;
    const ask = async () => limiter.run({ send, read: same, patience: 60_000 });
    await Promise.all(numbers(4).map(ask));
    const [, second = 0, third = 0] = sent;
    expect(third - second).toBeGreaterThanOrEqual(995);
  });

  test.each([429, 503])(
    'a 429 (or %i) that asks for minutes fails the next requests without sending them',
    async (status) => {
      const vendor = await Vendor.open(inTurn(json(status, {}, { 'retry-after': '300' }), good));
      const client = vendor.client({ rateLimits: PLENTY });
      await expect(read(client, PATH, {})).rejects.toMatchObject({ retryAfter: 300_000 });
      const next: unknown = await read(client, PATH, {}).catch((error: unknown) => error);
      expect(next).toMatchObject({ code: 'rate-limited', retryAfter: expect.any(Number) });
      await expect(client.reserve()).rejects.toMatchObject({ code: 'rate-limited' });
      expect(vendor.asked).toHaveLength(1);
    },
  );

  test('a 503 without Retry-After blocks nothing', async () => {
    const vendor = await Vendor.open(inTurn(json(503, {}), good));
    const client = vendor.client({ rateLimits: PLENTY });
    await expect(read(client)).rejects.toMatchObject({ code: 'api-failing' });
    expect(await read(client, PATH, { left: () => 900 })).toEqual({ good: true });
  });

  test('a 429 without Retry-After blocks requests for a second, and the next one for two', async () => {
    const vendor = await Vendor.open(inTurn(json(429, {}), json(429, {}), good));
    const client = vendor.client({ rateLimits: PLENTY });
    for (let round = 0; round < 3; round += 1) await read(client).catch(() => undefined);
    const [first = 0, second = 0, third = 0] = vendor.asked.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(995);
    expect(third - second).toBeGreaterThanOrEqual(1_995);
  });

  test('a 429 counts once for requests that were in flight together', async () => {
    const limiter = new RateLimiter(PLENTY);
    const limited = { isLimited: true, isGood: false, retryAfter: null };
    const ask = async () =>
      limiter.run({ send: async () => pause(20, limited), read: same, patience: 60_000 });
    await Promise.all(numbers(8).map(ask));
    const started = performance.now();
    await ask();
    // Counted twice, it would be two seconds.
    expect(performance.now() - started).toBeLessThan(1_950);
  });
});

test('the limiter reports the share of each limit that its requests use', async () => {
  const limiter = new RateLimiter([
    { requests: 4, within: 60_000 },
    { requests: 10, within: 3_600_000 },
  ]);
  const shares = () => limiter.windows.map(({ limit, use }) => [limit.within, use]);
  expect(shares()).toEqual([
    [60_000, 0],
    [3_600_000, 0],
  ]);
  const answer = { isLimited: false, isGood: true, retryAfter: null };
  await limiter.run({ send: async () => Promise.resolve(answer), read: same, patience: 0 });
  expect(shares()).toEqual([
    [60_000, 0.25],
    [3_600_000, 0.1],
  ]);
});

test('finished requests leave nothing behind in the limiter', async () => {
  const limiter = new RateLimiter(PLENTY);
  const answer = { isLimited: false, isGood: true, retryAfter: null };
  const controller = new AbortController();
  const { signal } = controller;
  for (let round = 0; round < 300; round += 1)
    await limiter.run({ send: async () => answer, read: same, patience: 60_000, signal });
  controller.abort();
  await expect(
    limiter.run({ send: async () => answer, read: same, patience: 60_000, signal }),
  ).rejects.toThrow();
});
