import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { holdKiosk, releaseKiosk } from '../../src/kiosks/hold.ts';
import { overview } from '../../src/kiosks/overview.ts';
import { OneCard } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let card: OneCard;
let world: World;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

const hold = (kioskId = parseKioskId('WIS00001'), reason: string | null = 'the door is open') =>
  holdKiosk(world.context({ reason }), kioskId);

/** Another process holds the kiosk. */
async function holdElsewhere(kioskId: KioskId): Promise<void> {
  const other = world.openJournal();
  await other.holdKiosk({ kioskId, reason: 'ribbon', context: 'night', at: world.clock.now() });
  await other.close();
}

const HELD = { outcome: 'refused', exitCode: 9, error: { code: 'kiosk-held' } };

describe('a hold', () => {
  test('a hold stores its user, reason and time, and is recorded as an action', async () => {
    const { hold: held, changed, isKnown } = await hold();
    expect({ changed, isKnown }).toEqual({ changed: true, isKnown: true });
    expect(held).toMatchObject({
      kioskId: parseKioskId('WIS00001'),
      reason: 'the door is open',
      context: 'local',
    });
    expect(held.heldAt).toBe(world.clock.now());
    const [act] = await world.journal.listActions({ actions: ['hold'] });
    expect(act).toMatchObject({
      kioskId: parseKioskId('WIS00001'),
      reason: 'the door is open',
      exitCode: 0,
      profileId: 0,
    });
    expect(world.said.join('\n')).not.toContain('protects nothing');
  });

  test('a hold stays as it was set first, and a second one is not recorded', async () => {
    await holdElsewhere(parseKioskId('WIS00001'));
    expect(await hold()).toMatchObject({ changed: false, hold: { reason: 'ribbon', context: 'night' } });
    expect(await world.journal.listActions({ actions: ['hold'] })).toEqual([]);
  });

  test('a hold needs a reason, and asks for it', async () => {
    world.answers.push('the hopper');
    expect(await hold(parseKioskId('WIS00001'), null)).toMatchObject({ hold: { reason: 'the hopper' } });
    world.answers.push('  ');
    await expect(hold(parseKioskId('WIS00002'), null)).rejects.toMatchObject({
      code: 'input-required',
      exitCode: 2,
    });
    await expect(hold(parseKioskId('WIS00002'), null)).rejects.toMatchObject({
      code: 'input-required',
      hint: '--reason <TEXT>',
    });
    expect(await world.journal.listHolds()).toHaveLength(1);
  });

  test('a hold on an unknown kiosk is set, with a warning that it may protect nothing', async () => {
    expect(await hold(parseKioskId('WIS0001'))).toMatchObject({ changed: true, isKnown: false });
    expect(world.said.at(-1)).toMatch(/“WIS0001” is not one of .*mean WIS00001\?.*protects nothing\.$/);
    await hold(parseKioskId('WIS00001'));
    const unlisted = world.context({ kiosks: [], reason: 'ribbon' });
    await holdKiosk(unlisted, parseKioskId('WIS0009'));
    expect(world.said.at(-1)).toMatch(/“WIS0009”.*protects nothing\..* Known here: WIS00001/);
  });

  test('a hold ends with a release, whoever set it, and a second release changes nothing', async () => {
    await holdElsewhere(parseKioskId('WIS00001'));
    expect(await releaseKiosk(world.context(), parseKioskId('WIS00001'))).toMatchObject({ reason: 'ribbon' });
    expect(await releaseKiosk(world.context(), parseKioskId('WIS00001'))).toBeNull();
    expect(await world.journal.listActions({ actions: ['release'] })).toMatchObject([{ exitCode: 0 }]);
  });
});

const HOUR = 3_600_000;
const holdFor = async (duration: number) =>
  holdKiosk(world.context({ reason: 'technician' }), parseKioskId('WIS00001'), { duration });

