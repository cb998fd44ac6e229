// The server of a journal, or the network to it, freezes: connections stay open, and nothing is answered.
import { expect } from 'vitest';
import { makeSchema, testWithPostgres } from '../harness/postgres.ts';
import type { Ended } from '../harness/program.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { Team } from './people.ts';

/** Measures a command. @returns its end, and its duration in milliseconds */
async function timed(run: () => Promise<Ended>): Promise<{ end: Ended; took: number }> {
  const started = performance.now();
  const end = await run();
  return { end, took: performance.now() - started };
}

/** Longest time of a command on a busy machine, in milliseconds. Without a limit, it would take more than 30 seconds. */
const LONGEST_MS = 27_000;

testWithPostgres(
  'commands end soon after their timeout if the server of the journal does not answer',
  async () => {
    const { proxy, address } = await CuttingProxy.open(await makeSchema());
    const team = await Team.open();
    const { card } = await team.sandbox.readyCard();
    proxy.freeze();
    const refused = [
      `produce ${card} --kiosk WIS00001 --yes`,
      `cancel ${card} --yes`,
      'kiosk recover WIS00001 --attended --yes',
    ].map(async (command) => {
      const { code, json } = await team.person(address).run(`${command} --timeout 2s --json`);
      expect(code, command).toBe(9);
      expect(json.error.message, command).toContain('its server did not answer in time');
    });
    const waited = await team.person(address).run(`wait-ready ${card} --timeout 10s --json`);
    expect(waited.code, waited.stdout).toBe(0);
    expect(waited.stderr).toContain('Continuing without it');
    await Promise.all(refused);
    expect(await team.sandbox.puts(card)).toEqual([]);
  },
  60_000,
);

const BEFORE = [/INSERT INTO attempts/, /SET outcome = 'sent'/];

testWithPostgres(
  'a server that freezes while a card is sent delays its command no longer than the timeout, and no card is sent without a record, or twice',
  async () => {
    const team = await Team.open();
    const assemble = async () => {
      const { proxy, address } = await CuttingProxy.open(await makeSchema());
      const { card } = await team.sandbox.readyCard();
      return {
        proxy,
        card,
        ada: team.person(address),
        produce: `produce ${card} --kiosk WIS00001 --yes --json`,
      };
    };
    const checkBefore = async (statement: RegExp, isForwarded: boolean) => {
      const { proxy, ada, card, produce } = await assemble();
      proxy.freezeAt(statement, { isForwarded });
      const { end, took } = await timed(async () => ada.run(`${produce} --timeout 10s`));
      expect(end.code, end.stdout).toBe(9);
      expect(end.json.error.code).toBe('journal-unusable');
      expect(took, String(statement)).toBeLessThan(LONGEST_MS);
      expect(await team.sandbox.puts(card)).toEqual([]);
    };
    const checkAfter = async () => {
      const { proxy, ada, card, produce } = await assemble();
      proxy.freezeAt(/UPDATE attempts SET outcome = \$/);
      // In a process of its own, whose end releases its lock on the card.
      const { end, took } = await timed(async () => ada.spawn(`${produce} --timeout 10s`));
      expect(end.json, end.stderr).toMatchObject({ exitCode: 0, changed: true });
      expect(end.stderr).toContain('could not be recorded');
      expect(took).toBeLessThan(LONGEST_MS);
      proxy.thaw();
      const again = await ada.run(produce);
      expect(again.json, again.stderr).toMatchObject({ exitCode: 0, changed: false });
      expect(await team.sandbox.puts(card)).toHaveLength(1);
    };
    const before = BEFORE.flatMap((statement) => [true, false].map(async (is) => checkBefore(statement, is)));
    await Promise.all([...before, checkAfter()]);
  },
  60_000,
);
