import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitReady } from '../../src/cards/wait-ready.ts';
import { Client, type ClientOptions } from '../../src/wise/client.ts';
import { listPrograms } from '../../src/wise/orders.ts';
import { WISE_RATE_LIMITS } from '../../src/wise/rate-limiter.ts';
import { CachedToken, fetchClientToken } from '../../src/wise/tokens.ts';
import { World } from '../harness/world.ts';

const TIMEOUT_MS = 8_000;
/** Longer than the timeout, and short enough for the limiter to wait. */
const LIMITED = { kind: 'answer', status: 429, retryAfter: 20, times: 1 } as const;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

function clientOf(more: Partial<ClientOptions>): Client {
  return new Client({
    baseUrl: async () => world.url,
    apiVersion: 'legacy',
    token: async () => 'any',
    userAgent: 'test',
    ...more,
  });
}

/** Waits for a card that can't be read, and returns how long that took on the clock of the workflow. */
async function timeOf(client: Client): Promise<number> {
  const targets = [await world.readyCard()];
  const timing = { ...world.context().timing, timeout: TIMEOUT_MS };
  const began = world.clock.now();
  const results = await waitReady(world.context({ timing, wise: client }), { targets, via: 'poll' });
  expect(results.map(({ exitCode }) => exitCode)).toEqual([75]);
  return world.clock.now() - began;
}

// Without the budget, each of these waits for 20 real seconds or more, or goes far beyond its timeout.
describe('the timeout of a wait is one budget', { timeout: 19_000 }, () => {
  test('the timeout of a wait includes the rate limiter that another request blocked', async () => {
    const client = clientOf({ rateLimits: WISE_RATE_LIMITS });
    world.fault({ ...LIMITED, method: 'GET' });
    await expect(listPrograms(client, 1001, { retry: false })).rejects.toMatchObject({
      code: 'rate-limited',
    });
    expect(await timeOf(client)).toBeLessThanOrEqual(TIMEOUT_MS);
  });

  test('the timeout of a wait includes the renewal of a token', async () => {
    world.fault({ ...LIMITED, path: '/oauth/token', times: 1_000 });
    const source = { client: { clientId: 'a', clientSecret: 'b' }, source: 'the test' };
    const token = new CachedToken(
      async (_, left) => fetchClientToken(clientOf({}), { ...source, left }),
      () => 0,
    );
    const client = clientOf({ token: async (_, options) => token.get(options) });
    expect(await timeOf(client)).toBeLessThanOrEqual(TIMEOUT_MS);
  });

  test('the timeout of a wait includes all requests of a read', async () => {
    const slow = clientOf({
      token: async () => {
        world.clock.time += 5_000;
        return 'any';
      },
    });
    expect(await timeOf(slow)).toBeLessThanOrEqual(TIMEOUT_MS + 2_000);
  });
});
