// The commands that set up a journal in PostgreSQL: create, upgrade, show and restored.
import { expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { rolesOf } from '../../src/journal/server-roles.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import {
  downgrade,
  makeLogin,
  makeSchema,
  newAddress,
  openPostgresJournal,
  openTestSession,
  testWithPostgres,
} from '../harness/postgres.ts';
import { newColleague, newUser, setUp } from './users.ts';

testWithPostgres(
  'journal create makes schema and roles, and changes nothing when it is run again',
  async () => {
    const address = newAddress();
    const user = newColleague(address);
    const missing = await user.run('log');
    expect(missing.code, missing.stdout).toBe(9);
    expect(missing.stderr).toContain('does not exist');
    const created = await user.run('journal create --json');
    expect(created.code, created.stderr).toBe(0);
    expect(created.json).toMatchObject({ changed: true, roles: rolesOf(address.schema) });
    const again = await user.run('journal create --json');
    expect(again.json).toMatchObject({ changed: false, schema: created.json.schema });
    expect((await user.run('log')).code).toBe(0);
  },
);

testWithPostgres(
  'a login that may create roles and schemas, but is no superuser, creates a journal',
  async () => {
    const address = newAddress();
    const admin = await makeLogin(address, { role: null, options: 'CREATEROLE' });
    const session = await openTestSession(address);
    const refused = await newColleague(admin).run('journal create');
    expect(refused.code, refused.stdout).toBe(9);
    expect(refused.stderr).toContain('journal create --login');
    await session.script(`GRANT CREATE ON DATABASE postgres TO "${admin.user}"`);
    const created = await newColleague(admin).run('journal create');
    expect(created.code, created.stderr).toBe(0);
    expect((await newColleague(admin).run('journal upgrade')).code).toBe(0);
  },
);

testWithPostgres(
  '--login names the login of one command, with the password of PGPASSFILE or a variable',
  async () => {
    const address = newAddress();
    const user = newColleague({ ...address, user: 'nobody_yet' });
    expect((await user.run('journal create')).code).toBe(9);
    const created = await user.run(`journal create --login ${address.user} --json`);
    expect(created.code, created.stderr).toBe(0);
    expect(created.json.journal).toBe(
      `postgres://${address.user}@127.0.0.1:${address.port}/postgres?schema=${address.schema}`,
    );
  },
);

/** Statements that the operator role must not execute on an ended attempt, an ended action, and the schema. */
const FORBIDDEN = [
  "UPDATE attempts SET outcome = 'sent'",
  "UPDATE attempts SET card_token = 'other'",
  'DELETE FROM attempts',
  'TRUNCATE attempts',
  'DELETE FROM acts',
  "UPDATE acts SET reason = 'other'",
  'UPDATE acts SET exit_code = 0',
  "UPDATE events SET status = 'PRODUCED'",
  'DELETE FROM runs',
  'DELETE FROM holds',
  'DELETE FROM schema_versions',
  'DROP TABLE attempts',
  'ALTER TABLE attempts DISABLE TRIGGER ALL',
  'CREATE TABLE other (id bigint)',
];

testWithPostgres(
  'the operator role sends cards, and can neither change what has ended nor the schema',
  async () => {
    const owner = await makeSchema();
    const ada = await makeLogin(owner);
    const { sandbox, env } = await setUp(ada);
    const { card } = await sandbox.readyCard();
    const user = newColleague(ada);
    const produced = await user.run(
      `produce ${card} --kiosk WIS00001 --wait --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR --yes`,
      { env },
    );
    expect(produced.stderr).toContain('PRD_HOPPER_DOOR');
    const session = await openTestSession(ada);
    for (const statement of FORBIDDEN)
      await expect(session.script(statement), statement).rejects.toThrow(
        /permission denied|must be owner|never/,
      );
    expect(await countRows(owner)).toEqual({ attempts: 1, acts: 1 });
  },
);

testWithPostgres(
  'even the owner of the schema cannot change an attempt or an action that has ended',
  async () => {
    const owner = await makeSchema();
    const session = await openTestSession(owner);
    await session.script(
      `INSERT INTO attempts (id, environment, card_token, number, profile_id, origin, outcome, holder_host, holder_user, holder_pid,
       claimed_at, closed_at) VALUES ('a', 'sandbox', 'token', 1, 1001, 'ours', 'produced', 'h', 'u', 1, 1, 2)`,
    );
    await expect(session.script("UPDATE attempts SET outcome = 'sent', closed_at = NULL")).rejects.toThrow(
      'never changed',
    );
    await expect(session.script('DELETE FROM attempts')).rejects.toThrow('never removed');
    await expect(session.script('TRUNCATE attempts')).rejects.toThrow('never removed');
    await session.script('UPDATE attempts SET number = 2');
  },
);

async function countRows(address: PostgresAddress): Promise<unknown> {
  const session = await openTestSession(address);
  const count = 'SELECT (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM acts) AS acts';
  return (await session.run(count)).rows[0];
}

testWithPostgres(
  'of two processes that upgrade a journal at once, one changes its schema, and both succeed',
  async () => {
    const owner = await makeSchema();
    const session = await openTestSession(owner);
    await downgrade(session);
    const user = newColleague(owner);
    // Both wait for this transaction, and then start at the same time.
    await session.begin();
    const upgrades = [1, 2].map(async () => user.spawn('journal upgrade --json'));
    const watcher = await openTestSession(owner);
    const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    await expect.poll(async () => (await watcher.run(waiting)).rows.length).toBe(2);
    await session.script('ROLLBACK');
    const ended = await Promise.all(upgrades);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    // The other one may install the job queue: it has changed something, too.
    const hasUpgraded = ended.map(({ json }) => json.previousSchema !== json.schema);
    expect(new Set(hasUpgraded)).toEqual(new Set([false, true]));
    expect((await user.run('log')).code).toBe(0);
  },
);

