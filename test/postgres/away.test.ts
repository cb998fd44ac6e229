// The server of a journal is away for a while: nothing is sent, and everything works again without a restart.
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { deliver } from '../harness/events.ts';
import { OwnServer } from '../harness/own-server.ts';
import { makeSchema, testWithPostgres } from '../harness/postgres.ts';
import { Team } from './people.ts';

/** Milliseconds for which the server stays away after all else was tried; `npm run soak` sets SOAK=all. */
const REST_MS = process.env.SOAK === 'all' ? 60_000 : 0;

testWithPostgres(
  'without the server of its journal, a team sends nothing, still reads the API, and continues when it is back',
  async () => {
    const server = await OwnServer.open();
    const address = await makeSchema(server);
    const team = await Team.open();
    const [ada, ben] = [team.person(address), team.person(address)];
    const [first, second] = [await team.sandbox.readyCard(), await team.sandbox.readyCard()];
    const listener = await team.listen(ada);
    expect(await deliver(listener.url, team.signer.event())).toBe(200);
    const sent = await ada.run(`produce ${first.card} --kiosk WIS00001 --yes --json`);
    expect(sent.code, sent.stderr).toBe(0);
    const waiting = ben.run(`wait-produced ${first.card} --via poll --interval 200ms --timeout 60s --json`);

    await server.stop('SIGQUIT');
    const refused = await ada.run(`produce ${second.card} --kiosk WIS00001 --yes --json`);
    expect(refused.code, refused.stdout).toBe(9);
    expect(refused.json.error.code).toBe('journal-unusable');
    expect(await team.sandbox.puts(second.card)).toEqual([]);
    const shown = await ben.run(`status ${second.card} --json`);
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stderr).toContain('Continuing without it');
    const asked = performance.now();
    expect(await deliver(listener.url, team.signer.event())).toBe(503);
    expect(performance.now() - asked).toBeLessThan(5_000);
    const elsewhere = { env: { KIOSKCTL_JOURNAL: undefined } };
    const simulated = await ada.run(`simulate ${first.card} --status PRODUCED --yes`, elsewhere);
    expect(simulated.code, simulated.stderr).toBe(0);
    const waited = await waiting;
    expect(waited.code, waited.stderr).toBe(0);
    expect(waited.stderr).toContain('Continuing without it');

    await pause(REST_MS);
    await server.start();
    const event = team.signer.event();
    await expect.poll(async () => deliver(listener.url, event)).toBe(200);
    await listener.line('event', ({ cardToken }) => cardToken === event.cardToken);
    const resent = await ben.run(`produce ${second.card} --kiosk WIS00001 --yes --json`);
    expect(resent.code, resent.stdout).toBe(0);
    expect(await team.sandbox.puts(second.card)).toHaveLength(1);
    expect(await listener.end()).toBe(0);

    const thaw = server.freeze();
    const { card } = await team.sandbox.readyCard();
    const delayed = await ada.run(`produce ${card} --kiosk WIS00001 --timeout 1s --yes --json`);
    thaw();
    expect(delayed.json.error?.message, delayed.stdout).toContain('its server did not answer in time');
    expect(await team.sandbox.puts(card)).toEqual([]);
  },
  60_000 + REST_MS,
);
