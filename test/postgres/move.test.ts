// journal move: a file of one machine becomes part of the journal of a team.
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { emptyEvent } from '../../src/domain/event.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { rolesOf } from '../../src/journal/server-roles.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { giveTo, openToAll, runAs, testAsRoot } from '../harness/other-users.ts';
import { plan } from '../harness/plans.ts';
import {
  makeLogin,
  makeSchema,
  openPostgresJournal,
  openTestSession,
  testWithPostgres,
} from '../harness/postgres.ts';
import { BINARY, type User } from '../harness/program.ts';
import type { ServedSandbox } from '../harness/served.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { newColleague, newUser, setUp, variablesOf } from './users.ts';

interface Team {
  owner: PostgresAddress;
  /** Uses the journal of the team. */
  colleague: User;
  sandbox: ServedSandbox;
  /** Uses a file in their home. */
  alone: User;
  file: string;
  /** A card that failed and a card that was produced, in the file. */
  failed: string;
  produced: string;
}

async function makeTeam(): Promise<Team> {
  const owner = await makeSchema();
  const { sandbox, env } = await setUp(owner);
  const { KIOSKCTL_JOURNAL: _, ...ofFile }: Record<string, string> = env;
  const alone = newUser(ofFile);
  const [{ card: failed }, { card: produced }] = [await sandbox.readyCard(), await sandbox.readyCard()];
  const results = { [failed]: 'PRODUCTION_ERROR:PRD_HOPPER_DOOR', [produced]: 'PRODUCED' };
  for (const [card, result] of Object.entries(results)) {
    const sent = await alone.run(`produce ${card} --kiosk WIS00001 --wait --simulate ${result} --yes --json`);
    expect(sent.json.production, sent.stderr).not.toBeNull();
  }
  await alone.run(['kiosk', 'hold', 'WIS00002', '--reason', 'door']);
  const colleague = newColleague(owner);
  Object.assign(colleague.env, { KIOSKCTL_BASE_URL: sandbox.url });
  return { owner, colleague, sandbox, alone, file: join(alone.home, 'journal.db'), failed, produced };
}

