// The server of a journal stops, starts again, or fails over.
import { expect } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { nextServerGeneration } from '../../src/journal/tables/state.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { deliver } from '../harness/events.ts';
import { OwnServer } from '../harness/own-server.ts';
import { makeSchema, openPostgresJournal, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { TOKEN } from '../harness/records.ts';
import { Team } from './people.ts';

function openJournal(address: PostgresAddress): Journal {
  return openPostgresJournal({ address, environment: 'sandbox', now: Date.now });
}

testWithPostgres('a journal whose server was restarted, or crashed, is the same', async () => {
  const server = await OwnServer.open();
  const address = await makeSchema(server);
  const journal = openJournal(address);
  await journal.takeLeases(['card a'], 'send');
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    await server.stop(signal);
    await expect(journal.listLeases()).rejects.toMatchObject({ code: 'journal-unusable' });
    expect(() => journal.assertCurrent()).toThrow('has not answered for 5 seconds');
    await server.start();
    expect(await journal.holdsLeases(['card a'])).toBe(true);
    await expect.poll(() => isCurrent(journal)).toBe(true);
  }
  expect(await openJournal(address).findRestoreMark(TOKEN)).toBeNull();
});

function isCurrent(journal: Journal): boolean {
  try {
    journal.assertCurrent();
    return true;
  } catch {
    return false;
  }
}

testWithPostgres(
  'after a failover, a process ends, and later ones wait before they send a card',
  async () => {
    const server = await OwnServer.open();
    const address = await makeSchema(server);
    const journal = openJournal(address);
    await journal.takeLeases(['card a'], 'send');
    expect(await journal.findRestoreMark(TOKEN)).toBeNull();
    await server.stop();
    await server.startPromoted();
    await expect(journal.listLeases()).rejects.toMatchObject({ code: 'journal-replaced' });
    expect(() => journal.assertCurrent()).toThrow('was replaced or restored');
    const later = [openJournal(address), openJournal(address)];
    const marks = await Promise.all(later.map(async (one) => one.findRestoreMark(TOKEN)));
    for (const mark of marks) expect(mark?.restoredAt).toBeGreaterThan(Date.now() - 60_000);
    expect(await later[0]?.takeLeases(['card a'], 'send')).toEqual([]);
    await later[0]?.clearRestoreMark(TOKEN, Date.now());
    expect(await openJournal(address).findRestoreMark(TOKEN)).toBeNull();
  },
);

testWithPostgres(
  'after a failover, a listener ends, and a command waits before it sends a card',
  async () => {
    const server = await OwnServer.open();
    const address = await makeSchema(server);
    const team = await Team.open();
    const ada = team.person(address, { KIOSKCTL_SETTLE: '1s' });
    const { card } = await team.sandbox.readyCard();
    const listener = await team.listen(ada);
    expect(await deliver(listener.url, team.signer.event())).toBe(200);
    await server.stop();
    await server.startPromoted();
    expect([0, 503]).toContain(await deliver(listener.url, team.signer.event()));
    expect(await listener.ended).toBe(9);
    const sent = await ada.run(`produce ${card} --kiosk WIS00001 --yes --json`);
    expect(sent.code, sent.stdout).toBe(0);
    expect(sent.stderr).toMatch(/the journal was restored, or its server failed over, .* waiting/);
    expect(await team.sandbox.puts(card)).toHaveLength(1);
  },
);

testWithPostgres('after journal restored, a running listener ends within 10 seconds', async () => {
  const address = await makeSchema();
  const team = await Team.open();
  const [ada, ben] = [team.person(address), team.person(address)];
  const listener = await team.listen(ada);
  expect(await deliver(listener.url, team.signer.event())).toBe(200);
  const marked = await ben.run(['journal', 'restored', '--yes', '--reason', 'restored of 10:00']);
  expect(marked.code, marked.stderr).toBe(0);
  const started = performance.now();
  expect(await listener.ended).toBe(9);
  expect(performance.now() - started).toBeLessThan(10_000);
});

testWithPostgres(
  'after journal restored, a process that holds a lease may not send anything any more',
  async () => {
    const address = await makeSchema();
    const journal = openJournal(address);
    await journal.takeLeases(['card a'], 'send');
    journal.assertCurrent();
    const session = await openTestSession(address);
    await session.script(...nextServerGeneration(Date.now()));
    await expect.poll(() => isCurrent(journal)).toBe(false);
    await expect(journal.listLeases()).rejects.toMatchObject({ code: 'journal-replaced' });
  },
);

testWithPostgres('a copy of a database counts as restored when it is opened, and once', async () => {
  const address = await makeSchema();
  expect(await openJournal(address).findRestoreMark(TOKEN)).toBeNull();
  const session = await openTestSession(address);
  await session.run("UPDATE identity SET place = replace(place, ' ', ' 1')");
  const mark = await openJournal(address).findRestoreMark(TOKEN);
  expect(mark).not.toBeNull();
  expect(await openJournal(address).findRestoreMark(TOKEN)).toMatchObject({ restoredAt: mark?.restoredAt });
});
