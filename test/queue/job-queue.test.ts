// The jobs of a journal in PostgreSQL, with the real graphile-worker: one at a time, on any server, also after a kill.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { rolesOf } from '../../src/journal/server-roles.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { loadGraphile } from '../../src/queue/graphile.ts';
import { JobQueue, type QueuedTask } from '../../src/queue/job-queue.ts';
import { findObstacle, installQueue } from '../../src/queue/queue-schema.ts';
import { NOBODY_KNOWN, testAsRoot } from '../harness/other-users.ts';
import { makeLogin, makeSchema, openTestSession, testWithPostgres } from '../harness/postgres.ts';

const graphile = await loadGraphile();
if ('fix' in graphile) throw new Error(graphile.reason);

let owner: PostgresAddress;
let operator: PostgresAddress;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  owner = await makeSchema();
  operator = await makeLogin(owner);
  await install(owner);
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  const session = await PostgresSession.open(owner, { patience: 0 });
  await session.script(
    `DELETE FROM "${owner.schema}_jobs"._private_jobs`,
    `UPDATE "${owner.schema}_jobs"._private_job_queues SET locked_by = NULL, locked_at = NULL`,
  );
  await session.end();
});

async function install(address: PostgresAddress) {
  const session = await PostgresSession.open(address, { patience: 0 });
  try {
    return await installQueue(session, { address, roles: rolesOf(owner.schema) });
  } finally {
    await session.end();
  }
}

interface Options {
  task?: Partial<QueuedTask>;
  mayUseApi?: () => Promise<boolean>;
}

/** A server with the job `probe`. It starts again when its session is lost, as a server does. */
async function serve(
  run: QueuedTask['run'],
  { task: changed = {}, mayUseApi = async () => true }: Options = {},
) {
  const task: QueuedTask = { name: 'probe', every: 3_600_000, after: 0, needsApi: false, run, ...changed };
  const queue = new JobQueue(operator, (reason) => new Error(reason));
  const over = new AbortController();
  const ready = Promise.withResolvers<void>();
  const running = (async () => {
    while (!over.signal.aborted)
      await queue
        .run([task], { signal: over.signal, mayUseApi, onReady: ready.resolve })
        .catch(() => undefined);
  })();
  const end = async () => {
    over.abort();
    await running;
  };
  ends.push(end);
  await ready.promise;
  return { end, start: async () => queue.start(task) };
}

/** Resolves at each call of `hit`, in turn. */
function counter() {
  const state = { hits: 0 };
  const waiting = new Set<() => void>();
  return {
    get hits() {
      return state.hits;
    },
    hit: () => {
      state.hits += 1;
      waiting.forEach((wake) => wake());
    },
    until: async (wanted: number) => {
      for (;;) {
        if (state.hits >= wanted) return;
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}

testWithPostgres(
  'an operator without rights on the schema runs jobs, each at its time and when it is started',
  async () => {
    const runs = counter();
    const server = await serve(async () => runs.hit());
    await runs.until(1);
    await server.start();
    await runs.until(2);
  },
);

testWithPostgres(
  'a job runs on one server at a time, and once more if it is started while it runs',
  async () => {
    const runs = counter();
    let inside = 0;
    let most = 0;
    const release = Promise.withResolvers<void>();
    const run = async () => {
      inside += 1;
      most = Math.max(most, inside);
      runs.hit();
      await release.promise;
      inside -= 1;
    };
    const [first, second] = [await serve(run), await serve(run)];
    await runs.until(1);
    for (const server of [first, second, first, second]) await server.start();
    release.resolve();
    await runs.until(2);
    await Promise.all([first.end(), second.end()]);
    expect([most, runs.hits]).toEqual([1, 2]);
  },
);

testWithPostgres(
  'the job of a killed worker is freed and runs, also if that was its last attempt',
  async () => {
    const session = await openTestSession(owner);
    const [jobs, queues] = ['_private_jobs', '_private_job_queues'].map(
      (table) => `"${owner.schema}_jobs".${table}`,
    );
    await session.script(
      `SELECT "${owner.schema}_jobs".add_job('probe', queue_name => 'probe', job_key => 'probe', max_attempts => 1)`,
      `UPDATE ${jobs} SET locked_by = 'pool-killed', locked_at = now(), attempts = 1`,
      `UPDATE ${queues} SET locked_by = 'pool-killed', locked_at = now()`,
    );
    const runs = counter();
    await serve(async () => runs.hit());
    await runs.until(1);
  },
);

testWithPostgres('a server whose sessions are ended runs the job again', async () => {
  const runs = counter();
  const session = await openTestSession(owner);
  await serve(async () => {
    runs.hit();
    if (runs.hits > 1) return;
    await session.script(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${operator.user}'`,
    );
  });
  await runs.until(2);
});

testWithPostgres('a server without credentials leaves the jobs for the API to others', async () => {
  const runs = counter();
  const apiless = counter();
  let checks = 0;
  await serve(async () => apiless.hit(), {
    task: { needsApi: true },
    mayUseApi: async () => {
      checks += 1;
      return false;
    },
  });
  await serve(async () => runs.hit(), { task: { needsApi: true } });
  await runs.until(1);
  expect([apiless.hits, checks > 0]).toEqual([0, true]);
});

testWithPostgres('a queue of another version, or none, is an obstacle', async () => {
  const session = await openTestSession(operator);
  const { migration, version } = graphile;
  expect(await findObstacle(session, { migration, version })).toBeNull();
  expect(await findObstacle(session, { migration: migration + 1, version })).toMatchObject({
    fix: expect.stringContaining('journal upgrade'),
  });
  expect(await findObstacle(session, { migration: 1, version })).toMatchObject({
    fix: 'Update graphile-worker',
  });
  const other = await openTestSession(await makeSchema());
  expect(await findObstacle(other, graphile)).toMatchObject({ reason: 'The journal has no job queue' });
  expect(await install(owner)).toEqual({ change: 'unchanged', version });
});

/** Loads graphile-worker in a process of its own, in a folder with settings that leave a trace. */
function loadElsewhere({ mode = 0o777, ...options }: { uid?: number; mode?: number } = {}): {
  loaded: string;
  trace: boolean;
} {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-queue-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, mode);
  const trace = join(folder, 'trace');
  writeFileSync(
    join(folder, '.graphile-workerrc.cjs'),
    `require('fs').writeFileSync(${JSON.stringify(trace)}, '');`,
  );
  const source = new URL('../../src/queue/graphile.ts', import.meta.url).href;
  const script = `const { loadGraphile } = await import('${source}'); console.log((await loadGraphile()).version)`;
  const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    ...options,
  });
  return { loaded: loaded.stdout.trim() || loaded.stderr, trace: existsSync(trace) };
}

test('loading the queue executes no settings of the current folder', () => {
  expect(loadElsewhere()).toEqual({ loaded: graphile.version, trace: false });
});

testAsRoot('a user without a home folder can load the queue', () => {
  expect(loadElsewhere({ uid: NOBODY_KNOWN })).toEqual({ loaded: graphile.version, trace: false });
});

testAsRoot('a user who may not enter the current folder can load the queue', () => {
  const options = { uid: NOBODY_KNOWN, mode: 0o700 };
  expect(loadElsewhere(options)).toEqual({ loaded: graphile.version, trace: false });
});
