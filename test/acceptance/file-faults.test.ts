// Files that a command may not read or write, read-only mounts and full disks: each is named with its cause and its fix.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  giveTo,
  NOBODY_KNOWN,
  openToAll,
  runAs,
  shellWithMounts,
  testAsRoot,
  testWithMounts,
} from '../harness/other-users.ts';
import { expectError, oneDocument, User } from '../harness/program.ts';

const user = new User();
const folder = openToAll(mkdtempSync(join(tmpdir(), 'kioskctl-faults-')));

beforeAll(() => void openToAll(user.home));
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

/** A home of the other user, who ran one command with sudo: all that it made belongs to root. */
async function homeAfterSudo(): Promise<string> {
  const home = newHome();
  giveTo(home);
  const env = { KIOSKCTL_HOME: home };
  expect(await user.run('order --wait', { env })).toMatchObject({ code: 0 });
  expect(await user.run('context add ci --environment local', { env })).toMatchObject({ code: 0 });
  return home;
}

testAsRoot(
  'a journal in a folder that its user may not enter is unusable, and not reported as a bug',
  async () => {
    const home = openToAll(newHome());
    const closed = join(newHome(), 'closed');
    mkdirSync(join(closed, 'data'), { recursive: true, mode: 0o700 });
    const env = {
      KIOSKCTL_HOME: home,
      KIOSKCTL_ENVIRONMENT: 'sandbox',
      KIOSKCTL_JOURNAL: join(closed, 'data', 'journal.db'),
    };
    const ended = await runAs(user, { args: 'kiosk hold WIS00001 --reason door --json', env });
    expectError(ended, { code: 9, error: 'journal-unusable', message: /journal/, hint: /./ });
  },
);

describe('after one command with sudo', () => {
  testAsRoot(
    'after a command with sudo, the error names the owner of the journal, and the command that fixes it',
    async () => {
      const home = await homeAfterSudo();
      giveTo(join(home, 'sandbox.db'));
      giveTo(join(home, 'config.json'));
      const ended = await runAs(user, {
        args: 'kiosk hold WIS00001 --reason door --json',
        env: { KIOSKCTL_HOME: home },
      });
      expectError(ended, {
        code: 9,
        error: 'journal-unusable',
        message: /journal\.db cannot be written: it belongs to another user \(uid 0\)/,
        hint: RegExp(`sudo chown ${NOBODY_KNOWN} '${home}/journal\\.db'`),
      });
    },
  );

  testAsRoot('after a command with sudo, the error names the owner of the folder', async () => {
    const parent = newHome();
    giveTo(parent);
    const home = join(parent, 'kioskctl');
    mkdirSync(home);
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

  testAsRoot(
    'no error suggests changing the owner of a folder of the system or of another user',
    async () => {
      const shared = openToAll(newHome());
      for (const [home, folder] of [
        ['/not/there', '/'],
        [shared, shared],
      ] as const) {
        const env = { KIOSKCTL_HOME: home };
        const ended = await runAs(user, { args: 'kiosk hold WIS00001 --reason door --json', env });
        expectError(ended, {
          code: 9,
          error: 'journal-unusable',
          message: RegExp(`the folder ${folder} belongs to another user`),
          hint: /Ask its owner or the administrator for access\./,
        });
        expect(ended.stdout).not.toContain('chown');
      }
    },
  );

  testAsRoot(
    'after a command with sudo, the error names the owner of the settings, for reads and writes',
    async () => {
      const env = { KIOSKCTL_HOME: await homeAfterSudo() };
      const expected = {
        code: 2,
        error: 'settings-unusable',
        message: /config\.json can't be \w+: it belongs to another user \(uid 0\)/,
        hint: /sudo chown \d+ '.*config\.json'/,
      };
      expectError(await runAs(user, { args: 'context list --json', env }), expected);
      expectError(await runAs(user, { args: 'context add more --environment local --json', env }), expected);
    },
  );
});

describe('doctor', () => {
  testAsRoot(
    'doctor names every file that a command with sudo left, and the commands that fix them',
    async () => {
      const home = await homeAfterSudo();
      const ended = await runAs(user, { args: 'doctor --offline --json', env: { KIOSKCTL_HOME: home } });
      const { checks } = oneDocument(ended);
      const check = checks.find(({ name }: { name: string }) => name === 'home');
      expect(check).toMatchObject({
        status: 'failed',
        message: expect.stringMatching(/belongs to another user \(uid 0\)/),
      });
      for (const name of ['config.json', 'journal.db', 'sandbox.db'])
        expect(check.hint).toContain(`sudo chown ${NOBODY_KNOWN} '${home}/${name}'`);
    },
  );

  testAsRoot('doctor changes no permissions of folders that others own or share', async () => {
    const shared = newHome();
    openToAll(shared);
    const mine = join(shared, 'config.json');
    writeFileSync(mine, '{"version":2,"contexts":{}}');
    chmodSync(mine, 0o644);
    giveTo(mine);
    const home = async () => {
      const ended = await runAs(user, { args: 'doctor --offline --json', env: { KIOSKCTL_HOME: shared } });
      return oneDocument(ended).checks.find(({ name }: { name: string }) => name === 'home');
    };
    expect(await home()).toMatchObject({
      status: 'failed',
      hint: expect.stringMatching(/^Ask its owner or the administrator for access, or set KIOSKCTL_HOME/),
    });
    chmodSync(shared, 0o1777);
    expect(await home()).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining(
        `Run: chmod 600 '${mine}'. Others own or share ${shared}: set KIOSKCTL_HOME`,
      ),
    });
  });

  testAsRoot('doctor names a folder that this user may not enter', async () => {
    const home = join(newHome(), 'inner');
    mkdirSync(home);
    chmodSync(join(home, '..'), 0o700);
    const ended = await runAs(user, { args: 'doctor --offline --json', env: { KIOSKCTL_HOME: home } });
    // Without the settings, it is not known which journal is meant.
    for (const name of ['home', 'context']) {
      const check = oneDocument(ended).checks.find((one: { name: string }) => one.name === name);
      const message = expect.stringMatching(/the folder .* belongs to another user \(uid 0\)/);
      expect(check).toMatchObject({ status: 'failed', message });
    }
  });

  testWithMounts('doctor reports a full disk', async () => {
    const ended = await onDisk(FULL, 'doctor --offline --json');
    const check = ended.json.checks.find(({ name }: { name: string }) => name === 'home');
    expect(check).toMatchObject({ status: 'failed', message: expect.stringMatching(/the disk is full/) });
  });
});

