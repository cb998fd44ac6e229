import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { type StatusResult, watchStatus } from '../../src/status/status.ts';
import { World } from '../harness/world.ts';

let world: World;

beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const PLAIN = { history: false, exitStatus: false, deadline: null, via: 'poll' } as const;
const NOBODYS: CardRequest = { profileId: 1001, orderId: 4711, cardToken: null };

test('a watch ends with a card that the API does not know, and says so once', async () => {
  const seen: StatusResult[][] = [];
  const results = await watchStatus(world.context(), { ...PLAIN, targets: [NOBODYS] }, async (changed) => {
    seen.push(changed);
  });
  expect(results).toMatchObject([{ exitCode: 10, error: { code: 'not-found' } }]);
  expect(seen).toHaveLength(1);
});

test('a watch continues after an outage, and reports it once', async () => {
  const card = await world.readyCard();
  world.sandbox.advance(61 * 86_400_000);
  world.fault({ kind: 'answer', method: 'GET', path: '/card-orders/', times: 3, status: 503 });
  const seen: string[] = [];
  await watchStatus(world.context(), { ...PLAIN, targets: [card] }, async ([result]) => {
    seen.push(result?.error?.code ?? result?.card.stage ?? '');
  });
  expect(seen).toEqual(['api-failing', 'expired']);
});