testWithPostgres('a login without a role is told to get one, and not to create another journal', async () => {
  const owner = await makeSchema();
  const ada = newColleague(await makeLogin(owner, { role: null }));
  for (const command of ['log', 'journal show', 'produce 1001/501 --kiosk WIS00001 --yes']) {
    const { code, stderr } = await ada.run(command);
    expect(code, command).toBe(9);
    expect(stderr, command).toContain('member of the operator role');
    expect(stderr, command).not.toContain('journal create');
  }
  expect((await ada.run('journal create')).stderr).toContain('journal create --login');
  expect((await ada.run('journal upgrade')).stderr).toContain('journal upgrade --login');
});

testWithPostgres('a database that does not exist has to be created on its server', async () => {
  const ada = newColleague({ ...newAddress(), database: 'none' });
  for (const command of ['log', 'journal create']) {
    const { code, stderr } = await ada.run(command);
    expect(code, command).toBe(9);
    expect(stderr, command).toContain('CREATE DATABASE');
    expect(stderr, command).not.toContain('Create it');
  }
});

testWithPostgres('journal upgrade needs the owner role', async () => {
  const owner = await makeSchema();
  const session = await openTestSession(owner);
  await downgrade(session);
  const ada = newColleague(await makeLogin(owner));
  const { code, stderr } = await ada.run('journal upgrade');
  expect(code).toBe(9);
  expect(stderr).toContain(`journal upgrade --login`);
  expect(stderr).toContain(rolesOf(owner.schema).owner);
});

testWithPostgres('journal upgrade of a database without a journal names journal create', async () => {
  const { code, stderr } = await newColleague(newAddress()).run('journal upgrade');
  expect(code).toBe(9);
  expect(stderr).toContain('journal create');
});

testWithPostgres('journal show names server, login, schema version, and who is connected', async () => {
  const owner = await makeSchema();
  const [ada, ben] = [await makeLogin(owner), await makeLogin(owner)];
  await openTestSession(ben);
  const { code, json, stderr } = await newColleague(ada).run('journal show --json');
  expect(code, stderr).toBe(0);
  const { server, ...journal } = json.journal;
  expect(journal).toMatchObject({ openAttempts: 0, restoredAt: null });
  expect(journal.id).toMatch(/^[\da-f]{16}$/);
  expect(server).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/), tls: null, login: ada.user });
  expect(server.latencyMs).toBeGreaterThan(0);
  expect(server.connected).toContainEqual({ login: ben.user, sessions: 1 });
  const text = await newColleague(ada).run('journal show');
  expect(text.stdout).toContain(`connected:     ${ben.user} (1 session)`);
});

testWithPostgres(
  'journal restored is an action: the next request for each card waits, and the audit log has it',
  async () => {
    const owner = await makeSchema();
    const ada = await makeLogin(owner);
    const { sandbox, env } = await setUp(ada);
    const user = newColleague(ada);
    const { card } = await sandbox.readyCard();
    const declined = await user.run('journal restored --no-input');
    expect(declined.code, declined.stderr).toBe(2);
    const before = (await user.run('journal show --json')).json.journal;
    const marked = await user.run(['journal', 'restored', '--yes', '--reason', 'restored of 10:00']);
    expect(marked.code, marked.stderr).toBe(0);
    const after = (await user.run('journal show --json')).json.journal;
    expect(after.id).toBe(before.id);
    expect(after.generation).not.toBe(before.generation);
    expect(after.restoredAt).not.toBeNull();
    expect((await user.run('log')).stdout).toMatch(/restore\b/);
    const sent = await user.run(`produce ${card} --kiosk WIS00001 --yes --timeout 4s`, { env });
    expect(sent.code, sent.stderr).toBe(8);
    expect(await sandbox.puts(card)).toEqual([]);
  },
);

test('a password in the URL of the journal is rejected by context set, with the variable for it', async () => {
  const user = newUser();
  await user.run('context add bank --environment sandbox');
  const journal = 'postgres://ada:hunter2@db.bank.example/kioskctl';
  const { code, stdout, stderr } = await user.run(`context set journal ${journal} --context bank`);
  expect(code).toBe(2);
  expect(stderr).toContain('KIOSKCTL_JOURNAL_PASSWORD');
  expect(`${stdout}${stderr}`).not.toContain('hunter2');
});

testWithPostgres(
  'a PostgreSQL journal is not backed up or restored as a file, and the error names the way',
  async () => {
    const user = newColleague(await makeSchema());
    for (const command of ['journal backup /tmp/x.db', 'journal restore /tmp/x.db --yes']) {
      const { code, stderr } = await user.run(command);
      expect(code).toBe(2);
      expect(stderr).toMatch(/pg_dump.*kioskctl journal restored/s);
    }
  },
);

testWithPostgres(
  'a listener that runs while the journal is marked as restored notices it within seconds',
  async () => {
    const owner = await makeSchema();
    const journal = openPostgresJournal({ address: owner, environment: 'sandbox', now: Date.now });
    await journal.startListener('http://127.0.0.1', Date.now());
    journal.assertCurrent();
    expect((await newColleague(owner).run(['journal', 'restored', '--yes'])).code).toBe(0);
    await expect.poll(() => noticed(journal)).toContain('was replaced or restored');
  },
);

function noticed(journal: Journal): string {
  try {
    journal.assertCurrent();
    return '';
  } catch (error) {
    return String(error);
  }
}
