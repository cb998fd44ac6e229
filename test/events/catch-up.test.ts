import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { catchUp } from '../../src/events/catch-up.ts';
import { decodeEvent } from '../../src/webhooks/decode-event.ts';
import { cardBody } from '../harness/events.ts';
import { World } from '../harness/world.ts';

const DAY = 86_400_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const since = () => world.clock.time - DAY;

/** Somebody else, who does not write to this journal, sends a card to a kiosk. */
async function produceElsewhere({ profileId, cardToken }: CardRequest): Promise<void> {
  await fetch(`${world.url}/v3/spend/profiles/${profileId}/cards/${cardToken}/production`, {
    method: 'PUT',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ kioskId: 'WIS00002' }),
  });
}

async function hear(
  cardToken: string,
  data: Record<string, unknown>,
  delivery: { isTest?: boolean; isVerified?: boolean } = {},
): Promise<void> {
  const body = cardBody({ cardToken, ...data });
  await world.journal.keepEvent({
    body,
    signature: 'any',
    deliveryId: crypto.randomUUID(),
    isTest: false,
    isVerified: true,
    receivedAt: world.clock.time,
    event: decodeEvent(body),
    ...delivery,
  });
}

test('a card that changed without an event is reported as missed, once', async () => {
  const card = await world.readyCard();
  await produceElsewhere(card);
  const first = await catchUp(world.context(), since());
  expect(first).toMatchObject({ looked: 1, failed: 0, skipped: { cards: 0, profiles: 0 } });
  expect(first.missed).toMatchObject([{ cardToken: card.cardToken, stage: 'in-progress' }]);
  expect(await catchUp(world.context(), since())).toMatchObject({ looked: 1, missed: [] });
});

test('a card with an event about its change is not reported as missed', async () => {
  const card = await world.readyCard();
  await produceElsewhere(card);
  const response = await fetch(`${world.url}/v3/spend/profiles/1001/cards/${card.cardToken}/production`, {
    headers: { authorization: 'Bearer any' },
  });
  const { occurredAt } = (await response.json()) as { occurredAt: string };
  await hear(card.cardToken, { status: 'IN_PROGRESS', kiosk_id: 'WIS00002', occurred_at: occurredAt });
  expect(await catchUp(world.context(), since())).toMatchObject({ looked: 1, missed: [] });
});

test('catching up also reads a card that is only known from events', async () => {
  const card = await world.readyCard();
  const { journal } = world;
  await journal.forget();
  await hear(card.cardToken, { status: 'READY' });
  await produceElsewhere(card);
  expect((await catchUp(world.context(), since())).missed).toMatchObject([
    { cardToken: card.cardToken, stage: 'in-progress' },
  ]);
});

test('catching up reads the newest cards first and leaves out finished cards and cards without recent events', async () => {
  const [old, ended, first, second] = [
    await world.readyCard(),
    await world.readyCard(),
    await world.readyCard(),
    await world.readyCard(),
  ];
  const asked: string[] = [];
  const look = async (from: number) => {
    asked.length = 0;
    const before = (await world.requests('GET', '/production')).length;
    await catchUp(world.context(), from);
    const requests = (await world.requests('GET', '/production')).slice(before);
    return requests.map(({ path }) => path.split('/').at(-2));
  };
  await hear(ended.cardToken, { status: 'PRODUCED' });
  // Neither a test nor a hint says that a card has ended.
  await hear(first.cardToken, { status: 'PRODUCED' }, { isTest: true });
  await hear(first.cardToken, { status: 'PRODUCED' }, { isVerified: false });
  expect(await look(since())).toEqual([second.cardToken, first.cardToken, old.cardToken]);
  world.clock.time += 2 * DAY;
  expect(await look(since())).toEqual([]);
  await hear(old.cardToken, { status: 'READY' });
  const fresh = await world.readyCard();
  expect(await look(since())).toContain(fresh.cardToken);
});

test('catching up counts and skips profiles without credentials', async () => {
  const card = await world.readyCard();
  await hear('35050a4a-9521-426e-8109-1396e3687a3e', { status: 'READY', profileId: 2002 });
  await hear('45050a4a-9521-426e-8109-1396e3687a3e', { status: 'READY', profileId: 2002 });
  const ctx = world.context({
    authorize: async (profileId) => {
      if (profileId !== 1001) throw new Failure('credentials-missing', 'No token.', { hint: '' });
      return { source: 'the test', endsAt: null };
    },
  });
  expect(await catchUp(ctx, since())).toMatchObject({ looked: 1, skipped: { cards: 2, profiles: 1 } });
  expect(await world.requests('GET', card.cardToken)).not.toEqual([]);
  expect(await world.requests('GET', '/2002/')).toEqual([]);
});

test('catching up pauses between the cards outside of local', async () => {
  await world.readyCard();
  await world.readyCard();
  await world.readyCard();
  const before = world.clock.time;
  await catchUp(world.context({ environment: 'sandbox' }), since());
  expect(world.clock.time - before).toBe(2_000);
});

test('catching up stops after three outages in a row', async () => {
  let asked = 0;
  const server = http.createServer((_, response) => {
    asked += 1;
    response.writeHead(302, { location: '/' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let count = 0; count < 10; count += 1) await hear(crypto.randomUUID(), { status: 'READY' });
  const ctx = world.context({ wise: world.client(url) });
  expect(await catchUp(ctx, since())).toMatchObject({ looked: 0, missed: [], failed: 10 });
  expect(asked).toBe(3);
});

test('an interruption ends catching up', async () => {
  await world.readyCard();
  world.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: '' }));
  await expect(catchUp(world.context(), since())).rejects.toMatchObject({ code: 'interrupted' });
});
