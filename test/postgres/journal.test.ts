// What only a journal in PostgreSQL meets; the contract of all journals is in test/journal/contract.
import { expect } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { makeSchema, openPostgresJournal, testWithPostgres } from '../harness/postgres.ts';
import { CuttingProxy } from './cutting-proxy.ts';

function openJournal(address: PostgresAddress): Journal {
  return openPostgresJournal({ address, environment: 'sandbox', now: () => Date.now() });
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
