import { afterEach, beforeEach, expect, test } from 'vitest';
import { leaseOnKiosk } from '../../src/context/leases.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { holdKiosk } from '../../src/kiosks/hold.ts';
import { type Overview, overview, watchOverview } from '../../src/kiosks/overview.ts';
import { keep, OneCard } from '../harness/cards.ts';
import { productionBody } from '../harness/events.ts';
import type { World } from '../harness/world.ts';

let card: OneCard;
let world: World;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

const kioskIn = ({ kiosks }: Overview, kioskId: string) => kiosks.find((kiosk) => kiosk.kioskId === kioskId);

test('the overview lists every kiosk of the context and the journal, without a request', async () => {
  await card.fail();
  await keep(world, productionBody('PRODUCED', { kiosk_id: 'BANK7' }));
  await holdKiosk(world.context({ reason: 'moved' }), parseKioskId('OLD1'));
  const looks = await world.requests('GET', '/');
  const seen = await overview(world.context(), []);
  expect(await world.requests('GET', '/')).toHaveLength(looks.length);
  expect(seen.kiosks.map(({ kioskId, inContext }) => [kioskId, inContext])).toEqual([
    ['BANK7', false],
    ['OLD1', false],
    ['WIS00001', true],
    ['WIS00002', true],
    ['WIS00003', true],
  ]);
  expect(kioskIn(seen, 'WIS00001')).toMatchObject({
    failed: 1,
    failedByErrorCode: [{ errorCode: 'PRD_HOPPER_DOOR', count: 1 }],
    oldestFailed: { cardToken: card.target.cardToken, daysLeft: 60 },
  });
  expect(kioskIn(seen, 'OLD1')).toMatchObject({ hold: { reason: 'moved', context: 'local' } });
  expect(kioskIn(seen, 'BANK7')?.lastProducedAt).toMatch(/Z$/);
});

test('a card counts at the kiosk that refused it, and later at the kiosk to which it was sent', async () => {
  world.fault({ kind: 'produce', errorCode: 'PRINTER_OR_SATELLITE_NOT_READY', times: 1 });
  await card.send({ kioskId: parseKioskId('WIS00002') });
  expect(kioskIn(await overview(world.context(), []), 'WIS00002')).toMatchObject({ failed: 1 });
  world.answers.push(true);
  await card.repeat({ toKiosk: parseKioskId('WIS00003') });
  const seen = await overview(world.context(), []);
  expect(kioskIn(seen, 'WIS00003')).toMatchObject({ inProgress: 1 });
  expect(kioskIn(seen, 'WIS00002')).toMatchObject({ failed: 0 });
});

test('cards without a kiosk are counted by their days left', async () => {
  await world.journal.rememberClockOffset(58 * 86_400_000);
  expect(await overview(world.context(), [])).toMatchObject({
    withoutKiosk: { expiringSoon: 1, expired: 0 },
  });
  await world.journal.rememberClockOffset(61 * 86_400_000);
  expect(await overview(world.context(), [])).toMatchObject({
    withoutKiosk: { expiringSoon: 0, expired: 1 },
  });
});

test('the overview can be limited to kiosks, and an unknown one is an error', async () => {
  const seen = await overview(world.context(), [
    parseKioskId('WIS00003'),
    parseKioskId('WIS00001'),
    parseKioskId('WIS00003'),
  ]);
  expect(seen.kiosks.map(({ kioskId }) => kioskId)).toEqual(['WIS00001', 'WIS00003']);
  await expect(
    overview(world.context(), [parseKioskId('WIS00001'), parseKioskId('WIS0002')]),
  ).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('“WIS0002”'),
    hint: 'Known here: WIS00001, WIS00002, WIS00003.',
  });
  const kiosks = Array.from({ length: 25 }, (_, index) =>
    parseKioskId(`BANK-${'abcdefghijklmnopqrstuvwxy'[index]}${index}`),
  );
  await expect(overview(world.context({ kiosks }), [parseKioskId('BANK-c22')])).rejects.toMatchObject({
    hint: expect.stringMatching(
      /^Did you mean BANK-c2 or BANK-w22 or .*\? Known here: BANK-a0, .* and 5 more\.$/,
    ),
  });
});

test('the overview shows the process that works at a kiosk', async () => {
  await world.openJournal().takeLeases([leaseOnKiosk(parseKioskId('WIS00001'))], 'retry');
  const seen = await overview(world.context(), [parseKioskId('WIS00001')]);
  expect(kioskIn(seen, 'WIS00001')?.busy).toMatchObject({ act: 'retry', by: expect.stringContaining('@') });
});

test('the overview contains no cards and holds of another environment', async () => {
  const production = world.openJournal('production');
  await production.holdKiosk({ kioskId: parseKioskId('WIS00001'), reason: 'x', context: 'p', at: 0 });
  await production.close();
  expect(kioskIn(await overview(world.context(), []), 'WIS00001')?.hold).toBeNull();
});

test('a watch shows the initial state, then each change once, and ends when it is interrupted', async () => {
  const abort = new AbortController();
  let naps = 0;
  // Others change something while it sleeps.
  const onSleep = async () => {
    naps += 1;
    if (naps === 3) await card.fail();
    if (naps === 5) abort.abort(new Failure('interrupted', 'Interrupted.', { hint: '' }));
  };
  const seen: (number | undefined)[] = [];
  const watched = watchOverview(
    world.context({ onSleep, signal: abort.signal }),
    { wanted: [], deadline: null },
    async (now) => void seen.push(kioskIn(now, 'WIS00001')?.failed),
  );
  await expect(watched).rejects.toMatchObject({ code: 'interrupted' });
  expect(seen).toEqual([0, 1]);
});

test('a watch with a deadline ends automatically', async () => {
  const seen: Overview[] = [];
  const end = world.clock.now() + 5_000;
  const deadline = world.clock.stopwatch.after(5_000);
  await watchOverview(
    world.context(),
    { wanted: [parseKioskId('WIS00001')], deadline },
    async (now) => void seen.push(now),
  );
  expect(seen).toHaveLength(1);
  expect(world.clock.now()).toBe(end);
});
