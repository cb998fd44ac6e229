import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { makeFolder } from '../harness/command-line.ts';
import { type Reply, START, TestSandbox } from '../harness/sandbox.ts';

const OTHER_PROCESS = join(import.meta.dirname, '../harness/other-process.ts');
const PROGRAMS = 'GET /v3/spend/profiles/1001/card-orders/availability';

async function pair(): Promise<{ one: TestSandbox; two: TestSandbox; clock: SimulatedClock }> {
  const clock = new SimulatedClock(START);
  const one = await TestSandbox.open({ clock });
  const two = await TestSandbox.open({ clock, stateFile: one.stateFile });
  return { one, two, clock };
}

describe('two sandboxes on one state', () => {
  test('two sandboxes on one state return the same data', async () => {
    const { one, two } = await pair();
    const { token, orderId } = await one.readyCard();
    expect((await two.production(token)).body.status).toBe('READY');
    await two.produce(token);
    expect((await one.production(token)).body.status).toBe('IN_PROGRESS');
    two.instance.advance(5_000);
    expect((await one.call(PROGRAMS)).headers.get('date')).toBe(
      (await two.call(PROGRAMS)).headers.get('date'),
    );
    one.instance.addFault({ kind: 'answer', status: 500, times: 1 });
    expect((await two.call(PROGRAMS)).status).toBe(500);
    expect((await one.call(PROGRAMS)).status).toBe(200);
    two.instance.reset();
    expect((await one.call(`GET /v3/spend/profiles/1001/card-orders/${orderId}`)).status).toBe(404);
  });

  test('two sandboxes on one state accept one of two requests for the same card', async () => {
    const { one, two } = await pair();
    for (let round = 0; round < 10; round += 1) {
      const { token } = await one.readyCard();
      const answers = await Promise.all([one.produce(token), two.produce(token, 'WIS00002')]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
      const accepted = answers.find(({ status }) => status === 200);
      expect((await one.production(token)).body).toEqual(accepted?.body);
    }
    const puts = (await one.requests()).filter(({ method, effect }) => method === 'PUT' && effect);
    expect(puts).toHaveLength(10);
  });

  test('two sandboxes on one state use up a fault once', async () => {
    const { one, two } = await pair();
    one.instance.addFault({ kind: 'answer', status: 503, times: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 ? one : two).call(PROGRAMS)),
    );
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(3);
  });

  test('two sandboxes on one state create one order for one key', async () => {
    const { one, two } = await pair();
    const key = '054064c9-e01e-49fb-8fd9-b0990b9442f4';
    const answers = await Promise.all(
      [one, two, one, two].map((sandbox) => sandbox.createOrder(1001, { key })),
    );
    expect(new Set(answers.map(({ body }) => body.id))).toEqual(new Set([501]));
  });
});

test('processes that start at the same time share a new state, and never produce a card twice', {
  timeout: 20_000,
}, async () => {
  const stateFile = join(makeFolder(), 'state.sqlite');
  const processes = Array.from({ length: 3 }, () =>
    spawn(process.execPath, [OTHER_PROCESS, 'sandbox', stateFile], {
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  );
  const outputs = await Promise.all(
    processes.map(async (child) => {
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += String(chunk);
      });
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other process prints this
      return JSON.parse(output) as { accepted: string[]; statuses: number[] };
    }),
  );
  const statuses = outputs.flatMap((output) => output.statuses);
  expect(statuses).toHaveLength(30);
  expect(new Set(statuses)).toEqual(new Set([200, 422]));
  const accepted = outputs.flatMap((output) => output.accepted);
  expect(accepted).toHaveLength(10);
  expect(new Set(accepted).size).toBe(10);
});

describe('reads', () => {
  test('reads need no write lock', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    await sandbox.production(token);
    sandbox.instance.addFault({ kind: 'answer', method: 'PUT', status: 500, times: 1 });
    const other = new DatabaseSync(sandbox.stateFile);
    other.exec('BEGIN IMMEDIATE');
    try {
      for (const path of [
        'card-orders',
        `card-orders/${orderId}`,
        `card-orders/${orderId}/requirements`,
        'cards',
        `cards/${token}`,
        `cards/${token}/production`,
      ]) {
        const { status } = await sandbox.call(`GET /v3/spend/profiles/1001/${path}`);
        expect([path, status]).toEqual([path, 200]);
      }
      expect((await sandbox.call('GET /nowhere')).status).toBe(404);
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
    expect(await sandbox.requests()).toHaveLength(10);
  });

  test('reads of a closed sandbox are in the request log of the next one', async () => {
    const sandbox = await TestSandbox.open();
    await sandbox.call(PROGRAMS);
    await sandbox.instance.close();
    const next = await TestSandbox.open({ stateFile: sandbox.stateFile });
    expect(await next.requests()).toMatchObject([{ method: 'GET', status: 200 }]);
  });
});

