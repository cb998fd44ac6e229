import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { SERVER_SCHEMA } from '../../src/journal/open-journal.ts';
import { type PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresDatabase } from '../../src/postgres/postgres-database.ts';
import { makeSchema, newAddress, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { openPooler } from './pooler.ts';

const fault = (reason: string, fix?: string | null) => new Error(`fault: ${reason} (${fix})`);
const replaced = (reason: string) => new Error(`replaced: ${reason}`);

async function makeDatabase(): Promise<PostgresDatabase> {
  return openDatabase(await makeSchema());
}

function openDatabase(
  address: PostgresAddress,
  options: { patience?: number; stopwatch?: () => number } = {},
): PostgresDatabase {
  const database = new PostgresDatabase({
    address,
    schema: SERVER_SCHEMA,
    patience: 15_000,
    nextGeneration: () => [],
    fault,
    replaced,
    ...options,
  });
  onTestFinished(async () => database.close());
  return database;
}

/** Any table will do. */
const INSERT = `INSERT INTO environments (environment, clock_offset) VALUES (:name, :offset)
  ON CONFLICT (environment) DO UPDATE SET clock_offset = environments.clock_offset + :offset`;
const SELECT = 'SELECT clock_offset AS "offset" FROM environments WHERE environment = :name';
const COUNT = 'SELECT count(*) AS total FROM environments';

const add = async (database: Pick<PostgresDatabase, 'run'>, name = 'a') =>
  database.run(INSERT, { name, offset: 1 });

testWithPostgres('values are of the types that a file gives them', async () => {
  const database = await makeDatabase();
  const row = await database.get(
    `SELECT CAST(:number AS bigint) AS number, 1.5 AS part, CAST(NULL AS text) AS nothing, count(*) AS total,
       CAST(:text AS text) AS text, 1 < 2 AS truth, CAST(:bytes AS bytea) AS bytes`,
    { number: 4_503_599_627_370_497, text: 'a\0b\u{1F600}', bytes: Buffer.from([0, 255]) },
  );
  expect(row).toEqual({
    number: 4_503_599_627_370_497,
    part: 1.5,
    nothing: null,
    total: 1,
    text: 'a\uFFFDb\u{1F600}',
    truth: 1,
    bytes: Buffer.from([0, 255]),
  });
});

testWithPostgres(
  'processes that write at once wait for each other, and read what the one before wrote',
  async () => {
    const address = await makeSchema();
    const databases = Array.from({ length: 5 }, () => openDatabase(address));
    const count = async (database: PostgresDatabase) =>
      database.transaction(async (tx) => {
        const before = (await tx.get<{ offset: number }>(SELECT, { name: 'a' }))?.offset ?? 0;
        await tx.run('DELETE FROM environments');
        await tx.run(INSERT, { name: 'a', offset: before + 1 });
      });
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => count(databases[index % 5] as PostgresDatabase)),
    );
    expect(await databases[0]?.get(SELECT, { name: 'a' })).toEqual({ offset: 50 });
  },
);

testWithPostgres('ids become visible in their order, however writers overlap', async () => {
  const address = await makeSchema();
  const insert = `INSERT INTO listenings (environment, url, holder_host, holder_user, holder_pid, started_at, heartbeat_at)
    VALUES ('a', 'u', 'h', 'u', 1, 1, 1) RETURNING id`;
  let isWriting = true;
  const write = async (writer: number) => {
    const database = openDatabase(address);
    for (let turn = 0; turn < 20; turn += 1)
      await database.transaction(async (tx) => {
        await tx.get(insert);
        if ((turn + writer) % 3 === 0) await pause(1);
        await tx.get(insert);
      });
  };
  const read = async () => {
    const database = openDatabase(address);
    const seen: number[] = [];
    for (let isLast = false; ; ) {
      const rows = await database.all<{ id: number }>(
        'SELECT id FROM listenings WHERE id > :after ORDER BY id',
        {
          after: seen.at(-1) ?? 0,
        },
      );
      seen.push(...rows.map(({ id }) => id));
      if (isLast) return seen;
      isLast = !isWriting;
    }
  };
  const reading = read();
  await Promise.all([0, 1, 2, 3].map(write));
  isWriting = false;
  expect(await reading).toHaveLength(160);
});

testWithPostgres('a statement outside of the open transaction waits for its end', async () => {
  const database = await makeDatabase();
  let outside: Promise<unknown> = Promise.resolve();
  await database.transaction(async (tx) => {
    await add(tx);
    outside = database.get(COUNT);
    await add(tx, 'b');
  });
  expect(await outside).toEqual({ total: 2 });
});