/** Adds events to a file, as a listener that ran for long did. */
function addEvents(file: string, count: number): void {
  const db = new DatabaseSync(file);
  db.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    INSERT INTO events (environment, content_key, body, is_test, is_verified, received_at, event_type, profile_id, card_token, status)
    SELECT 'sandbox', 'key ' || n, x'7b7d', 0, 0, n, 'cards#card-production-status-change', 1001, 'card ' || (n % 100), 'READY' FROM numbers`);
  db.close();
}

/** Adds a target and the events that wait for it. */
function addWaiting(file: string, name: string): void {
  const db = new DatabaseSync(file);
  db.exec(`INSERT INTO outbox_targets (environment, name, seen_at) VALUES ('sandbox', '${name}', 1);
    INSERT INTO outbox (environment, kind, target, event_id, due_at, stored_at)
    SELECT 'sandbox', 'event', '${name}', id, 2, 3 FROM events ORDER BY id LIMIT 2`);
  db.close();
}

/** Adds two detached plans with their approvals and a card each: one that was produced, and one that waits for a server. */
function addPlans(file: string): void {
  const { approval, executor, beat, startedAt, cause, error } = plan();
  const stored = JSON.stringify({ approval, executor, beat, startedAt, cause, error });
  const db = new DatabaseSync(file);
  const approve =
    db.prepare(`INSERT INTO acts (environment, context, act, profile_id, host, user, reason, started_at, plan)
    VALUES ('sandbox', 'bank', 'approve', 1001, 'laptop', 'ada', ?, 1, ?)`);
  const add =
    db.prepare(`INSERT INTO plans (environment, id, facts, state, generation, approved_act, last_hold, progress, created_at, ended_at, exit_code)
    SELECT 'sandbox', ?, ?, ?, generation, ?, 0, ?, 1, ?, ? FROM identity`);
  const addCard = db.prepare(`INSERT INTO plan_cards (environment, plan_id, number, record, result, exit_code)
    VALUES ('sandbox', ?, 0, '{}', ?, ?)`);
  for (const [id, state, exitCode] of [
    ['done', 'done', 0],
    ['open', 'approved', null],
  ] as const) {
    const { lastInsertRowid } = approve.run(`reason of ${id}`, id);
    add.run(
      id,
      JSON.stringify({ ...plan(), id, cards: 1 }),
      state,
      lastInsertRowid,
      stored,
      exitCode === null ? null : 2,
      exitCode,
    );
    addCard.run(
      id,
      exitCode === null ? null : JSON.stringify({ card: {}, outcome: 'produced', exitCode }),
      exitCode,
    );
  }
  db.close();
}

function namesOf(acts: readonly { act: string }[]): string[] {
  return acts.map(({ act }) => act).toSorted();
}

async function rowsOf(address: PostgresAddress, sql: string): Promise<unknown[]> {
  const session = await openTestSession(address);
  return (await session.run(sql)).rows;
}

/**
 * Locks a table that a move copies late.
 * @returns a function that waits until a move has copied the tables before, and returns one that unlocks it
 */
async function blockMove(owner: PostgresAddress): Promise<() => Promise<() => Promise<void>>> {
  const [session, watcher] = [await openTestSession(owner), await openTestSession(owner)];
  await session.script('BEGIN', 'LOCK TABLE holds IN ACCESS EXCLUSIVE MODE');
  const waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'holds'::regclass";
  return async () => {
    await expect.poll(async () => (await watcher.run(waiting)).rows.length).toBe(1);
    return async () => void (await session.script('ROLLBACK'));
  };
}

testWithPostgres('journal move brings attempts, holds and the audit log, and seals the file', async () => {
  const { owner, colleague, alone, file, failed } = await makeTeam();
  addEvents(file, 450);
  const before = (await alone.run('log --json')).json.acts;
  const moved = await colleague.run(`journal move --from ${file} --yes --json`);
  expect(moved.code, moved.stderr).toBe(0);
  expect(moved.json).toMatchObject({
    changed: true,
    moved: { cards: 2, attempts: 2, events: 450, holds: 1, acts: before.length },
  });
  const log = (await colleague.run('log --json')).json.acts;
  expect(namesOf(log)).toEqual(namesOf([...before, { act: 'move' }]));
  const shown = await colleague.run(`status ${failed} --history --json`);
  expect(shown.json, shown.stderr).toMatchObject({ card: { stage: 'failed', attempt: 1 } });
  expect((await colleague.run(`produce ${failed} --kiosk WIS00002 --yes`)).code).toBe(9);
  for (const command of [
    'log',
    `status ${failed}`,
    `produce ${failed} --kiosk WIS00001 --yes`,
    'journal show',
  ]) {
    const { code, stderr } = await alone.run(command);
    expect(code, `${command}: ${stderr}`).toBe(9);
    expect(stderr).toContain(
      `was moved to postgres://${owner.user}@127.0.0.1:${owner.port}/postgres?schema=${owner.schema}`,
    );
  }
  const retried = await colleague.run(
    `retry ${failed} --to-kiosk WIS00001 --yes --wait --simulate PRODUCED --json`,
  );
  expect(retried.json, retried.stderr).toMatchObject({ exitCode: 0 });
  const local = await alone.run('order --wait', {
    env: { KIOSKCTL_ENVIRONMENT: 'local', KIOSKCTL_BASE_URL: undefined },
  });
  expect(local.code, local.stderr).toBe(0);
});

