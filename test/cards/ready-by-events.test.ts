// Waits for READY that no look at the API is needed for: from the answer to an order, its events tell the rest.
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { placeOrder } from '../../src/cards/place-order.ts';
import { sendOnce } from '../../src/cards/session/send.ts';
import { CardSession } from '../../src/cards/session/session.ts';
import { waitUntilReady } from '../../src/cards/wait-ready.ts';
import { guardProduce } from '../../src/domain/guards.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { SAMPLE_ORDER } from '../../src/domain/order.ts';
import { readEventBody } from '../../src/wire/events.ts';
import { cardOrder } from '../../src/wire/orders.ts';
import { Listener } from '../harness/cards.ts';
import { orderEvent, productionEvent } from '../harness/records.ts';
import { World } from '../harness/world.ts';

const ORDER = {
  ...SAMPLE_ORDER,
  program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
  deliveryOption: 'KIOSK_COLLECTION',
} as const;

let world: World;
let listener: Listener;

beforeEach(async () => {
  world = await World.open();
  listener = await Listener.start(world);
});
afterEach(() => world.close());

function after(milliseconds: number): string {
  return new Date(world.clock.now() + milliseconds).toISOString();
}

async function cancel(profileId: number, orderId: number | null): Promise<void> {
  await fetch(`${world.url}/v3/spend/profiles/${profileId}/card-orders/${orderId}/status`, {
    method: 'PUT',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'CANCELLED' }),
  });
}

/** An order of which nothing but its answer was seen, and what its events say from then on. */
async function orderedOnly(profileId = 1001) {
  const { timing } = world.context();
  const ctx = world.context({ clock: listener.clock, timing: { ...timing, timeout: 30_000 } });
  const session = new CardSession(ctx, { profileId, orderId: null, cardToken: null });
  const { order: placed } = await placeOrder(ctx, { profileId, order: ORDER }, null);
  const seen = await session.applyOrder(placed);
  const orderId = placed.id;
  const cardToken = parseCardToken('11111111-1e14-4464-a1ce-dcea7dc3de52');
  const about = { profileId, orderId, cardToken };
  const events = {
    created: orderEvent('CARD_DETAILS_CREATED', { ...about, occurredAt: after(700) }),
    ready: productionEvent('READY', { ...about, orderId: null, occurredAt: after(1_300) }),
  };
  const wait = async () => waitUntilReady(ctx, session, { isSeen: true });
  return {
    session,
    seen,
    events,
    wait,
    reads: async () => (await world.requests('GET', '/')).length,
  };
}

test('a wait for a new order needs no read of the API', async () => {
  const { session, seen, events, wait, reads } = await orderedOnly();
  expect(seen).toMatchObject({ card: { stage: 'requirements-fulfilled', cardToken: null, ageDays: 0 } });
  listener.keepAfter(700, events.created);
  listener.keepAfter(1_300, events.ready);
  const [before, started] = [await reads(), world.clock.now()];
  await wait();
  expect(await reads()).toBe(before);
  expect(world.clock.now() - started).toBeLessThan(1_400);
  const { cardToken, orderId } = events.created;
  expect(session).toMatchObject({ via: 'event', card: { stage: 'ready', cardToken, orderId, ageDays: 0 } });
  expect(session.identity.cardToken).toBe(cardToken);
  expect(await world.journal.findCard({ cardToken, orderId: null })).toMatchObject({
    profileId: 1001,
    orderId,
    deliveryOption: 'KIOSK_COLLECTION',
    orderStatus: 'CARD_DETAILS_CREATED',
    cardCreatedAt: null,
  });
  expect(await world.journal.orderSeenAt(parseCardToken(cardToken ?? ''))).not.toBeNull();
});

test('a card is produced with three requests: its order, one read, its PUT', async () => {
  const { session, wait } = await orderedOnly();
  // What the sandbox itself says, as a listener would hear it.
  listener.clock.plan(1_400, async () => {
    const response = await fetch(`${world.url}/_sandbox/outbox`);
    const { events } = (await response.json()) as { events: { body: unknown }[] };
    const said = events.flatMap(({ body }) => readEventBody(body) ?? []);
    for (const event of said) await listener.keep({ ...orderEvent('PLACED'), ...event });
  });
  await wait();
  session.setNeedsOnlyProduction(true);
  const attempt = await sendOnce(world.context(), session, {
    kioskId: parseKioskId('WIS00001'),
    guard: (seen) => guardProduce(seen, { kioskId: parseKioskId('WIS00001') }),
  });
  expect(attempt).toMatchObject({ outcome: 'accepted', number: 1 });
  expect(session.card).toMatchObject({ stage: 'in-progress', ageDays: 0, orderId: session.identity.orderId });
  const asked = [...(await world.requests('POST', '/')), ...(await world.requests('GET', '/'))];
  expect([...asked, ...(await world.requests('PUT', '/'))].map(({ method }) => method)).toEqual([
    'POST',
    'GET',
    'PUT',
  ]);
});

test.each([
  ['before it waits', [0, 0]],
  ['in the wrong order', [900, 300]],
])('a wait finds events that came %s', async (_, [createdAfter = 0, readyAfter = 0]) => {
  const { session, events, wait, reads } = await orderedOnly();
  if (createdAfter === 0) await listener.keep(events.created);
  else listener.keepAfter(createdAfter, events.created);
  if (readyAfter === 0) await listener.keep(events.ready);
  else listener.keepAfter(readyAfter, events.ready);
  const before = await reads();
  await wait();
  expect(session).toMatchObject({ via: 'event', card: { stage: 'ready' } });
  expect(await reads()).toBe(before);
});

test('a wait reads the API if the journal knows that the order ended', async () => {
  const { events, wait } = await orderedOnly();
  const { orderId } = events.created;
  listener.clock.plan(100, async () => cancel(1001, orderId));
  listener.clock.plan(300, async () => {
    const ended = { profileId: 1001, orderId, cardToken: null, cardCreatedAt: null, deliveryOption: null };
    await world.journal.rememberCard({ ...ended, orderStatus: 'CANCELLED' }, world.clock.now());
  });
  listener.keepAfter(500, events.created);
  const started = world.clock.now();
  await expect(wait()).rejects.toMatchObject({ code: 'order-cancelled' });
  expect(world.clock.now() - started).toBeLessThan(600);
});

test('a wait reads an order in PLACED immediately, and names its requirements', async () => {
  const { seen, wait } = await orderedOnly(1003);
  expect(seen.card).toMatchObject({ stage: 'placed' });
  const named: boolean[] = [];
  listener.clock.plan(100, async () => named.push(world.said.join().includes('waits for PIN')));
  await expect(wait()).rejects.toMatchObject({ code: 'deadline-passed' });
  expect(named).toEqual([true]);
});

test('a wait reads an order that its key had made before, because it may have a card', async () => {
  const { session } = await orderedOnly();
  world.clock.time += 2_000;
  const response = await fetch(
    `${world.url}/v3/spend/profiles/1001/card-orders/${session.identity.orderId}`,
    {
      headers: { authorization: 'Bearer any' },
    },
  );
  const again = v.parse(cardOrder, await response.json());
  expect((await session.applyOrder(again)).card).toMatchObject({
    stage: 'ready',
    cardToken: again.cardToken,
  });
});
