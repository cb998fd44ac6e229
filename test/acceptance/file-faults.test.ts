// Files that a command may not read or write, read-only mounts and full disks: each is named with its cause and its fix.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { giveTo, NOBODY_KNOWN, openTo, runAs, shellWithMounts, testAsRoot } from '../harness/other-users.ts';
import { expectError, User } from '../harness/program.ts';

const user = new User();
const folder = openTo(mkdtempSync(join(tmpdir(), 'kioskctl-faults-')));

beforeAll(() => void openTo(user.home));
afterAll(() => {
  rmSync(folder, { recursive: true });
  user.leave();
});

let homes = 0;
function newHome(): string {
  homes += 1;
  const home = join(folder, `home${homes}`);
  mkdirSync(home);
  return home;
}

/** A home whose user ran one command with sudo: all that it made belongs to root. */
async function homeAfterSudo(): Promise<string> {
  const home = newHome();
  const env = { KIOSKCTL_HOME: home };
  expect(await user.run('order --wait', { env })).toMatchObject({ code: 0 });
  expect(await user.run('context add ci --environment local', { env })).toMatchObject({ code: 0 });
  return home;
}

describe('after one command with sudo', () => {
  testAsRoot('the owner of the journal is named, and the command that gives it back', async () => {
    const home = await homeAfterSudo();
    giveTo(join(home, 'sandbox.db'));
    giveTo(join(home, 'config.json'));
    chmodSync(home, 0o777);
    const ended = await runAs(user, {
      args: 'kiosk hold WIS00001 --reason door --json',
      env: { KIOSKCTL_HOME: home },
    });
    expectError(ended, {
      code: 9,
      error: 'journal-unusable',
      message: /journal\.db can not be written: it belongs to another user \(uid 0\)/,
      hint: RegExp(`sudo chown ${NOBODY_KNOWN} '${home}/journal\\.db'`),
    });
  });

  testAsRoot('the owner of a folder is named', async () => {
    const home = openTo(newHome());
    const ended = await runAs(user, {
      args: 'kiosk hold WIS00001 --reason door --json',
      env: { KIOSKCTL_HOME: home },
    });
    expectError(ended, {
      code: 9,
      error: 'journal-unusable',
      message: RegExp(`the folder ${home} belongs to another user \\(uid 0\\)`),
      hint: RegExp(`sudo chown ${NOBODY_KNOWN} '${home}'`),
    });
  });

  testAsRoot('nobody is advised to take a folder of the system', async () => {
    const env = { KIOSKCTL_HOME: '/not/there' };
    const ended = await runAs(user, { args: 'kiosk hold WIS00001 --reason door --json', env });
    expectError(ended, {
      code: 9,
      error: 'journal-unusable',
      message: /the folder \/ belongs to another user/,
    });
    expect(ended.stdout).not.toContain('chown');
  });

  testAsRoot('the owner of the settings is named, whether they are read or written', async () => {
    const home = await homeAfterSudo();
    chmodSync(home, 0o777);
    const env = { KIOSKCTL_HOME: home };
    const expected = {
      code: 2,
      error: 'settings-unusable',
      message: /config\.json can't be \w+: it belongs to another user \(uid 0\)/,
      hint: /sudo chown \d+ '.*config\.json'/,
    };
    expectError(await runAs(user, { args: 'context list --json', env }), expected);
    expectError(await runAs(user, { args: 'context add more --environment local --json', env }), expected);
  });
});

describe('an own file whose mode forbids it', () => {
  testAsRoot('is named with its mode', async () => {
    const home = newHome();
    writeFileSync(join(home, 'config.json'), '{}', { mode: 0o200 });
    giveTo(home);
    const ended = await runAs(user, { args: 'context list --json', env: { KIOSKCTL_HOME: home } });
    expectError(ended, {
      code: 2,
      error: 'settings-unusable',
      message: /the permissions of the file forbid it \(mode 200\)/,
      hint: /chmod u\+r '.*config\.json'/,
    });
  });
});

/** Runs a command in a home on a disk of its own. */
async function onDisk(mount: string, args: string) {
  const home = newHome();
  const script = `mount -t tmpfs -o size=4m none ${home}; ${mount.replaceAll('HOME', home)}; kioskctl ${args}`;
  return shellWithMounts(user, script, { env: { KIOSKCTL_HOME: home } });
}

const FULL =
  'kioskctl order --wait --quiet >/dev/null; dd if=/dev/zero of=HOME/full bs=4096 2>/dev/null || true';
const READ_ONLY = 'kioskctl order --wait --quiet >/dev/null; mount -o remount,ro HOME';

describe('a disk', () => {
  testAsRoot('that is full is named by the journal', async () => {
    const ended = await onDisk(FULL, 'kiosk hold WIS00001 --reason door --json');
    expectError(ended, {
      code: 9,
      error: 'journal-unusable',
      message: /the disk is full/,
      hint: /Free space/,
    });
  });

  testAsRoot('that is full is named by the settings', async () => {
    const ended = await onDisk(FULL, 'context add ci --environment local --json');
    expectError(ended, {
      code: 2,
      error: 'settings-unusable',
      message: /the disk is full/,
      hint: /Free space/,
    });
  });

  testAsRoot('that is full is named by what is written to it', async () => {
    const ended = await onDisk(
      FULL,
      'runbook init HOME/book.yaml --json'.replaceAll('HOME', '$KIOSKCTL_HOME'),
    );
    expectError(ended, { code: 2, error: 'invalid-input', message: /the disk is full/, hint: /Free space/ });
  });

  testAsRoot('that is read-only is named by the journal', async () => {
    const ended = await onDisk(READ_ONLY, 'kiosk hold WIS00001 --reason door --json');
    expectError(ended, { code: 9, error: 'journal-unusable', message: /read-only/, hint: /writable/ });
  });

  testAsRoot('that is read-only is named by the settings', async () => {
    const ended = await onDisk(READ_ONLY, 'context add ci --environment local --json');
    expectError(ended, { code: 2, error: 'settings-unusable', message: /read-only/, hint: /writable/ });
  });
});
