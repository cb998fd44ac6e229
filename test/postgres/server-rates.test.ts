// The rate limits that all processes on one journal in PostgreSQL share.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { RateLimit } from '../../src/domain/times/rate-limit.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { ServerRates } from '../../src/postgres/server-rates.ts';
import { RateLimiter } from '../../src/wise/rate-limiter.ts';
import { portOf } from '../harness/ports.ts';
import { makeLogin, makeSchema, openTestSession, testWithPostgres } from '../harness/postgres.ts';

const LIMIT = { requests: 10, within: 60_000 };
const WISH = { kept: 0, reserved: 0, wanted: 6, isReservation: false, answerAges: [], blockFor: 0 };

interface Traits {
  environment?: string;
  client?: string;
  limit?: RateLimit;
}

/** The limits as one more process opens them. */
function open(
  address: PostgresAddress,
  { environment = 'sandbox', client = '', limit = LIMIT }: Traits = {},
): ServerRates {
  const rates = new ServerRates({ address: () => address, environment, client, limits: [limit] });
  onTestFinished(async () => rates.close());
  return rates;
}

/** A request that takes some time. */
async function send() {
  await pause(2);
  const arrivedAt = performance.now();
  await pause(3);
  return { isLimited: false, isGood: true, retryAfter: null, arrivedAt };
}

/** Sends several requests. @returns the times of their arrivals */
async function sendAll(limiter: RateLimiter, count: number): Promise<number[]> {
  const requests = Array.from({ length: count }, async () =>
    limiter.run({ send, read: (answer) => answer, patience: 60_000 }),
  );
  return (await Promise.all(requests)).map(({ arrivedAt }) => arrivedAt);
}

testWithPostgres('four processes together send no more than a limit allows', async () => {
  const address = await makeLogin(await makeSchema());
  const limit = { requests: 20, within: 300 };
  const limiters = Array.from({ length: 4 }, () => new RateLimiter([limit], open(address, { limit })));
  const arrivals = await Promise.all(limiters.map(async (limiter) => sendAll(limiter, 20)));
  const times = arrivals.flat().toSorted((left, right) => left - right);
  expect(times).toHaveLength(80);
  const tooSoon = times.filter((at, index) => (times[index + 20] ?? Number.POSITIVE_INFINITY) < at + 300);
  expect(tooSoon).toEqual([]);
});

testWithPostgres('a pause that Wise asked one process for applies to the others', async () => {
  const address = await makeLogin(await makeSchema());
  await open(address).takePermits({ ...WISH, blockFor: 60_000 });
  const grant = await open(address).takePermits(WISH);
  expect(grant).toMatchObject({ permits: 0 });
  expect(grant?.blockedFor).toBeGreaterThan(50_000);
});

testWithPostgres('each environment and each client has limits of its own', async () => {
  const address = await makeLogin(await makeSchema());
  expect(await open(address).takePermits(WISH)).toMatchObject({ permits: 6 });
  expect(await open(address).takePermits(WISH)).toMatchObject({ permits: 4 });
  expect(await open(address, { environment: 'production' }).takePermits(WISH)).toMatchObject({ permits: 6 });
  expect(await open(address, { client: 'other' }).takePermits(WISH)).toMatchObject({ permits: 6 });
});

testWithPostgres('permits do not wait for the writers of the journal', async () => {
  const address = await makeSchema();
  const writer = await openTestSession(address);
  await writer.begin();
  expect(await open(address).takePermits(WISH)).toMatchObject({ permits: 6 });
});

testWithPostgres('a row that stays locked is given up within a second, and used again later', async () => {
  const address = await makeSchema();
  const rates = open(address);
  await rates.takePermits(WISH);
  const other = await openTestSession(address);
  await other.script('BEGIN', 'SELECT rate FROM shared_rates FOR UPDATE');
  const started = performance.now();
  expect(await rates.takePermits(WISH)).toBeNull();
  expect(performance.now() - started).toBeLessThan(5_000);
  await other.script('ROLLBACK');
  expect(await rates.takePermits(WISH)).toMatchObject({ permits: 6 });
});

testWithPostgres('a session that the server ended is replaced', async () => {
  const owner = await makeSchema();
  const address = await makeLogin(owner);
  const rates = open(address);
  await rates.takePermits(WISH);
  const other = await openTestSession(owner);
  const terminate =
    'SELECT pg_terminate_backend(pid, 3000) AS "hasEnded" FROM pg_stat_activity WHERE usename = :user';
  expect((await other.run(terminate, { user: address.user })).rows).toEqual([{ hasEnded: 1 }]);
  await expect.poll(async () => rates.takePermits(WISH)).toMatchObject({ permits: 6 });
});

testWithPostgres('a server that never answers is given up within a second', async () => {
  const address = await makeSchema();
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const rates = open({ ...address, port: portOf(silent) });
  const started = performance.now();
  expect(await rates.takePermits(WISH)).toBeNull();
  expect(performance.now() - started).toBeLessThan(5_000);
});

testWithPostgres('without the table of a newer schema, each process keeps the limits alone', async () => {
  const address = await makeSchema();
  await (await openTestSession(address)).script('DROP TABLE shared_rates');
  expect(await open(address).takePermits(WISH)).toBeNull();
});