testWithPostgres('journal move takes what waits in the outbox, and queues no moved event', async () => {
  const owner = await makeSchema();
  const file = join(newUser().home, 'journal.db');
  const target = openPostgresJournal({ address: owner, environment: 'sandbox', now: () => 1 });
  await target.serveForwarding('team', 1);
  const alone = openSqliteJournal({ file, environment: 'sandbox', now: () => 1 });
  for (const journal of [target, alone])
    for (const text of journal === target ? ['first'] : ['second', 'third']) {
      const delivery = { deliveryId: null, signature: 'x', body: Buffer.from(text), receivedAt: 2 };
      await journal.keepEvent({ ...delivery, isTest: false, isVerified: true, event: emptyEvent(text) });
    }
  await alone.close();
  addWaiting(file, 'alone');
  const moved = await newColleague(owner).run(`journal move --from ${file} --yes`);
  expect(moved.code, moved.stderr).toBe(0);
  const waiting = `SELECT target, event_type AS event FROM outbox JOIN events ON events.id = event_id ORDER BY outbox.id`;
  expect(await rowsOf(owner, waiting)).toEqual([
    { target: 'team', event: 'first' },
    { target: 'alone', event: 'second' },
    { target: 'alone', event: 'third' },
  ]);
  const targets = 'SELECT name, is_paused AS paused FROM outbox_targets ORDER BY name';
  expect(await rowsOf(owner, targets)).toEqual([
    { name: 'alone', paused: 0 },
    { name: 'team', paused: 0 },
  ]);
});

testWithPostgres(
  'journal move takes detached plans with their cards and approvals, and ends those that were open',
  async () => {
    const owner = await makeSchema();
    const file = join(newUser().home, 'journal.db');
    const alone = openSqliteJournal({ file, environment: 'sandbox', now: () => 1 });
    await alone.countPlans();
    await alone.close();
    addPlans(file);
    const colleague = newColleague(owner);
    // The actions of the file get other ids.
    expect((await colleague.run('kiosk hold WIS00002 --reason door')).code).toBe(0);
    const moved = await colleague.run(`journal move --from ${file} --yes --json`);
    expect(moved.json.moved, moved.stdout).toMatchObject({ plans: 2, plan_cards: 2 });
    const { plans } = (await colleague.run('runs list --json')).json;
    const common = { approvedBy: 'ada@laptop', cards: 1 };
    expect(
      plans.toSorted((left: { id: string }, right: { id: string }) => left.id.localeCompare(right.id)),
    ).toEqual([
      expect.objectContaining({
        ...common,
        id: 'done',
        state: 'done',
        reason: 'reason of done',
        counts: { done: 1, failed: 0, left: 0 },
      }),
      expect.objectContaining({
        ...common,
        id: 'open',
        state: 'cancelled',
        reason: 'reason of open',
        counts: { done: 0, failed: 0, left: 1 },
      }),
    ]);
  },
);

testWithPostgres('a file that was moved is not moved twice, and no backup can replace it', async () => {
  const { owner, colleague, alone, file } = await makeTeam();
  const backup = join(alone.home, 'backup.db');
  await alone.run(`journal backup ${backup}`);
  const first = await colleague.run(`journal move --from ${file} --yes --json`);
  const rows = await rowsOf(owner, 'SELECT * FROM acts ORDER BY id');
  const again = await colleague.run(`journal move --from ${file} --yes --json`);
  expect(again.json).toMatchObject({ exitCode: 0, changed: false, moved: first.json.moved });
  expect(await rowsOf(owner, 'SELECT * FROM acts ORDER BY id')).toEqual(rows);
  const copy = await colleague.run(`journal move --from ${backup} --yes`);
  expect(copy.code, copy.stderr).toBe(9);
  expect(copy.stderr).toContain('moved already');
  const restored = await alone.run(`journal restore ${backup} --yes`);
  expect(restored.code, restored.stderr).toBe(9);
  expect(restored.stderr).toContain('was moved');
});

