import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Overview, overview } from '../../../src/kiosks/overview.ts';
import { FollowedOverview } from '../../../src/serve/board/followed-overview.ts';
import { BoardScene, kioskId } from '../../harness/board.ts';
import { SimulatedClock } from '../../harness/clock.ts';

let scene: BoardScene;
let clock: SimulatedClock;
let followed: FollowedOverview;

/** Number of reads of all cards. */
let whole: number;

beforeEach(async () => {
  scene = await BoardScene.open();
  await scene.fill();
  clock = SimulatedClock.manual();
  whole = 0;
  const journal = new Proxy(scene.journal, {
    get: (target, name) => {
      if (name === 'listCardStates') whole += 1;
      return Reflect.get(target, name, target) as unknown;
    },
  });
  followed = new FollowedOverview({ ...scene.ctx, journal, stopwatch: clock.stopwatch });
});
afterEach(() => scene.close());

/** Returns the overview without the times that pass, its cards sorted. */
function stateOf({ kiosks, cards }: Overview) {
  const names = cards.map(({ card }) => `${card.orderId} ${card.cardToken} ${card.stage}`);
  return { kiosks, cards: names.toSorted() };
}

const everything = async () => stateOf(await overview(scene.ctx, []));

test('new events are in a followed overview immediately, without reading all cards', async () => {
  expect(stateOf(await followed.read())).toEqual(await everything());
  const reads = whole;
  const failing = await scene.event('PRODUCTION_ERROR', { kiosk: 3, code: 'PRT_PAUSED' });
  const seen = await followed.read();
  expect(stateOf(seen)).toEqual(await everything());
  expect(seen.kiosks.find((one) => one.kioskId === kioskId(3))).toMatchObject({ failed: 1 });
  await scene.event('PRODUCED', { kiosk: 3, card: failing });
  expect(stateOf(await followed.read())).toEqual(await everything());
  expect(whole).toBe(reads);
});

test('a card that was known by its order only counts once when events name its token', async () => {
  await scene.journal.rememberCard(
    {
      profileId: 1001,
      orderId: 700,
      cardToken: null,
      cardCreatedAt: null,
      deliveryOption: null,
      orderStatus: 'PLACED',
    },
    Date.now(),
  );
  await followed.read();
  const reads = whole;
  const cardToken = await scene.event('IN_PROGRESS', { kiosk: 1 });
  await scene.event('CARD_DETAILS_CREATED', { order: 700, card: cardToken });
  expect(stateOf(await followed.read())).toEqual(await everything());
  expect(whole).toBe(reads);
});

test('changes without an event are in a followed overview when all cards are read again', async () => {
  await followed.read();
  await scene.unknownCard(900, 5);
  expect(stateOf(await followed.read())).not.toEqual(await everything());
  clock.time += 8_000;
  const expected = await everything();
  await expect.poll(async () => stateOf(await followed.read())).toEqual(expected);
});

test('an overview that nobody read for half a minute is read as a whole first', async () => {
  await followed.read();
  await scene.unknownCard(900, 5);
  clock.time += 30_000;
  expect(stateOf(await followed.read())).toEqual(await everything());
});

test('after any events of cards that are produced once, a followed overview is the same as one that reads everything', async () => {
  let count = 0;
  const newCard = async () => ({
    token: await scene.event('READY'),
    order: 801 + count++,
    isProduced: false,
  });
  const cards = [await newCard(), await newCard(), await newCard(), await newCard()];
  await followed.read();
  const event = fc.record({
    status: fc.constantFrom('READY', 'IN_PROGRESS', 'PRODUCTION_ERROR', 'REQUEST_ERROR', 'PRODUCED'),
    kiosk: fc.integer({ min: 1, max: 3 }),
    card: fc.integer({ min: 0, max: 3 }),
    ago: fc.integer({ min: 0, max: 100_000 }),
    isOfOrder: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 4 }), async (events) => {
      for (const { status, kiosk, card: index, isOfOrder, ...given } of events) {
        const card = cards[index] ?? (await newCard());
        // A card that was produced is not sent again. Only older events of it may still arrive.
        const ago = card.isProduced ? given.ago + 1_000_000 : status === 'PRODUCED' ? 0 : given.ago;
        card.isProduced ||= status === 'PRODUCED';
        await scene.event(status, { kiosk, ago, card: card.token, ...(isOfOrder && { order: card.order }) });
      }
      expect(stateOf(await followed.read())).toEqual(await everything());
      for (const [index, { isProduced }] of cards.entries()) if (isProduced) cards[index] = await newCard();
    }),
    { numRuns: 20 },
  );
});
