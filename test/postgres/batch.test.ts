// Writes that take one round trip, and what a lost connection does to them.
import { expect, onTestFinished } from 'vitest';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { SERVER_SCHEMA } from '../../src/journal/open-journal.ts';
import { channelOf } from '../../src/postgres/changes.ts';
import { PostgresDatabase } from '../../src/postgres/postgres-database.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { makeSchema, openPostgresJournal, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { production, settleWindow, TOKEN } from '../harness/records.ts';
import { SlowNetwork } from '../harness/slow-network.ts';
import { CuttingProxy } from './cutting-proxy.ts';

const NETWORK_DELAY_MS = 10;
const LOSSES = ['the COMMIT', 'its answer'] as const;

const cardToken = parseCardToken(TOKEN);
const kioskId = parseKioskId('WIS00001');
const claim = { profileId: 1001, orderId: 501, cardToken, kioskId, reason: null, at: 1 };
const sending = {
  kioskId,
  orderId: 501,
  baseline: production('READY'),
  correlationId: 'c',
  settleWindow: settleWindow(),
  at: 2,
};

const open = (address: Parameters<typeof openPostgresJournal>[0]['address']): Journal =>
  openPostgresJournal({ address, environment: 'sandbox', now: () => Date.now() });

testWithPostgres('an attempt takes five round trips: lease, claim, sent, result, release', async () => {
  const { network, address } = await SlowNetwork.open(await makeSchema(), NETWORK_DELAY_MS);
  onTestFinished(() => network.close());
  const journal = open(address);
  await journal.takeLeases(['card other'], 'send');
  network.roundTrips = 0;
  await journal.takeLeases([`card ${TOKEN}`], 'send');
  const { attempt } = await journal.claim(claim);
  await journal.markSent(attempt, sending);
  await journal.update(attempt, { outcome: 'produced', at: 3 });
  await journal.releaseLeases([`card ${TOKEN}`]);
  expect(network.roundTrips).toBe(5);
  expect(await journal.latestAttempt(cardToken)).toMatchObject({ outcome: 'produced', number: 1 });
});

testWithPostgres('events that arrive together take two round trips', async () => {
  const { network, address } = await SlowNetwork.open(await makeSchema(), NETWORK_DELAY_MS);
  onTestFinished(() => network.close());
  const database = openDatabase(address);
  await database.get('SELECT 1 AS one');
  network.roundTrips = 0;
  await database.transaction(async (tx) =>
    Promise.all(['a', 'b', 'c'].map(async (name) => tx.run(ADD, { name }))),
  );
  expect(network.roundTrips).toBe(2);
});

testWithPostgres.each(LOSSES)('an attempt that lost %s at each step is recorded once', async (loss) => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const journal = open(address);
  const losing = async <Result>(work: () => Promise<Result>) => {
    proxy.loses = loss;
    const result = await work();
    expect(proxy.loses).toBeNull();
    return result;
  };
  await journal.listLeases();
  expect(await losing(async () => journal.takeLeases([`card ${TOKEN}`], 'send'))).toEqual([]);
  const { attempt, claimed } = await losing(async () => journal.claim(claim));
  expect(claimed).toBe(true);
  expect(await losing(async () => journal.markSent(attempt, sending))).toMatchObject({ outcome: 'sent' });
  expect(await journal.markSent(attempt, sending)).toBeNull();
  const produced = { outcome: 'produced', at: 3 } as const;
  expect(await losing(async () => journal.update(attempt, produced))).toMatchObject({ closedAt: 3 });
  await losing(async () => journal.releaseLeases([`card ${TOKEN}`]));
  expect(await open(target).takeLeases([`card ${TOKEN}`], 'send')).toEqual([]);
  expect(await journal.listAttempts(cardToken)).toHaveLength(1);
});

const fault = (reason: string) => new Error(reason);

function openDatabase(address: Parameters<typeof openPostgresJournal>[0]['address']): PostgresDatabase {
  const database = new PostgresDatabase({
    address,
    schema: SERVER_SCHEMA,
    patience: 15_000,
    nextGeneration: () => [],
    fault,
    replaced: fault,
  });
  onTestFinished(async () => database.close());
  return database;
}

const ADD = `INSERT INTO environments (environment, clock_offset) VALUES (:name, 1)
  ON CONFLICT (environment) DO UPDATE SET clock_offset = environments.clock_offset + 1`;

testWithPostgres('a batch whose connection was lost while it waited is not executed twice', async () => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const database = openDatabase(address);
  await database.get('SELECT 1 AS one');
  const other = await openTestSession(target);
  await other.begin();
  const batch = database.batch([{ sql: ADD, parameters: { name: 'a' } }]);
  const blocked = async () =>
    (
      await other.run<{ pid: number }>(
        'SELECT DISTINCT pid FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
      )
    ).rows;
  await expect.poll(blocked).toHaveLength(1);
  const [lost] = await blocked();
  proxy.hidesCuts = true;
  proxy.cut();
  await expect.poll(async () => (await blocked()).filter(({ pid }) => pid !== lost?.pid)).toHaveLength(1);
  await other.script('COMMIT');
  expect(await batch).toMatchObject({ isRepeated: true });
  expect((await other.run('SELECT clock_offset AS sum FROM environments')).rows).toEqual([{ sum: 1 }]);
});

testWithPostgres('a batch with a statement that fails writes nothing', async () => {
  const database = openDatabase(await makeSchema());
  const statements = [ADD, 'SELECT 1 / 0', ADD].map((sql) => ({
    sql,
    parameters: sql === ADD ? { name: 'a' } : {},
  }));
  await expect(database.batch(statements)).rejects.toThrow('division by zero');
  expect(await database.all('SELECT * FROM environments')).toEqual([]);
  expect(await database.batch([{ sql: 'SELECT 1 AS one', parameters: {} }])).toMatchObject({
    rows: [[{ one: 1 }]],
  });
});

testWithPostgres('a quiet batch sends no notification, and any other write sends one', async () => {
  const address = await makeSchema();
  const database = openDatabase(address);
  let notifications = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onNotification = () => {
    notifications += 1;
    resolve();
  };
  const session = await PostgresSession.open(address, { patience: 15_000, onNotification });
  onTestFinished(async () => session.end());
  await session.script(`LISTEN ${channelOf(address)}`);
  const add = { sql: ADD, parameters: { name: 'a' } };
  await database.batch([add], { isQuiet: true });
  await database.batch([add]);
  await promise;
  expect(notifications).toBe(1);
});