testWithPostgres(
  'another login finds that a file was moved, and another schema does not get it',
  async () => {
    const { owner, colleague, alone, file } = await makeTeam();
    const moved = await colleague.run(`journal move --from ${file} --yes`);
    expect(moved.code, moved.stderr).toBe(0);
    const ben = newColleague(await makeLogin(owner, { role: rolesOf(owner.schema).owner }));
    const again = await ben.run(`journal move --from ${file} --yes --json`);
    expect(again.json, again.stderr).toMatchObject({ exitCode: 0, changed: false });
    const other = await makeSchema();
    const second = await newColleague(other).run(`journal move --from ${file} --yes`);
    expect(second.code, second.stderr).toBe(9);
    expect(second.stderr).toContain('was moved to');
    expect(await rowsOf(other, 'SELECT id FROM attempts')).toEqual([]);
    const { stderr } = await alone.run('log');
    expect(stderr).toContain(`/postgres?schema=${owner.schema}'`);
  },
);

testWithPostgres(
  'ids of two files are mapped, and the attempts of a card are numbered by their time',
  async () => {
    const { owner, colleague, sandbox, alone, file, failed } = await makeTeam();
    const other = newUser();
    Object.assign(other.env, { ...alone.env, KIOSKCTL_HOME: other.home });
    const again = await other.run(
      `retry ${failed} --to-kiosk WIS00003 --yes --wait --simulate PRODUCTION_ERROR:PRT_PAUSED --json`,
    );
    expect(again.json.attempt, again.stderr).not.toBeNull();
    const second = join(other.home, 'journal.db');
    for (const one of [file, second]) addEvents(one, 3);
    // The later attempts are moved first.
    for (const one of [second, file])
      expect((await colleague.run(`journal move --from ${one} --yes`)).code).toBe(0);
    const attempts = await rowsOf(
      owner,
      'SELECT number, claimed_at FROM attempts WHERE card_token = (SELECT card_token FROM attempts GROUP BY card_token HAVING count(*) > 1) ORDER BY number',
    );
    const times = attempts.map((row) => (row as { claimed_at: number }).claimed_at);
    expect(attempts.map((row) => (row as { number: number }).number)).toEqual(
      times.map((_, index) => index + 1),
    );
    expect(times).toEqual(times.toSorted((one, next) => one - next));
    expect(times.length).toBeGreaterThan(1);
    const ids = (await rowsOf(owner, 'SELECT id FROM acts ORDER BY id')).map(
      (row) => (row as { id: number }).id,
    );
    expect(new Set(ids).size).toBe(ids.length);
    const { card } = await sandbox.readyCard();
    expect((await colleague.run(`produce ${card} --kiosk WIS00001 --yes`)).code).toBe(0);
  },
);

testWithPostgres('a file in use, or with an open attempt, is not moved, and stays as it is', async () => {
  const { owner, colleague, alone, sandbox, file } = await makeTeam();
  const reader = new DatabaseSync(file);
  reader.prepare('SELECT count(*) FROM acts').get();
  const used = await colleague.run(`journal move --from ${file} --yes`);
  reader.close();
  expect(used.code, used.stderr).toBe(9);
  expect(used.stderr).toContain('in use');
  const { card } = await sandbox.readyCard();
  await alone.run(`produce ${card} --kiosk WIS00001 --yes`);
  const open = await colleague.run(`journal move --from ${file} --yes`);
  expect(open.code, open.stderr).toBe(9);
  expect(open.stderr).toContain('wait-produced');
  expect((await alone.run('log')).code).toBe(0);
  expect(await rowsOf(owner, 'SELECT id FROM attempts')).toEqual([]);
});

testWithPostgres(
  'a file with a card that has an open attempt in the journal of the team is not moved',
  async () => {
    const { colleague, alone, file, failed } = await makeTeam();
    const sent = await colleague.run(`retry ${failed} --to-kiosk WIS00001 --yes`);
    expect(sent.code, sent.stderr).toBe(0);
    const { code, stderr } = await colleague.run(`journal move --from ${file} --yes`);
    expect(code, stderr).toBe(9);
    expect(stderr).toContain('open in the journal of the team');
    expect((await alone.run('log')).code).toBe(0);
  },
);