testWithPostgres('a part that fails is rolled back, and the rest of its transaction is written', async () => {
  const database = await makeDatabase();
  await database.transaction(async (tx) => {
    await add(tx);
    const failing = tx.part(async (part) => {
      await add(part, 'b');
      await part.run('INSERT INTO environments (environment) VALUES (NULL)');
    });
    await expect(failing).rejects.toThrow('null value');
    await add(tx, 'c');
  });
  expect(await database.all('SELECT environment AS name FROM environments ORDER BY environment')).toEqual([
    { name: 'a' },
    { name: 'c' },
  ]);
});

testWithPostgres('a transaction whose error was ignored is not reported as written', async () => {
  const database = await makeDatabase();
  const work = database.transaction(async (tx) => {
    await add(tx);
    await tx.run('INSERT INTO environments (environment) VALUES (NULL)').catch(() => undefined);
  });
  await expect(work).rejects.toThrow('aborted');
  expect(await database.get(COUNT)).toEqual({ total: 0 });
});

testWithPostgres(
  'a transaction whose session ended before its COMMIT is run again, and written once',
  async () => {
    const address = await makeSchema();
    const database = openDatabase(address);
    const killer = await openTestSession(address);
    let tries = 0;
    await database.transaction(async (tx) => {
      tries += 1;
      await add(tx);
      const session = await tx.get<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      if (tries === 1)
        await killer.run('SELECT pg_terminate_backend(CAST(:pid AS int))', { pid: session?.pid ?? 0 });
    });
    expect(tries).toBe(2);
    expect(await database.get(SELECT, { name: 'a' })).toEqual({ offset: 1 });
  },
);

testWithPostgres('a transaction that met a conflict is run again', async () => {
  const database = await makeDatabase();
  let tries = 0;
  await database.transaction(async (tx) => {
    tries += 1;
    await add(tx);
    if (tries < 3)
      await tx.run("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$").catch(() => undefined);
  });
  expect(await database.get(SELECT, { name: 'a' })).toEqual({ offset: 1 });
});

testWithPostgres.each([
  ['the COMMIT', 2],
  ['its answer', 1],
] as const)('a transaction that lost %s is written once', async (loss, expectedTries) => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const database = openDatabase(address);
  await database.get(COUNT);
  let tries = 0;
  proxy.loses = loss;
  await database.transaction(async (tx) => {
    tries += 1;
    await add(tx);
  });
  expect(tries).toBe(expectedTries);
  expect(await database.get(SELECT, { name: 'a' })).toEqual({ offset: 1 });
});

testWithPostgres(
  'a transaction that lost its COMMIT with its database is reported, and not run again',
  async () => {
    const target = await makeSchema();
    const { proxy, address } = await CuttingProxy.open(target);
    const database = openDatabase(address);
    const other = await openTestSession(target);
    await database.get(COUNT);
    let tries = 0;
    const work = database.transaction(async (tx) => {
      tries += 1;
      await add(tx);
      proxy.loses = 'its answer';
      await other.run("UPDATE identity SET generation = 'other'");
    });
    await expect(work).rejects.toThrow('replaced: was replaced or restored');
    expect(tries).toBe(1);
  },
);

testWithPostgres(
  'a transaction whose outcome cannot be confirmed is reported as unknown, and not run again',
  async () => {
    const { proxy, address } = await CuttingProxy.open(await makeSchema());
    const database = openDatabase(address, { patience: 300 });
    await database.get(COUNT);
    let tries = 0;
    const work = database.transaction(async (tx) => {
      tries += 1;
      await add(tx);
      proxy.loses = 'its answer';
      proxy.refuses = true;
    });
    await expect(work).rejects.toThrow('what was written last is unknown');
    expect(tries).toBe(1);
  },
);

testWithPostgres(
  'a process whose server has not answered for five seconds may not send anything until it has',
  async () => {
    const { proxy, address } = await CuttingProxy.open(await makeSchema());
    let elapsed = 0;
    const database = openDatabase(address, { stopwatch: () => elapsed });
    database.assertCurrent();
    await database.announce('me');
    proxy.freeze();
    elapsed += 5_000;
    database.assertCurrent();
    elapsed += 1;
    expect(() => database.assertCurrent()).toThrow('fault: cannot be used: its server has not answered');
    proxy.thaw();
    await database.announce('me');
    database.assertCurrent();
  },
);

