// PgBouncer drops the settings of a session, on which the journal depends: it is refused in every mode.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { freePort } from '../harness/ports.ts';
import { makeLogin, makeSchema, obstacle } from '../harness/postgres.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';
import { newColleague, setUp, variablesOf } from '../postgres/users.ts';

const program = findProgram('pgbouncer');
const testWithPgbouncer = testUnless(obstacle ?? (program ? null : 'pgbouncer is not installed'));

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}

/** Starts PgBouncer in front of a server until the end of the test. @returns its address */
async function openPgbouncer(
  target: PostgresAddress,
  { mode, ignored }: { mode: string; ignored: string },
): Promise<PostgresAddress> {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-pgbouncer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // PgBouncer does not run as root.
  chmodSync(folder, 0o755);
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const port = await freePort();
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${target.user}" "${target.password()}"\n`);
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(
    settings,
    `[databases]
${target.database} = host=${target.host} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${mode}
ignore_startup_parameters = ${ignored}
`,
  );
  const child = spawn(program ?? '', ['-q', ...asUser, settings], { stdio: 'ignore' });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await expect.poll(async () => answers(port)).toBe(true);
  return { ...target, port };
}

testWithPgbouncer.each([
  { mode: 'session', ignored: '' },
  { mode: 'session', ignored: 'options' },
  { mode: 'transaction', ignored: 'options' },
])('PgBouncer in mode $mode that ignores “$ignored” is refused, and nothing is sent', async (options) => {
  const login = await makeLogin(await makeSchema());
  const { sandbox, env } = await setUp(login);
  const { card } = await sandbox.readyCard();
  const address = await openPgbouncer(login, options);
  const ada = newColleague(address, {
    ...env,
    KIOSKCTL_JOURNAL: variablesOf(address).KIOSKCTL_JOURNAL ?? '',
  });
  const { code, stdout } = await ada.run(`produce ${card} --kiosk WIS00001 --yes --json`);
  expect(code, stdout).toBe(9);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'journal-unusable',
    message: expect.stringContaining('cannot be used through this pooler'),
  });
  expect(await sandbox.puts(card)).toEqual([]);
});
