import { afterEach, beforeEach, expect, test } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { ProduceSettings } from '../../src/domain/production.ts';
import type { Client } from '../../src/wise/client.ts';
import { OneCard } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

/** A client that notes the bodies of produce requests, and sends nothing of them that the sandbox does not know. */
function noting(bodies: unknown[]): Client {
  const client = world.client();
  const open = client.open.bind(client);
  client.open = async (...request) => {
    const connection = await open(...request);
    const go = connection.go.bind(connection);
    connection.go = async (body) => {
      bodies.push(body);
      return go({ kioskId: parseKioskId('WIS00001') });
    };
    return connection;
  };
  return client;
}

test('produce and retry send every field of the request that they were asked for', async () => {
  const bodies: unknown[] = [];
  const context = { wise: noting(bodies) };
  const settings = { copies: 1 } as ProduceSettings;
  const kioskId = parseKioskId('WIS00001');
  const simulation = { status: 'PRODUCTION_ERROR', errorCode: 'CB_TIME' } as const;
  const targets = [card.target];
  await produce(world.context(context), { targets, kioskId, settings, wait: true, simulation });
  await card.repeat({ settings, context });
  expect(bodies).toEqual([
    { copies: 1, kioskId },
    { copies: 1, kioskId },
  ]);
});
