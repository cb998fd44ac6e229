// Two servers share a journal in PostgreSQL, and the sandbox delivers to both. One is killed: nothing is lost or stored twice.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { rolesOf } from '../../src/journal/server-roles.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { installQueue } from '../../src/queue/queue-schema.ts';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { deliver, EventSigner, productionBody } from '../harness/events.ts';
import { OwnServer } from '../harness/own-server.ts';
import { downgrade, makeLogin, makeSchema, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { ListenerProcess } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';
import { newColleague, newUser } from './users.ts';

/** Creates a journal with its job queue. @returns the address of an operator */
async function makeJournal(at?: OwnServer): Promise<PostgresAddress> {
  return addQueue(await makeSchema(at));
}

async function addQueue(address: PostgresAddress): Promise<PostgresAddress> {
  const session = await PostgresSession.open(address, { patience: 0 });
  await installQueue(session, { address, roles: rolesOf(address.schema) });
  await session.end();
  return makeLogin(address);
}

interface Options {
  publicKey: string;
  env?: Record<string, string>;
  args?: string[];
}

async function serve(address: PostgresAddress, options: Options): Promise<ListenerProcess> {
  const server = await start(address, options);
  await untilRunner(server);
  return server;
}

async function start(
  address: PostgresAddress,
  { publicKey, env = {}, args = [] }: Options,
): Promise<ListenerProcess> {
  const user = newColleague(address, env);
  const key = join(user.home, 'key.pem');
  writeFileSync(key, publicKey);
  const server = await ListenerProcess.serve(user.env, '--public-key', key, ...args);
  onTestFinished(async () => void (await server.end('SIGKILL')));
  return server;
}

async function untilRunner(server: ListenerProcess): Promise<void> {
  await expect.poll(async () => (await server.details()).jobs.runHere).toBe(true);
}

/** Number of deliveries that the first server records before it is killed during the next one. */
const RECORDED = 4;

testWithPostgres(
  'of two servers with one journal, the one that forwards is killed in a delivery: every event is stored and counted once, forwarded in sequence and notified, and only that delivery is repeated',
  async () => {
    const address = await makeJournal();
    const session = await openTestSession(address);
    let victim: ListenerProcess | undefined;
    const seen = new Set<unknown>();
    const target = await Receiver.open(async ({ headers }) => {
      const isNew = seen.size < seen.add(headers['x-delivery-id']).size;
      if (isNew && seen.size > RECORDED) await victim?.end('SIGKILL');
      return 200;
    });
    const people = await Receiver.open();
    await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
    const world = { publicKey: sandbox.publicKey, env: { KIOSKCTL_BASE_URL: sandbox.url } };
    const args = [
      '--forward-to',
      target.url,
      '--notify-file',
      notifyFile(people.url),
      '--notify-after',
      '1s',
    ];
    const servers = [await serve(address, { ...world, args }), await serve(address, { ...world, args })];
    for (const { url } of servers) sandbox.deliverTo(url);
    await sandbox.send(failedCard());
    await expect
      .poll(async () => Promise.all(servers.map(async (one) => forwardedBy(one))).then(sumOf))
      .toBe(1);
    const [first, second] = servers as [ListenerProcess, ListenerProcess];
    victim = (await forwardedBy(first)) === 1 ? first : second;
    const survivor = victim === first ? second : first;
    for (let cards = 0; cards < 10; cards += 1) sandbox.readyCard();
    const sent = sandbox.events().length + 1;
    const forwarded = await target.gotDistinct(sent);
    const { rows } = await session.run<{ name: string }>(
      'SELECT delivery_id AS name FROM events ORDER BY id',
    );
    expect(forwarded.map(({ headers }) => headers['x-delivery-id'])).toEqual(rows.map(({ name }) => name));
    expect(rows).toHaveLength(sent);
    // A target that took over 5 seconds, on a slow machine, gets a delivery again.
    expect(target.arrived.length - sent - (await forwardedBy(survivor, 'unavailable'))).toBe(1);
    const [notice] = await people.got(1);
    expect(notice?.body).toMatchObject({
      kind: 'failed',
      count: 1,
      title: '1 card failed at WIS00001: PRD_HOPPER_DOOR',
    });
    await expect.poll(async () => waitingIn(survivor)).toEqual([0, 0]);
    // A notice is repeated only if the server was killed in its delivery.
    expect(new Set(people.arrived.map(({ body }) => body.id)).size).toBe(1);
    expect(people.arrived.length).toBeLessThanOrEqual(2);
    await expect.poll(async () => webhooksOf(survivor)).toBe(sent);
    expect(await forwardedBy(survivor)).toBe(sent - RECORDED);
    const failed = { 'kiosk="WIS00001",code="PRD_HOPPER_DOOR"': 1 };
    await expect.poll(async () => survivor.metric('failed_cards')).toEqual(failed);
    expect(survivor.ofType('end')).toEqual([]);
    expect(await survivor.end()).toBe(0);
    const { kept, duplicates } = survivor.ofType('end')[0];
    expect(kept + duplicates).toBe(sent);
  },
  240_000,
);

function notifyFile(url: string): string {
  const file = join(newUser().home, 'notify.yaml');
  writeFileSync(file, `targets: [{name: on-call, format: json, url: '${url}'}]\n`, { mode: 0o600 });
  return file;
}

/** An event about a card that failed. */
function failedCard(): string {
  const resource = { type: 'card', profile_id: '1001', client_id: 'x', card_token: randomUUID() };
  return productionBody('PRODUCTION_ERROR', { resource, error_code: 'PRD_HOPPER_DOOR' });
}

async function forwardedBy(server: ListenerProcess, result = 'delivered'): Promise<number> {
  const counted = Object.entries(await server.metric('outbox_deliveries_total'));
  const ending = `kind="event",result="${result}"`;
  return sumOf(counted.filter(([labels]) => labels.endsWith(ending)).map(([, value]) => value));
}

async function waitingIn(server: ListenerProcess): Promise<number[]> {
  const { outbox } = await server.details();
  return outbox.map(({ waiting }: { waiting: number }) => waiting);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

async function webhooksOf(server: ListenerProcess): Promise<number> {
  return sumOf(Object.values(await server.metric('webhooks_total')));
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
    const waiting = {
      runHere: false,
      settle: 'off',
      obstacle: expect.stringMatching(/^The journal postgres/),
    };
    await expect.poll(async () => (await server.details()).jobs).toMatchObject(waiting);
    await database.start();
    await expect.poll(async () => deliver(server.url, refused)).toBe(200);
    await untilRunner(server);
    expect(await server.probe()).toEqual([200, 200]);
    expect((await server.details()).jobs.obstacle).toBeUndefined();
    expect(await server.end()).toBe(0);
    expect(server.ofType('end')[0]).toMatchObject({ kept: 2, duplicates: 0 });
    const warnings = server.logs.filter(({ message }) => message.startsWith('The jobs '));
    const lost = expect.stringMatching(/^The jobs wait: The journal postgres\S+ cannot be/);
    expect(warnings).toMatchObject([{ message: lost }]);
    // Every line of the log is a document: a library printed nothing.
    expect(server.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  },
  90_000,
);

testWithPostgres('a server without a job queue receives, and shows how to install it', async () => {
  const signer = new EventSigner();
  const server = await start(await makeLogin(await makeSchema()), { publicKey: signer.publicKey });
  expect(await deliver(server.url, signer.event())).toBe(200);
  await server.line('log', ({ message }) => /^The jobs are off: .*journal upgrade/.test(message));
  const { status, jobs } = await server.details();
  expect([status, jobs]).toMatchObject([
    'ok',
    { runHere: false, settle: 'off', obstacle: expect.stringContaining('kioskctl journal upgrade') },
  ]);
  expect(await server.metric('job_enabled')).toMatchObject({ 'job="settle"': 0 });
});

testWithPostgres(
  'a server whose job queue fails unexpectedly shows it as the obstacle of its jobs',
  async () => {
    const owner = await makeSchema();
    const address = await addQueue(owner);
    const session = await openTestSession(owner);
    await session.script(`DROP FUNCTION "${owner.schema}_jobs".add_job CASCADE`);
    const signer = new EventSigner();
    const server = await start(address, { publicKey: signer.publicKey });
    const obstacle = expect.stringMatching(/^Unexpected error: .*add_job/);
    await expect.poll(async () => (await server.details()).jobs).toMatchObject({ runHere: false, obstacle });
  },
);

/** Hides graphile-worker from a process. */
const WITHOUT_PACKAGE = `
  import Module from 'node:module';
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (name, ...more) {
    if (name === 'graphile-worker') throw new Error('not found');
    return resolve.call(this, name, ...more);
  };`;

testWithPostgres(
  'a server on the oldest schema and without graphile-worker receives, forwards from memory, and shows what to do',
  async () => {
    const owner = await makeSchema();
    await downgrade(await openTestSession(owner));
    const signer = new EventSigner();
    const target = await Receiver.open();
    const user = newColleague(await makeLogin(owner));
    const [key, preload] = [join(user.home, 'key.pem'), join(user.home, 'preload.mjs')];
    writeFileSync(key, signer.publicKey);
    writeFileSync(preload, WITHOUT_PACKAGE);
    const args = ['--public-key', key, '--forward-to', target.url, '--notify-file', notifyFile(target.url)];
    args.push('--accept-plans');
    const env = { ...user.env, NODE_OPTIONS: `--import=${preload}` };
    const server = await ListenerProcess.serve(env, ...args);
    onTestFinished(async () => void (await server.end('SIGKILL')));
    const event = signer.event();
    expect(await deliver(server.url, event)).toBe(200);
    const [forwarded] = await target.got(1);
    expect(forwarded?.headers['x-delivery-id']).toBe(event.deliveryId);
    await server.line('log', ({ message }) => message.startsWith('The jobs are off: '));
    const install =
      'graphile-worker is not installed. Install it next to kioskctl: npm install --global graphile-worker@0.18.';
    expect(await server.details()).toMatchObject({
      status: 'ok',
      outbox: [],
      jobs: { runHere: false, outbox: 'off', obstacle: install },
    });
    expect(await server.metric('journal_readable')).toEqual({ '': 1 });
    expect(await server.probe()).toEqual([200, 200]);
    const old = 'The journal has the schema of an older version: ';
    for (const effect of [
      'waiting events are in memory only',
      'no notices are sent',
      'no plans are accepted',
    ])
      await server.line('log', ({ message }) => message.startsWith(`${old}${effect}. Upgrade it: `));
    expect(await server.end()).toBe(0);
  },
);
