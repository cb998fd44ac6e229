// What processes left behind that ended with their machine: their leases are of an earlier boot.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { overview } from '../../src/kiosks/overview.ts';
import { listRuns } from '../../src/runs/stored-runs.ts';
import { OneCard } from '../harness/cards.ts';
import { production, settleWindow } from '../harness/records.ts';
import type { World } from '../harness/world.ts';
import { RunWorld } from '../runs/run-world.ts';

let world: World;
let card: OneCard;
let journal: Journal;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
  journal = world.openJournal('local', { boot: 'an earlier boot' });
});
afterEach(async () => {
  await journal.close();
  await world.close();
});

async function leaveSent(): Promise<void> {
  const { profileId, orderId, cardToken } = card.target;
  const at = world.clock.now();
  const kioskId = parseKioskId('WIS00001');
  await journal.takeLeases([`card ${cardToken}`], 'send');
  const { attempt } = await journal.claim({ profileId, orderId, cardToken, kioskId, reason: null, at });
  const sending = { kioskId, orderId, baseline: production('READY'), correlationId: 'c', at };
  await journal.markSent(attempt, { ...sending, settleWindow: settleWindow() });
}

test('a card that was being sent when the machine was restarted is retried, and not refused as being sent', async () => {
  await leaveSent();
  expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 2 } });
  const attempts = await world.journal.listAttempts(card.target.cardToken);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['not-seen', 'accepted']);
});

test('a command that may only check once does not wait until an owner is proven to have ended', async () => {
  await leaveSent();
  const start = world.clock.uptime.now();
  const timing = { ...world.context().timing, timeout: 0 };
  const hint = expect.stringContaining('the card is free within 10s');
  for (const refused of [
    await card.repeat({ context: { timing } }),
    await card.send({ context: { timing } }),
  ])
    expect(refused).toMatchObject({ exitCode: 9, error: { hint } });
  expect(world.clock.uptime.now() - start).toBeLessThan(1_000);
});

test('a kiosk and a run of an earlier boot are not shown as in use', async () => {
  const kioskId = parseKioskId('WIS00001');
  await journal.takeLeases([`kiosk ${kioskId}`, 'run r'], 'run');
  const { kiosks } = await overview(world.context(), [kioskId]);
  expect(kiosks).toMatchObject([{ busy: null }]);
  const record = { ...new RunWorld(world).record(), id: 'r' };
  await world.journal.startRun(record);
  expect(await listRuns(world.context(), 1)).toMatchObject({ runs: [{ id: 'r', isRunning: false }] });
});