testWithPostgres(
  'journal move needs the owner role, and a login that has it not leaves the file as it is',
  async () => {
    const { owner, alone, file } = await makeTeam();
    const ada = newColleague(await makeLogin(owner));
    const refused = await ada.run(`journal move --from ${file} --yes`);
    expect(refused.code, refused.stderr).toBe(9);
    expect(refused.stderr).toContain(rolesOf(owner.schema).owner);
    expect((await alone.run('log')).code).toBe(0);
    const moved = await ada.run(`journal move --from ${file} --yes --login ${owner.user}`);
    expect(moved.code, moved.stderr).toBe(0);
  },
);

testWithPostgres(
  'a move whose server ends it leaves the file as it is, and says that it can be run again',
  async () => {
    const { owner, colleague, alone, file } = await makeTeam();
    const isReady = await blockMove(owner);
    const started = colleague.run(`journal move --from ${file} --yes`);
    const unblock = await isReady();
    await rowsOf(
      owner,
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'holds'::regclass`,
    );
    const ended = await started;
    await unblock();
    expect(ended.code, ended.stderr).toBe(9);
    expect(ended.stderr).toContain('then run the same command again. The file was not changed.');
    expect((await alone.run('log')).code).toBe(0);
  },
);

const testWithOtherUser = process.getuid?.() === 0 ? testWithPostgres : testAsRoot;

testWithOtherUser('the error of a file that this user may not read says whom to ask', async () => {
  const { colleague, alone, file } = await makeTeam();
  openToAll(alone.home);
  giveTo(colleague.home);
  const ended = await runAs(colleague, { args: `journal move --from ${file} --yes` });
  expect(ended.code, ended.stderr).toBe(2);
  expect(ended.stderr).toMatch(/belongs to another user \(uid 0\)\.\n +Ask its owner or the administrator/);
});

testWithPostgres('a move that was killed in the middle is completed by the next one', async () => {
  const { owner, colleague, alone, file } = await makeTeam();
  addEvents(file, 450);
  const isReady = await blockMove(owner);
  const child = colleague.start([BINARY, 'journal', 'move', '--from', file, '--yes']);
  const unblock = await isReady();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await unblock();
  const between = await alone.run('log');
  expect(between.code, between.stderr).toBe(9);
  expect(between.stderr).toContain(`kioskctl journal move --from ${file} --`);
  const again = await colleague.run(`journal move --from ${file} --yes --json`);
  expect(again.json, again.stderr).toMatchObject({
    exitCode: 0,
    changed: true,
    moved: { events: 450, attempts: 2 },
  });
  expect(await rowsOf(owner, 'SELECT count(*) AS total FROM events')).toEqual([{ total: 450 }]);
  expect((await alone.run('log')).stderr).toContain('was moved to');
});

testWithPostgres(
  'a move whose COMMIT got no answer keeps the file sealed, and the next one finds what it did',
  async () => {
    const { owner, alone, colleague, file } = await makeTeam();
    const { proxy, address } = await CuttingProxy.open(owner);
    const cut = newUser({ ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password() });
    const isReady = await blockMove(owner);
    const started = cut.run(`journal move --from ${file} --yes`);
    const unblock = await isReady();
    proxy.loses = 'its answer';
    await unblock();
    const lost = await started;
    expect(lost.code, lost.stderr).toBe(9);
    expect(lost.stderr).toContain('same command again');
    expect((await alone.run('log')).stderr).toContain('journal move --from');
    const again = await cut.run(`journal move --from ${file} --yes --json`);
    expect(again.json, again.stderr).toMatchObject({ exitCode: 0, changed: false });
    expect((await colleague.run('status --json')).json.cards).toHaveLength(2);
    expect((await alone.run('log')).stderr).toContain('was moved to');
  },
);
