// doctor with a journal in PostgreSQL, and connections with TLS.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { makeCertificate } from '../harness/network.ts';
import { OwnServer } from '../harness/own-server.ts';
import { portOf } from '../harness/ports.ts';
import {
  downgrade,
  makeLogin,
  makeSchema,
  openPostgresJournal,
  openTestSession,
  testWithPostgres,
} from '../harness/postgres.ts';
import { newColleague, newUser, variablesOf } from './users.ts';

interface Check {
  name: string;
  status: string;
  message: string;
  hint?: string;
}

/** Runs doctor without the network, and returns its checks of the journal by name. */
async function checksOf(address: PostgresAddress): Promise<Record<string, Check>> {
  const { stdout } = await newColleague(address).run('doctor --offline --json');
  const { checks }: { checks: Check[] } = JSON.parse(stdout);
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

testWithPostgres('doctor shows server, schema and identity of the journal, and nothing to fix', async () => {
  const ada = await makeLogin(await makeSchema());
  const checks = await checksOf(ada);
  expect(checks.journal).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/PostgreSQL \d+\.\d+, no TLS, schema \d+, id [\da-f]{16}, [\d.]+ ms$/),
  });
  for (const name of ['privileges', 'connection', 'server-clock'])
    expect(checks[name], name).toMatchObject({ status: 'ok' });
  // The server of the tests does not wait for the disk.
  expect(checks.durability).toMatchObject({ message: expect.stringContaining('fsync=off') });
});

testWithPostgres(
  'doctor names the privileges that a login lacks, and a login that has too many',
  async () => {
    const owner = await makeSchema();
    const ada = await makeLogin(owner);
    const session = await openTestSession(owner);
    await session.script(`REVOKE DELETE ON events FROM "${owner.schema}_operator"`);
    expect((await checksOf(ada)).privileges).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('DELETE on events'),
    });
    expect((await checksOf(owner)).privileges).toMatchObject({ status: 'warning' });
  },
);

testWithPostgres('doctor warns of an older schema that commands can use, and fails for others', async () => {
  const owner = await makeSchema();
  const ada = await makeLogin(owner);
  const session = await openTestSession(owner);
  await downgrade(session);
  const { journal, privileges } = await checksOf(ada);
  expect(journal).toMatchObject({ status: 'warning', hint: expect.stringContaining('journal upgrade') });
  expect(privileges).toMatchObject({ status: 'ok' });
  await session.script('UPDATE schema_versions SET oldest_program = 99');
  const newer = (await checksOf(ada)).journal;
  expect(newer).toMatchObject({ status: 'failed', hint: expect.stringContaining('Update kioskctl') });
  await session.script('UPDATE schema_versions SET version = 1, oldest_program = 1');
  const older = (await checksOf(ada)).journal;
  expect(older).toMatchObject({ status: 'failed', hint: expect.stringContaining('journal upgrade') });
});

testWithPostgres('doctor fails for a server that is away', async () => {
  const owner = await makeSchema();
  const away = await checksOf({ ...owner, port: 1 });
  expect(away.journal).toMatchObject({ status: 'failed', message: expect.stringContaining('refused') });
  expect(away.privileges).toMatchObject({ status: 'skipped' });
});

testWithPostgres('doctor warns of standbys for which no commit waits', async () => {
  const owner = await makeSchema();
  const { user, port } = owner;
  const replication: object = { replication: 'true' };
  const standby = new Client({ host: '127.0.0.1', port, user, password: owner.password(), ...replication });
  await standby.connect();
  onTestFinished(async () => standby.end());
  expect((await checksOf(await makeLogin(owner))).durability).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('No commit waits for the connected standby (1)'),
  });
});

