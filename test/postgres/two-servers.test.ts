// Two servers share a journal in PostgreSQL, and the sandbox delivers to both. One is killed: nothing is lost or stored twice.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { rolesOf } from '../../src/journal/server-roles.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { installQueue } from '../../src/queue/queue-schema.ts';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { deliver, EventSigner } from '../harness/events.ts';
import { OwnServer } from '../harness/own-server.ts';
import { makeLogin, makeSchema, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { ListenerProcess } from '../harness/served.ts';
import { newColleague } from './users.ts';

/** Creates a journal with its job queue. @returns the address of an operator */
async function makeJournal(at?: OwnServer): Promise<PostgresAddress> {
  const address = await makeSchema(at);
  const session = await PostgresSession.open(address, { patience: 0 });
  await installQueue(session, { address, roles: rolesOf(address.schema) });
  await session.end();
  return makeLogin(address);
}

async function serve(
  address: PostgresAddress,
  { publicKey, env = {}, args = [] }: { publicKey: string; env?: Record<string, string>; args?: string[] },
): Promise<ListenerProcess> {
  const user = newColleague(address, env);
  const key = join(user.home, 'key.pem');
  writeFileSync(key, publicKey);
  const server = await ListenerProcess.serve(user.env, '--public-key', key, ...args);
  onTestFinished(async () => void (await server.end('SIGKILL')));
  await untilRunner(server);
  return server;
}

async function untilRunner(server: ListenerProcess): Promise<void> {
  await expect.poll(async () => (await server.details()).jobs.runHere).toBe(true);
}

testWithPostgres(
  'of two servers with one journal, one is killed: every event is stored once and counted, and the other one runs the jobs',
  async () => {
    const address = await makeJournal();
    const session = await openTestSession(address);
    await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
    const world = { publicKey: sandbox.publicKey, env: { KIOSKCTL_BASE_URL: sandbox.url } };
    const [first, second] = [await serve(address, world), await serve(address, world)];
    for (const { url } of [first, second]) sandbox.deliverTo(url);
    for (let cards = 0; cards < 10; cards += 1) {
      sandbox.readyCard();
      if (cards === 4) void first.end('SIGKILL');
    }
    const sent = sandbox.events().length;
    const count = async () =>
      (await session.run<{ count: number }>('SELECT count(*) AS count FROM events')).rows[0]?.count;
    await expect.poll(count).toBe(sent);
    await expect.poll(async () => webhooksOf(second)).toBe(sent);
    expect(second.ofType('end')).toEqual([]);
    expect(await second.end()).toBe(0);
    const { kept, duplicates } = second.ofType('end')[0];
    expect([kept + duplicates, await count()]).toEqual([sent, sent]);
  },
  90_000,
);

async function webhooksOf(server: ListenerProcess): Promise<number> {
  const counted = await server.metric('webhooks_total');
  return Object.values(counted).reduce((sum, value) => sum + value, 0);
}

testWithPostgres(
  'a server without the database of its journal is not ready, and continues with its jobs when it is back',
  async () => {
    const database = await OwnServer.open();
    const signer = new EventSigner();
    const server = await serve(await makeJournal(database), { publicKey: signer.publicKey });
    expect(await deliver(server.url, signer.event())).toBe(200);
    await database.stop('SIGQUIT');
    const refused = signer.event();
    expect(await deliver(server.url, refused)).toBe(503);
    expect(await server.probe()).toEqual([200, 503]);
    await expect.poll(async () => (await server.details()).jobs.runHere).toBe(false);
    await database.start();
    await expect.poll(async () => deliver(server.url, refused)).toBe(200);
    await untilRunner(server);
    expect(await server.probe()).toEqual([200, 200]);
    expect(await server.end()).toBe(0);
    expect(server.ofType('end')[0]).toMatchObject({ kept: 2, duplicates: 0 });
    // Every line of the log is a document: a library printed nothing.
    expect(server.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  },
  90_000,
);

testWithPostgres('a server without a job queue receives, and shows how to install it', async () => {
  const signer = new EventSigner();
  const user = newColleague(await makeLogin(await makeSchema()));
  const key = join(user.home, 'key.pem');
  writeFileSync(key, signer.publicKey);
  const server = await ListenerProcess.serve(user.env, '--public-key', key);
  onTestFinished(async () => void (await server.end('SIGKILL')));
  expect(await deliver(server.url, signer.event())).toBe(200);
  await server.line('log', ({ message }) => /^The jobs are off: .*journal upgrade/.test(message));
  const { status, jobs } = await server.details();
  expect([status, jobs]).toMatchObject([
    'ok',
    { runHere: false, settle: 'off', obstacle: expect.stringContaining('kioskctl journal upgrade') },
  ]);
  expect(await server.metric('job_enabled')).toMatchObject({ 'job="settle"': 0 });
});