describe('a hold with an end', () => {
  test('a hold with an end refuses cards until then, names its end, and then ends by itself', async () => {
    const { hold: held } = await holdFor(4 * HOUR);
    expect(held.endsAt).toBe(held.heldAt + 4 * HOUR);
    world.clock.time += 4 * HOUR - 1;
    const { error, ...result } = await card.send();
    expect({ error, ...result }).toMatchObject(HELD);
    expect(error?.message).toContain(', until 2026-03-01T16:00:0');
    world.clock.time += 1;
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true });
    expect(await world.journal.listHolds()).toEqual([]);
  });

  test('a calendar that is set forward does not end a hold', async () => {
    await holdFor(4 * HOUR);
    world.clock.stepCalendar(5 * HOUR);
    expect(await card.send()).toMatchObject(HELD);
    world.clock.time += 4 * HOUR;
    expect(await card.send()).toMatchObject({ exitCode: 0 });
  });

  test('a kiosk whose hold has ended can be put on hold again', async () => {
    await holdFor(HOUR);
    world.clock.time += HOUR;
    expect(await hold()).toMatchObject({ changed: true, hold: { reason: 'the door is open', endsAt: null } });
  });

  test('kiosk list points out a hold after 24 hours, and leaves out one that has ended', async () => {
    await hold();
    await holdKiosk(world.context({ reason: 'short' }), parseKioskId('WIS00002'), { duration: HOUR });
    world.clock.time += 24 * HOUR;
    const before = (await overview(world.context(), [])).kiosks;
    expect(before.map((one) => one.hold?.long)).toEqual([false, undefined, undefined]);
    world.clock.time += 1;
    expect((await overview(world.context(), [])).kiosks[0]?.hold).toMatchObject({ long: true, until: null });
  });
});

describe('while a kiosk is on hold', () => {
  test('produce is refused at a kiosk on hold with its reason and user, and nothing is sent', async () => {
    await holdElsewhere(parseKioskId('WIS00001'));
    const { error, ...result } = await card.send();
    expect({ error, ...result }).toMatchObject(HELD);
    expect(error?.message).toMatch(/WIS00001 is on hold since .* set by .+@.+: ribbon/);
    expect(error?.hint).toContain('kioskctl kiosk release WIS00001');
    expect(await world.puts()).toEqual({ sent: 0, taken: 0 });
  });

  test('produce works at another kiosk while one is on hold', async () => {
    await hold();
    expect(await card.send({ kioskId: parseKioskId('WIS00002') })).toMatchObject({ exitCode: 0 });
  });

  test('retry is refused at a kiosk on hold, but not at another kiosk or after the release', async () => {
    await card.fail();
    await hold();
    world.answers.push(true, true, true);
    expect(await card.repeat()).toMatchObject(HELD);
    expect(await world.puts()).toMatchObject({ sent: 1 });
    await releaseKiosk(world.context(), parseKioskId('WIS00001'));
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true });
  });

  test('a card that is in a kiosk on hold is still awaited', async () => {
    await card.send();
    await hold();
    expect(await world.journal.latestAttempt(card.target.cardToken)).toMatchObject({ outcome: 'accepted' });
  });

  test('a card that was claimed before the hold is not sent, and its claim is released', async () => {
    const { journal } = world;
    let isHeld = false;
    // Holds the kiosk right before the request would be recorded as sent.
    const held = new Proxy(journal, {
      get: (target, name: keyof Journal) =>
        name !== 'markSent'
          ? target[name]
          : async (...args: Parameters<Journal['markSent']>) => {
              isHeld = true;
              await holdElsewhere(parseKioskId('WIS00001'));
              return target.markSent(...args);
            },
    });
    expect(await card.send({ context: { journal: held } })).toMatchObject(HELD);
    expect(isHeld).toBe(true);
    expect(await world.puts()).toEqual({ sent: 0, taken: 0 });
    await releaseKiosk(world.context(), parseKioskId('WIS00001'));
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 1 } });
  });
});
