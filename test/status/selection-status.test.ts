import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Selection } from '../../src/domain/selection.ts';
import { chosenStatus, chosenTargets } from '../../src/status/selection-status.ts';
import type { StatusResult } from '../../src/status/status.ts';
import { OneCard } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

const LOOK = { history: false, exitStatus: false };

let card: OneCard;
let world: World;
/** Ready, and never sent. */
let other: CardRequest & { cardToken: string };

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
  other = await world.readyCard();
});
afterEach(() => world.close());

async function ofSelection(selection: Selection, isCached = false): Promise<StatusResult[]> {
  const { chosen } = await chosenStatus(world.context(), { targets: null, selection, isCached }, LOOK);
  return chosen;
}
const tokens = (results: { card: { cardToken: string | null } }[]) =>
  results.map((one) => one.card.cardToken);
const reads = async () => (await world.requests('GET', '/')).length;

describe('a selection', () => {
  test('only the cards of a selection are read', async () => {
    await card.fail();
    const before = await world.requests('GET', '/production');
    const results = await ofSelection({ isFailed: true, kioskIds: [parseKioskId('WIS00001')] });
    expect(tokens(results)).toEqual([card.target.cardToken]);
    const paths = (await world.requests('GET', '/production')).slice(before.length).map(({ path }) => path);
    expect(paths).toEqual([expect.stringContaining(card.target.cardToken)]);
  });

  test('cards that changed since the journal was updated are left out of a selection, with a note', async () => {
    await card.fail();
    await card.produceElsewhere('WIS00002');
    expect(await ofSelection({ isFailed: true })).toEqual([]);
    expect(world.said).toContain('Cards that no longer match, according to the API: 1.');
  });

  test('a selection keeps cards that can’t be read', async () => {
    await card.fail();
    world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 1, status: 403 });
    expect(await ofSelection({ isFailed: true })).toMatchObject([{ exitCode: 3, error: expect.anything() }]);
  });

  test('a selection shows the most urgent cards first', async () => {
    await card.fail();
    expect(tokens(await ofSelection({ stages: ['ready', 'failed'] }))).toEqual([
      card.target.cardToken,
      other.cardToken,
    ]);
  });

  test('a selection of an unknown kiosk is a usage error', async () => {
    await expect(ofSelection({ kioskIds: [parseKioskId('WIS9')] })).rejects.toMatchObject({ code: 'usage' });
    await expect(ofSelection({ kioskIds: [parseKioskId('WIS9')] }, true)).rejects.toMatchObject({
      code: 'usage',
    });
  });

  test('a selection without matching cards is empty', async () => {
    expect(await ofSelection({ stages: ['cancelled'] })).toEqual([]);
  });

  test('the cards of a selection can be watched', async () => {
    await card.fail();
    const choice = { targets: null, selection: { isFailed: true } };
    const { profileId, orderId, cardToken } = card.target;
    expect(await chosenTargets(world.context(), choice)).toEqual({
      chosen: [{ profileId, orderId, cardToken }],
      total: 1,
    });
    const named = { targets: [other], selection: null };
    expect(await chosenTargets(world.context(), named)).toEqual({ chosen: [other], total: 1 });
  });
});

describe('as the journal knows them', () => {
  test('cards of the journal are shown without a request, all or selected, with their attempts', async () => {
    await card.fail();
    const before = await reads();
    const ctx = world.context();
    const { chosen: all } = await chosenStatus(
      ctx,
      { targets: null, selection: null, isCached: true },
      { ...LOOK, history: true },
    );
    expect(tokens(all)).toEqual([card.target.cardToken, other.cardToken]);
    expect(all[0]).toMatchObject({
      outcome: 'done',
      exitCode: 0,
      card: { stage: 'failed', attempt: 1, production: { errorCode: 'PRD_HOPPER_DOOR' }, daysLeft: 60 },
      attempts: [{ attempt: 1, kioskId: 'WIS00001', outcome: 'failed' }],
    });
    expect(tokens(await ofSelection({ errorCodes: ['PRD_HOPPER_DOOR'] }, true))).toEqual([
      card.target.cardToken,
    ]);
    expect(await reads()).toBe(before);
  });

  test('named cards of the journal are shown, and an unknown one is not found', async () => {
    const unknown: CardRequest = { profileId: 1001, orderId: 999, cardToken: null };
    const passedOn = { exitCode: 4 as const, error: { code: 'production-failed', message: 'm', hint: 'h' } };
    const targets = [other, unknown, { ...card.target, passedOn }];
    const choice = { targets, selection: null, isCached: true };
    const { chosen } = await chosenStatus(world.context(), choice, { ...LOOK, exitStatus: true });
    expect(chosen).toMatchObject([
      { card: { cardToken: other.cardToken, stage: 'ready' }, exitCode: 75 },
      {
        exitCode: 10,
        error: { code: 'not-found', hint: expect.stringContaining('kioskctl status 1001/999') },
      },
      { outcome: 'skipped', exitCode: 4 },
    ]);
  });

  test('days left in the journal are counted by the clock of Wise', async () => {
    await card.fail();
    await world.journal.rememberClockOffset(61 * 86_400_000);
    const [expired] = await ofSelection({ expiringDays: 7, stages: ['expired'] }, true);
    expect(expired?.card).toMatchObject({ stage: 'expired', daysLeft: 0 });
    expect(expired?.card.next).toContain('kioskctl cancel ');
  });

  test('without a selection, unfinished cards and those of the last day are shown, at most as many as the limit', async () => {
    await card.fail();
    const sent = { targets: [await world.readyCard()], kioskId: parseKioskId('WIS00001'), wait: true };
    await produce(world.context(), { ...sent, settings: {}, simulation: { status: 'PRODUCED' } });
    const choose = async (limit: number | null) => {
      const choice = { targets: null, selection: null, isCached: true, limit };
      const { chosen, total } = await chosenStatus(world.context(), choice, LOOK);
      return { stages: chosen.map((one) => one.card.stage), total };
    };
    expect(await choose(null)).toEqual({ stages: ['failed', 'ready', 'produced'], total: 3 });
    expect(await choose(1)).toEqual({ stages: ['failed'], total: 3 });
    await world.journal.rememberClockOffset(25 * 3_600_000);
    expect(await choose(null)).toEqual({ stages: ['failed', 'ready'], total: 2 });
  });

  test('an attempt of another system shows in the journal once a command has read the card', async () => {
    await card.send();
    const targets = [{ ...card.target }];
    await simulate(world.context(), { targets, simulation: { status: 'PRODUCED' } });
    expect(await ofSelection({ stages: ['produced'] }, true)).toMatchObject([
      { card: { stage: 'produced' } },
    ]);
  });
});