async function play(seed: number): Promise<string> {
  const sandbox = await TestSandbox.open({ seed });
  const replies: Reply[] = [];
  const keep = async (reply: Promise<Reply>) => {
    replies.push(await reply);
  };
  await keep(sandbox.createOrder(1001, { key: '054064c9-e01e-49fb-8fd9-b0990b9442f4' }));
  await keep(sandbox.createOrder(1002, { key: '154064c9-e01e-49fb-8fd9-b0990b9442f4' }));
  const { token, orderId } = await sandbox.readyCard({ key: '254064c9-e01e-49fb-8fd9-b0990b9442f4' });
  await keep(sandbox.call('GET /v3/spend/profiles/1001/cards'));
  await keep(sandbox.produce(token));
  await keep(sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR'));
  await keep(sandbox.production(token));
  await keep(sandbox.cancel(orderId));
  await keep(
    sandbox.call('POST /oauth/token', {
      raw: 'grant_type=client_credentials',
      headers: { authorization: 'Basic YTpi', 'content-type': 'application/x-www-form-urlencoded' },
    }),
  );
  await keep(sandbox.control('GET outbox'));
  await keep(sandbox.control('GET requests'));
  return JSON.stringify(replies.map(({ status, headers, text }) => [status, [...headers], text]));
}

describe('a seed', () => {
  test('the same seed produces the same responses, byte for byte', async () => {
    const first = await play(7);
    expect(await play(7)).toBe(first);
    expect(await play(8)).not.toBe(first);
  });

  test('a seed is used for a new state only', async () => {
    const sandbox = await TestSandbox.open({ seed: 7 });
    await sandbox.createOrder(1001);
    await sandbox.instance.close();
    const again = await TestSandbox.open({ stateFile: sandbox.stateFile, seed: 8 });
    again.clock.time += 2_000;
    const reference = await TestSandbox.open({ seed: 7 });
    await reference.createOrder(1001);
    reference.clock.time += 2_000;
    expect((await again.getOrder(1001, 501)).cardToken).toBe((await reference.getOrder(1001, 501)).cardToken);
  });
});

function writeNewerVersion(file: string): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA user_version = 99');
  db.close();
}

function failureOf(stateFile: string): unknown {
  try {
    return new Sandbox({ stateFile, speed: 1 });
  } catch (error) {
    return error;
  }
}

describe('a state that cannot be used', () => {
  test.each([
    ['no database', (file: string) => writeFileSync(file, 'x'.repeat(5_000))],
    ['of a newer version', (file: string) => writeNewerVersion(file)],
  ])('a sandbox rejects a state file that it cannot use: %s', (_case, spoil) => {
    const file = join(makeFolder(), 'state.sqlite');
    spoil(file);
    const before = readFileSync(file);
    const failure = failureOf(file);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'storage-unusable', message: expect.stringContaining(file) });
    expect(readFileSync(file)).toEqual(before);
  });

  test('a folder, and a path through a file, are unusable states', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(failureOf(folder)).toMatchObject({ code: 'storage-unusable' });
    expect(failureOf(join(folder, 'file', 'state.sqlite'))).toMatchObject({ code: 'storage-unusable' });
  });

  test('an invalid speed is a usage failure', () => {
    for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => new Sandbox({ stateFile: join(makeFolder(), 's'), speed })).toThrow(Failure);
  });

  test('a state that is damaged while it is served answers 500, and the sandbox continues', async () => {
    const sandbox = await TestSandbox.open();
    const other = new DatabaseSync(sandbox.stateFile);
    other.exec('ALTER TABLE orders RENAME TO orders_elsewhere');
    const { status, body } = await sandbox.createOrder(1001);
    expect([status, body.error]).toEqual([500, 'Internal Server Error']);
    other.exec('ALTER TABLE orders_elsewhere RENAME TO orders');
    other.close();
    expect((await sandbox.createOrder(1001)).body.id).toBe(501);
  });
});
