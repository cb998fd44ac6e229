// A machine that loses its power while it has the locks of cards: the server still has its connections.
import { expect, onTestFinished } from 'vitest';
import { testWithPostgres } from '../harness/postgres.ts';
import { setOutcomes } from '../harness/team.ts';
import { Laboratory } from './laboratory.ts';

const KIOSK = 'WIS00001';
/** At a speed of 50, a card is in the kiosk for 2 seconds. */
const PRODUCTION_MS = 100_000;

testWithPostgres(
  'a machine that loses its power blocks its cards for 20 seconds at most, and its card in the kiosk is not sent again',
  { timeout: 90_000 },
  async () => {
    const laboratory = await Laboratory.open();
    const { sandbox } = laboratory;
    const [ada, ben] = [laboratory.machine(0), laboratory.machine(1)];
    onTestFinished(() => {
      ada.close();
      ben.close();
    });
    const cards = [(await sandbox.readyCard()).card, (await sandbox.readyCard()).card];
    await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: 'PRD_HOPPER_DOOR', times: 2 });
    for (const card of cards) await laboratory.produce(card, KIOSK);
    await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: null, times: 10, afterMs: PRODUCTION_MS });
    const failed = "SELECT id FROM events WHERE status = 'PRODUCTION_ERROR'";
    await expect.poll(async () => laboratory.query(failed)).toHaveLength(2);
    const retry = ['retry', '--kiosk', KIOSK, '--yes', '--attended', '--json'];
    const end = ada.run(retry);
    await expect.poll(async () => sandbox.puts(cards[0] ?? ''), { interval: 50 }).toHaveLength(2);
    // It uses the same network, and may be in a transaction.
    await laboratory.killListener();
    ada.powerOff();
    const begun = performance.now();
    await end;
    const first = await ben.run(retry);
    expect(first.code, first.stdout).toBe(9);
    expect(first.stdout).toContain('ada@laptop-ada');
    // Not one command after another, which would take a core from other tests.
    await expect
      .poll(async () => (await ben.run(retry)).stdout, {
        interval: 1_000,
        timeout: 20_000 - (performance.now() - begun),
      })
      .not.toMatch(/"code":"(leased|attempt-open)"/);
    for (const card of cards) {
      expect(await laboratory.production(card)).toBe('PRODUCED');
      expect(await sandbox.puts(card)).toHaveLength(2);
    }
  },
);