describe('settings that others can change', () => {
  const CONTEXT = {
    environment: 'sandbox',
    baseUrl: 'http://127.0.0.1:1/',
    profileId: 1,
    credentialCommand: ['node', '-e', 'fs.writeFileSync(process.argv[1], "")', join(folder, 'ran')],
  };

  function homeWith(mode: number, folderMode = 0o700): string {
    const home = newHome();
    chmodSync(home, folderMode);
    const file = join(home, 'config.json');
    writeFileSync(file, JSON.stringify({ version: 2, contexts: { bank: CONTEXT } }));
    chmodSync(file, mode);
    return home;
  }

  test.for<[string, number, number, RegExp]>([
    ['a file that all may write', 0o666, 0o700, /chmod go-w '.*config\.json'/],
    ['a file that its group may write', 0o620, 0o700, /chmod go-w '.*config\.json'/],
    ['a folder that all may write', 0o600, 0o777, /chmod go-w '.*home\d+'/],
  ])('%s: its credential command is not run, and doctor says why', async ([, mode, folderMode, hint]) => {
    const env = { KIOSKCTL_HOME: homeWith(mode, folderMode) };
    const ended = await user.run('orders --context bank --json', { env });
    expectError(ended, { code: 3, error: 'credentials-unusable', message: /is not run/, hint });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    const doctor = await user.run('doctor --offline --context bank --json', { env });
    const check = doctor.json.checks.find(({ name }: { name: string }) => name === 'settings');
    expect(check).toMatchObject({ status: 'warning', hint: expect.stringMatching(hint) });
  });

  test('the credential command is executed if only the owner may write the settings file', async () => {
    const env = { KIOSKCTL_HOME: homeWith(0o644, 0o755) };
    const ended = await user.run('orders --context bank --json', { env });
    expectError(ended, { code: 3, error: 'credentials-unusable', message: /printed nothing/ });
    expect(existsSync(join(folder, 'ran'))).toBe(true);
    rmSync(join(folder, 'ran'));
  });

  testAsRoot(
    'the credential command is not executed if the settings file belongs to another user',
    async () => {
      const home = homeWith(0o644, 0o755);
      giveTo(join(home, 'config.json'));
      const ended = await user.run('orders --context bank --json', { env: { KIOSKCTL_HOME: home } });
      expectError(ended, { code: 3, error: 'credentials-unusable', hint: /sudo chown 0/ });
    },
  );

  testAsRoot('the advice to use another folder says that it has another journal', async () => {
    const home = homeWith(0o644, 0o755);
    giveTo(home);
    const ended = await user.run('orders --context bank --json', { env: { KIOSKCTL_HOME: home } });
    const hint =
      /administrator to restrict it, or set KIOSKCTL_HOME to another folder \(it has another journal:/;
    expectError(ended, { code: 3, error: 'credentials-unusable', hint });
  });
});

/** Returns the mode of a report that is written under a umask. */
async function modeUnder(mask: string): Promise<number> {
  const report = join(folder, `report-${mask}.xml`);
  const words = `run happy-path --report junit=${report}`;
  const env = { KIOSKCTL_HOME: newHome() };
  const ended = await user.shell(`umask ${mask}; kioskctl ${words}`, { env });
  expect(ended.code, ended.stderr).toBe(0);
  return statSync(report).mode & 0o777;
}

describe('reports of runs', () => {
  test('reports of runs are readable by their owner only', async () => {
    expect(await modeUnder('000')).toBe(0o600);
  });

  testAsRoot('reports of runs are readable by their owner, whatever the umask', async () => {
    expect(await modeUnder('777')).toBe(0o600);
  });
});

describe('an own file whose mode forbids it', () => {
  testAsRoot('an error about a file with insufficient permissions shows its mode', async () => {
    const home = newHome();
    writeFileSync(join(home, 'config.json'), '{}', { mode: 0o200 });
    giveTo(home);
    const ended = await runAs(user, { args: 'context list --json', env: { KIOSKCTL_HOME: home } });
    expectError(ended, {
      code: 2,
      error: 'settings-unusable',
      message: /its permissions forbid it \(mode 200\)/,
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
  testWithMounts('a full disk is reported for the journal', async () => {
    const ended = await onDisk(FULL, 'kiosk hold WIS00001 --reason door --json');
    expectError(ended, {
      code: 9,
      error: 'journal-unusable',
      message: /the disk is full/,
      hint: /Free space/,
    });
  });

  testWithMounts('a full disk is reported for the settings', async () => {
    const ended = await onDisk(FULL, 'context add ci --environment local --json');
    expectError(ended, {
      code: 2,
      error: 'settings-unusable',
      message: /the disk is full/,
      hint: /Free space/,
    });
  });

  testWithMounts('a full disk is reported for an output file', async () => {
    const ended = await onDisk(
      FULL,
      'runbook init HOME/book.yaml --json'.replaceAll('HOME', '$KIOSKCTL_HOME'),
    );
    expectError(ended, { code: 2, error: 'invalid-input', message: /the disk is full/, hint: /Free space/ });
  });

  testWithMounts('a full disk is reported for a backup of the journal', async () => {
    const home = newHome();
    mkdirSync(join(home, 'small'));
    const script = `mount -t tmpfs -o size=16k none ${home}/small; kioskctl order --wait --quiet >/dev/null;
      kioskctl journal backup ${home}/small/backup.db --json; code=$?; ls -A ${home}/small >&2; exit $code`;
    const ended = await shellWithMounts(user, script, { env: { KIOSKCTL_HOME: home } });
    expectError(ended, { code: 2, error: 'invalid-input', message: /the disk is full/, hint: /Free space/ });
    expect(ended.stderr).not.toContain('backup.db.');
  });

  testWithMounts('a read-only disk is reported for the journal', async () => {
    const ended = await onDisk(READ_ONLY, 'kiosk hold WIS00001 --reason door --json');
    expectError(ended, { code: 9, error: 'journal-unusable', message: /read-only/, hint: /writable/ });
  });

  testWithMounts('a read-only disk is reported for the settings', async () => {
    const ended = await onDisk(READ_ONLY, 'context add ci --environment local --json');
    expectError(ended, { code: 2, error: 'settings-unusable', message: /read-only/, hint: /writable/ });
  });
});
