// The server of a journal stops, starts again, or fails over.
import { expect } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { OwnServer } from '../harness/own-server.ts';
import { makeSchema, openPostgresJournal, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { TOKEN } from '../harness/records.ts';

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
    await expect.poll(() => isCurrent(journal), { timeout: 10_000 }).toBe(true);
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

testWithPostgres('a copy of a database counts as restored when it is opened, and once', async () => {
  const address = await makeSchema();
  expect(await openJournal(address).findRestoreMark(TOKEN)).toBeNull();
  const session = await openTestSession(address);
  await session.run("UPDATE identity SET place = replace(place, ' ', ' 1')");
  const mark = await openJournal(address).findRestoreMark(TOKEN);
  expect(mark).not.toBeNull();
  expect(await openJournal(address).findRestoreMark(TOKEN)).toMatchObject({ restoredAt: mark?.restoredAt });
});
