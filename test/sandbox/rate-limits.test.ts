import { expect, test } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { TestSandbox } from '../harness/sandbox.ts';

async function open(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  return TestSandbox.open({ rateLimits: true, ...options });
}

/** Counts the statuses of concurrent requests. */
async function ask(sandbox: TestSandbox, count: number): Promise<Record<string, number>> {
  const target = 'GET /v3/spend/profiles/1001/card-orders/availability';
  const replies = await Promise.all(Array.from({ length: count }, async () => sandbox.call(target)));
  const counts: Record<string, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('more than 100 requests in any second are answered 429, and have no effect', async () => {
  const sandbox = await open();
  expect(await ask(sandbox, 60)).toEqual({ 200: 60 });
  sandbox.clock.time += 600;
  expect(await ask(sandbox, 60)).toEqual({ 200: 40, 429: 20 });
  const { status, headers, body } = await sandbox.createOrder(1001);
  expect([status, headers.get('retry-after'), headers.get('x-rate-limited-by')]).toEqual([
    429,
    '1',
    'wise-public-api',
  ]);
  expect(body).toMatchObject({ status: 429, error: 'Too Many Requests' });
  expect(headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  sandbox.clock.time += 400;
  expect(await ask(sandbox, 61)).toEqual({ 200: 60, 429: 1 });
  const refused = (await sandbox.requests()).filter(({ status: one }) => one === 429);
  expect(refused).toHaveLength(22);
  expect(await sandbox.outbox()).toEqual([]);
});

test('more than 1,000 requests in a minute of the sandbox are answered 429', async () => {
  const sandbox = await open({ speed: 6 });
  for (let second = 0; second < 10; second += 1) {
    expect(await ask(sandbox, 100)).toEqual({ 200: 100 });
    sandbox.clock.time += 167;
  }
  const { status, headers } = await sandbox.createOrder(1001);
  expect([status, headers.get('retry-after')]).toEqual([429, '9']);
  sandbox.clock.time += 10_000 - 10 * 167 - 1;
  expect(await ask(sandbox, 1)).toEqual({ 429: 1 });
  sandbox.clock.time += 1;
  expect(await ask(sandbox, 101)).toEqual({ 200: 100, 429: 1 });
});

test('the control endpoint has no rate limit, and without the option nothing has', async () => {
  const sandbox = await open();
  await ask(sandbox, 101);
  await sandbox.control('POST advance', { milliseconds: 3_600_000 });
  expect(await ask(sandbox, 1)).toEqual({ 429: 1 });
  expect((await sandbox.requests()).length).toBeGreaterThan(0);
  expect(await ask(await TestSandbox.open(), 150)).toEqual({ 200: 150 });
});