testWithPostgres('a database that was restored while it was in use is not used any more', async () => {
  const address = await makeSchema();
  const database = openDatabase(address);
  const other = await openTestSession(address);
  const session = await database.get<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await other.run("UPDATE identity SET generation = 'other'");
  await other.run('SELECT pg_terminate_backend(CAST(:pid AS int), 5000)', { pid: session?.pid ?? 0 });
  await expect(database.get(COUNT)).rejects.toThrow('replaced: was replaced or restored');
  expect(() => database.assertCurrent()).toThrow('replaced: ');
});

testWithPostgres('a session sets everything itself that the journal relies on', async () => {
  const address = await makeSchema();
  const admin = await openTestSession(address);
  await admin.run('ALTER ROLE tester SET synchronous_commit = off');
  onTestFinished(async () => void (await admin.run('ALTER ROLE tester RESET synchronous_commit')));
  const database = openDatabase(address);
  const settings = await database.all<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('TimeZone', 'application_name', 'default_transaction_isolation',
       'idle_in_transaction_session_timeout', 'lock_timeout', 'search_path', 'statement_timeout', 'synchronous_commit',
       'tcp_keepalives_count', 'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_user_timeout')`,
  );
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    TimeZone: 'UTC',
    application_name: 'kioskctl',
    default_transaction_isolation: 'read committed',
    idle_in_transaction_session_timeout: '10000',
    lock_timeout: '15000',
    search_path: `${address.schema},pg_temp`,
    statement_timeout: '20000',
    synchronous_commit: 'on',
    tcp_keepalives_count: '3',
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '3',
    tcp_user_timeout: '20000',
  });
});

testWithPostgres(
  'a writer that waits too long for another one is told that the journal is locked',
  async () => {
    const address = await makeSchema();
    const [holder, waiter] = [openDatabase(address), openDatabase({ ...address })];
    const patient = new PostgresDatabase({
      address,
      schema: SERVER_SCHEMA,
      patience: 50,
      nextGeneration: () => [],
      fault: (reason) => new Error(reason),
      replaced: (reason) => new Error(reason),
    });
    onTestFinished(async () => patient.close());
    await waiter.get(COUNT);
    await holder.transaction(async (tx) => {
      await tx.get(COUNT);
      await expect(add(patient)).rejects.toThrow('is locked by another process');
      expect(await waiter.get(COUNT)).toEqual({ total: 0 });
    });
    await add(patient);
  },
);

testWithPostgres('a server that does not answer is asked again on another connection', async () => {
  const { proxy, address } = await CuttingProxy.open(await makeSchema());
  const database = openDatabase(address, { patience: 300 });
  await database.get(COUNT);
  proxy.freeze({ isForAll: false });
  const began = performance.now();
  expect(await database.get(COUNT)).toEqual({ total: 0 });
  expect(performance.now() - began).toBeLessThan(10_000);
});

testWithPostgres.each(['08006', '53200', '58000', 'XX000'])(
  'an error of the server with SQLSTATE %s means that the database cannot be used',
  async (state) => {
    const database = await makeDatabase();
    const work = database.run(`DO $$ BEGIN RAISE EXCEPTION 'S3CRET' USING ERRCODE = '${state}'; END $$`);
    await expect(work).rejects.toThrow(new RegExp(`^fault: cannot be used: .+ \\(SQLSTATE ${state}\\)`));
    expect(await database.get(COUNT)).toEqual({ total: 0 });
  },
);

testWithPostgres('a pooler without sessions cannot be used', async () => {
  const target = await makeSchema();
  const database = openDatabase(await openPooler(target));
  const work = database.get(COUNT);
  await expect(work).rejects.toThrow('through this pooler (Use a direct connection to the server)');
  const missing = openDatabase({ ...(await openPooler(target)), schema: 'missing' });
  await expect(missing.get(COUNT)).rejects.toThrow('through this pooler');
});

testWithPostgres.each([
  ['with a wrong password', { password: () => 'S3CRET' }, 'rejected the login'],
  ['where nothing listens', { port: 1 }, 'cannot be reached: connection refused'],
  ['without its database', { database: 'missing' }, 'there is no such database'],
  ['without its schema', newAddress, 'does not exist (Create it: kioskctl journal create)'],
  ['that wants TLS where there is none', { tls: {} }, 'its server has no TLS'],
])('a database %s cannot be used, and no message has the password', async (_, change, message) => {
  const address = await makeSchema();
  const database = openDatabase({ ...address, ...(typeof change === 'function' ? change() : change) });
  const error: unknown = await database.get(COUNT).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(message);
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/S3CRET/);
});