/** Opens a pooler that keeps the session of a client, but changes its settings. @returns its address */
async function openSessionPooler(target: PostgresAddress): Promise<PostgresAddress> {
  const pooler = createServer((client) => {
    const server = connect(target.port, target.host);
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.on('close', () => server.destroy());
    const given = Buffer.from('synchronous_commit=on');
    client.on('data', (bytes) => {
      const at = bytes.indexOf(given);
      if (at >= 0) bytes.write('no', at + given.length - 2);
      server.write(bytes);
    });
    const key = Buffer.from([0x4b, 0, 0, 0, 12]);
    server.on('data', (bytes) => {
      // A pooler makes up the id of the session.
      const at = bytes.indexOf(key);
      if (at >= 0) bytes.writeUInt32BE(1, at + key.length);
      client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(pooler, 'listening');
  onTestFinished(() => void pooler.close());
  return { ...target, port: portOf(pooler) };
}

testWithPostgres('doctor warns of a pooler, and of a session with synchronous_commit=off', async () => {
  const ada = await makeLogin(await makeSchema());
  const checks = await checksOf(await openSessionPooler(ada));
  expect(checks.connection).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('pooler'),
  });
  expect(checks.durability).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('synchronous_commit=off'),
  });
});

testWithPostgres('doctor names the listeners of other machines', async () => {
  const owner = await makeSchema();
  const ben = { host: 'far', user: 'ben', pid: 7, startedAt: null, boot: 'far', namespace: 'pid' };
  const journal = openPostgresJournal({ address: owner, environment: 'sandbox', now: Date.now, owner: ben });
  await journal.startListener('http://127.0.0.1', Date.now());
  const { listener } = await checksOf(await makeLogin(owner));
  expect(listener).toMatchObject({ status: 'ok', message: expect.stringContaining('ben@far') });
});

testWithPostgres(
  'a connection with TLS verifies the certificate, and can identify the login with one',
  async () => {
    const server = await OwnServer.open();
    const { port, password } = server;
    await server.stop();
    const certificate = makeCertificate({ isCa: true });
    await server.startWithTls(certificate);
    const address = await makeSchema({ port, password });
    const user = newUser({ ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: password });
    const file = join(user.home, 'ca.pem');
    writeFileSync(file, certificate.cert);
    const url = (host: string, more: string) =>
      `postgres://${address.user}@${host}:${port}/${address.database}?schema=${address.schema}&${more}`;
    const run = async (journal: string) =>
      user.run('journal show --json', { env: { KIOSKCTL_JOURNAL: journal } });
    const trusted = await run(url('localhost', `sslrootcert=${file}`));
    expect(trusted.json, trusted.stderr).toMatchObject({
      exitCode: 0,
      journal: { server: { tls: expect.stringMatching(/^TLSv1\.[23]$/) } },
    });
    const unknown = await run(url('localhost', 'sslmode=verify-full'));
    expect(unknown.code, unknown.stdout).toBe(9);
    expect(unknown.stdout).toContain('sslrootcert');
    const otherName = await run(url('127.0.0.1', `sslrootcert=${file}`));
    expect(otherName.code, otherName.stdout).toBe(9);
    expect(otherName.stdout).toContain('certificate');
    const doctor = await user.run('doctor --offline --json', {
      env: { KIOSKCTL_JOURNAL: url('localhost', `sslrootcert=${file}`) },
    });
    const durability = doctor.json.checks.find(({ name }: Check) => name === 'durability');
    expect(durability).toMatchObject({ status: 'ok' });

    await server.stop();
    await server.startWithTls(certificate, certificate);
    const runAs = async (commonName: string) => {
      const { cert, key } = makeCertificate({ commonName, issuer: certificate });
      const files = Object.entries({ sslcert: cert, sslkey: key }).map(([name, text]) => {
        writeFileSync(join(user.home, name), text, { mode: 0o600 });
        return `${name}=${join(user.home, name)}`;
      });
      return run(url('localhost', [`sslrootcert=${file}`, ...files].join('&')));
    };
    const known = await runAs(address.user);
    expect(known.code, known.stdout).toBe(0);
    const other = await runAs('other');
    expect(other.code, other.stdout).toBe(9);
    expect(other.stdout).toContain('rejected the login');
  },
);
