// Users without a name or a home, and folders that are gone: what the system can't answer never ends a command.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { giveTo, NOBODY_KNOWN, openToAll, runAs, testAsRoot } from '../harness/other-users.ts';
import { expectClean, expectError, oneDocument, User } from '../harness/program.ts';

const user = new User();
const folder = openToAll(mkdtempSync(join(tmpdir(), 'kioskctl-odd-')));

beforeAll(() => void openToAll(user.home));
afterAll(() => {
  rmSync(folder, { recursive: true });
  user.leave();
});

let folders = 0;
function newFolder(): string {
  folders += 1;
  const made = join(folder, String(folders));
  mkdirSync(made);
  return made;
}

/** A folder of the user without an entry. */
function itsFolder(): string {
  const made = newFolder();
  giveTo(made);
  return made;
}

const NO_FOLDERS = {
  HOME: undefined,
  KIOSKCTL_HOME: undefined,
  XDG_CONFIG_HOME: undefined,
  XDG_DATA_HOME: undefined,
  XDG_CACHE_HOME: undefined,
  SHELL: undefined,
};

/** A user without a home folder. */
const NO_HOME = {
  code: 2,
  error: 'usage',
  message: /no home folder, and KIOSKCTL_HOME is not set/,
  hint: /Set KIOSKCTL_HOME/,
};

describe('a user without an entry in the list of users', () => {
  testAsRoot(
    'a user without an entry in the user database orders and produces cards with KIOSKCTL_HOME, and is named by the id',
    async () => {
      const env = { ...NO_FOLDERS, KIOSKCTL_HOME: itsFolder() };
      const order = await runAs(user, { args: 'order --wait --quiet', env });
      expect(order.code, order.stderr).toBe(0);
      const args = `produce ${order.stdout.trim()} --kiosk WIS00001 --json`;
      expect(oneDocument(await runAs(user, { args, env })).card).toMatchObject({ stage: 'in-progress' });
      const { acts } = oneDocument(await runAs(user, { args: 'log --json', env }));
      expect(acts[0]).toMatchObject({ by: expect.stringMatching(RegExp(`^uid ${NOBODY_KNOWN}@`)) });
    },
  );

  testAsRoot('a user without an entry in the user database uses the folders of HOME', async () => {
    const home = itsFolder();
    const env = { ...NO_FOLDERS, HOME: home };
    for (const args of ['context add ci --environment local', 'order', 'doctor --offline'])
      expect(await runAs(user, { args, env }), args).toMatchObject({ code: 0 });
    expect(existsSync(join(home, '.config/kioskctl/config.json'))).toBe(true);
    expect(existsSync(join(home, '.local/share/kioskctl/journal.db'))).toBe(true);
  });

  testAsRoot('a command without a home folder ends with 2 and one document', async () => {
    for (const args of [
      'order',
      'status',
      'doctor',
      'context list',
      'context add ci --environment local',
      'log',
    ])
      expectError(await runAs(user, { args: `${args} --json`, env: NO_FOLDERS }), NO_HOME);
  });

  testAsRoot('version, help and meanings of codes need no home folder', async () => {
    for (const args of ['--version', '--help', 'explain PRD_HOPPER_DOOR --json']) {
      const ended = await runAs(user, { args, env: NO_FOLDERS });
      expectClean(ended);
      expect(ended.code, args).toBe(0);
    }
  });
});

describe('folders of the environment', () => {
  for (const [what, value] of [
    ['an empty HOME', ''],
    ['a relative HOME', 'here'],
  ] as const) {
    testAsRoot(`${what} counts as unset: nothing is written into the working folder`, async () => {
      const cwd = itsFolder();
      const ended = await runAs(user, { args: 'order --json', env: { ...NO_FOLDERS, HOME: value }, cwd });
      expectError(ended, NO_HOME);
      expect(readdirSync(cwd)).toEqual([]);
    });
  }

  test('a relative XDG folder counts as unset', async () => {
    const home = newFolder();
    const env = {
      ...NO_FOLDERS,
      HOME: home,
      XDG_DATA_HOME: 'data',
      XDG_CONFIG_HOME: '',
      XDG_CACHE_HOME: 'cache',
    };
    const ended = await user.shell(`cd ${home}; kioskctl order --json`, { env });
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(home, '.local/share/kioskctl/journal.db'))).toBe(true);
    expect(existsSync(join(home, 'data'))).toBe(false);
    expect(existsSync(join(home, 'cache'))).toBe(false);
  });

  test('an empty KIOSKCTL_HOME counts as unset', async () => {
    const home = newFolder();
    const ended = await user.run('order --json', { env: { ...NO_FOLDERS, HOME: home, KIOSKCTL_HOME: '' } });
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(home, '.local/share/kioskctl/journal.db'))).toBe(true);
  });

  test('a relative KIOSKCTL_HOME is an error, and creates nothing', async () => {
    const cwd = newFolder();
    const ended = await user.shell(`cd ${cwd}; kioskctl order --json`, { env: { KIOSKCTL_HOME: 'mine' } });
    expectError(ended, {
      code: 2,
      error: 'usage',
      message: /KIOSKCTL_HOME is not an absolute path: mine/,
    });
    expect(existsSync(join(cwd, 'mine'))).toBe(false);
  });
});

test('a deleted working folder ends no command', async () => {
  const script = `mkdir gone; cd gone; rmdir ../gone; kioskctl order --json`;
  const ended = await user.shell(`cd ${newFolder()}; ${script}`);
  expect(oneDocument(ended)).toMatchObject({ exitCode: 0 });
  const run = await user.shell(
    `cd ${newFolder()}; mkdir gone; cd gone; rmdir ../gone; kioskctl run flow.yaml --json`,
  );
  expectError(run, { code: 2, error: 'invalid-input', message: /no such file/ });
});
