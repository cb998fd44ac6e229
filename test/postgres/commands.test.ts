// Commands on a journal in PostgreSQL, as two people on two machines run them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { makeSchema, newAddress, testWithPostgres } from '../harness/postgres.ts';
import { newUser, setUp, variablesOf } from './users.ts';

testWithPostgres('a card that one person sent, and a hold, are known to another one', async () => {
  const address = await makeSchema();
  const { sandbox, env } = await setUp(address);
  const secret = { KIOSKCTL_JOURNAL_PASSWORD: address.password() };
  const [ada, ben] = [newUser({ ...env, ...secret }), newUser({ ...env, ...secret })];
  const { card } = await sandbox.readyCard();
  const produced = await ada.run(`produce ${card} --kiosk WIS00001 --yes --json`);
  expect(produced.code, produced.stderr).toBe(0);
  const again = await ben.run(`produce ${card} --kiosk WIS00002 --yes --json`);
  expect(again.code, again.stdout).toBe(9);
  await ben.run(['kiosk', 'hold', 'WIS00001', '--reason', 'door']);
  const held = await ada.run('kiosk show WIS00001 --json');
  expect(held.stdout).toContain('door');
  const log = await ada.run('log');
  for (const action of ['produce', 'hold']) expect(log.stdout).toContain(action);
});

testWithPostgres.each([
  ['KIOSKCTL_JOURNAL_PASSWORD_FILE', (file: string) => file, (password: string) => `${password}\n`],
  ['PGPASSWORD', (_: string, password: string) => password, () => ''],
  [
    'PGPASSFILE',
    (file: string) => file,
    (password: string) => `other:*:*:*:wrong\n# note\n127.0.0.1:*:postgres:tester:${password}\n`,
  ],
] as const)('the password of the journal can come from %s', async (name, valueOf, contentOf) => {
  const address = await makeSchema();
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, contentOf(address.password()));
  const env = { ...variablesOf(address), [name]: valueOf(file, address.password()) };
  const { code, stderr } = await newUser(env).run('log --json');
  expect(code, stderr).toBe(0);
});

testWithPostgres('variables of other clients of PostgreSQL do not count', async () => {
  const address = await makeSchema();
  const env = { ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password() };
  const others = {
    PGHOST: 'other.example',
    PGPORT: '1',
    PGUSER: 'other',
    PGDATABASE: 'other',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c search_path=other',
    PGREPLICATION: 'database',
    PGCLIENT_ENCODING: 'LATIN1',
    PGSSLNEGOTIATION: 'direct',
    NODE_PG_FORCE_NATIVE: '1',
  };
  const { code, stderr } = await newUser({ ...env, ...others }).run('log --json');
  expect(code, stderr).toBe(0);
});

testWithPostgres.each([
  ['a wrong password', makeSchema, 'WR0NG-S3CRET', /rejected the login.*KIOSKCTL_JOURNAL_PASSWORD/s],
  ['no password', makeSchema, undefined, /requires a password/],
  ['no schema', async () => Promise.resolve(newAddress()), null, /does not exist.*journal create/s],
])(
  'with %s, an action ends with 9 and sends nothing, and no secret is printed',
  async (_, make, secret, message) => {
    const address = await make();
    const password = secret === null ? address.password() : secret;
    const { sandbox, env } = await setUp(address);
    const { card } = await sandbox.readyCard();
    const user = newUser({ ...env, ...(password !== undefined && { KIOSKCTL_JOURNAL_PASSWORD: password }) });
    const { code, stdout, stderr } = await user.run(`produce ${card} --kiosk WIS00001 --yes --debug`);
    expect(code, stderr).toBe(9);
    expect(await sandbox.puts(card)).toEqual([]);
    expect(stderr).toMatch(message);
    if (password !== undefined) expect(`${stdout}${stderr}`).not.toContain(password);
  },
);

testWithPostgres('a database is neither backed up nor restored like a file', async () => {
  const address = await makeSchema();
  const env = { ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password() };
  const user = newUser(env);
  for (const command of ['journal backup /tmp/x.db', 'journal restore /tmp/x.db --yes']) {
    const { code, stderr } = await user.run(command);
    expect(code, stderr).toBe(2);
    expect(stderr).toContain('pg_dump');
  }
});
