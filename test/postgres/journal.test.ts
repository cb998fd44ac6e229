// What only a journal in PostgreSQL meets; the contract of all journals is in test/journal/contract.
import { expect } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { makeSchema, openPostgresJournal, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { CuttingProxy } from './cutting-proxy.ts';

/** Opens a journal as a machine has it whose calendar is wrong by so many milliseconds. */
function openJournal(
  address: PostgresAddress,
  { wrongBy = 0, boot = 'here', host }: { wrongBy?: number; boot?: string; host?: string } = {},
): Journal {
  return openPostgresJournal({
    address,
    environment: 'sandbox',
    now: () => Date.now() + wrongBy,
    owner: { host: host ?? boot, user: 'ada', pid: process.pid, startedAt: null, boot, namespace: 'pid' },
  });
}

testWithPostgres('a lease whose transaction was run again ends with its release', async () => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const [journal, other] = [openJournal(address), openJournal(target)];
  await journal.listLeases();
  proxy.loses = 'the COMMIT';
  expect(await journal.takeLeases(['card a'], 'send')).toEqual([]);
  expect(proxy.loses).toBeNull();
  expect(await other.takeLeases(['card a'], 'send')).toHaveLength(1);
  await journal.releaseLeases(['card a']);
  expect(await other.takeLeases(['card a'], 'send')).toEqual([]);
});

testWithPostgres.each([-11_000, 0, 11_000, 86_400_000])(
  'the clock of the server decides whether a process of a machine is running whose calendar is wrong by %i ms',
  async (wrongBy) => {
    const address = await makeSchema();
    const journal = openJournal(address, { wrongBy });
    const other = openJournal(address, { boot: 'there' });
    await journal.takeLeases(['card a'], 'send');
    await journal.startListener('http://127.0.0.1', Date.now() + wrongBy);
    const [lease] = await other.takeLeases(['card a'], 'send');
    expect(lease).toMatchObject({ isRunning: true });
    expect(lease?.freeIn).toBeGreaterThan(5_000);
    expect(await other.listenedToSince()).not.toBeNull();
    // As if it had been silent for ten seconds.
    const session = await openTestSession(address);
    await session.run('UPDATE leases SET renewed_at = renewed_at - 10000');
    await session.run('UPDATE listenings SET heartbeat_at = heartbeat_at - 10000');
    expect(await other.takeLeases(['card a'], 'send')).toEqual([]);
    expect(await other.isListenedTo()).toBe(false);
    await expect(journal.renewLeases(['card a'])).rejects.toThrow('lost its lock');
  },
);

testWithPostgres(
  'a process of another machine that was disconnected has no lease and no listener',
  async () => {
    const target = await makeSchema();
    const { proxy, address } = await CuttingProxy.open(target);
    const journal = openJournal(address, { boot: 'there' });
    const other = openJournal(target);
    await journal.takeLeases(['card a'], 'send');
    await journal.startListener('http://127.0.0.1', Date.now());
    expect(await other.takeLeases(['card a'], 'send')).toHaveLength(1);
    expect(await other.isListenedTo()).toBe(true);
    proxy.close();
    await expect.poll(async () => other.listLeases()).toEqual([]);
    expect(await other.takeLeases(['card a'], 'send')).toEqual([]);
    expect(await other.isListenedTo()).toBe(false);
  },
);

testWithPostgres('a process that was disconnected for a while is announced again', async () => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const journal = openJournal(address, { boot: 'there' });
  const other = openJournal(target);
  await journal.takeLeases(['card a'], 'send');
  proxy.refuses = true;
  proxy.cut();
  await expect.poll(async () => other.listLeases()).toEqual([]);
  expect(() => journal.assertCurrent()).toThrow('has not answered for 5 seconds');
  proxy.refuses = false;
  await expect.poll(async () => other.listLeases()).toHaveLength(1);
  await expect.poll(() => journal.assertCurrent()).toBeUndefined();
});

testWithPostgres('a listener of a machine with the same name is running', async () => {
  const address = await makeSchema();
  const journal = openJournal(address, { boot: 'there', host: 'container' });
  const other = openJournal(address, { boot: 'here', host: 'container' });
  await journal.startListener('http://127.0.0.1', Date.now());
  expect(await other.isListenedTo()).toBe(true);
});
