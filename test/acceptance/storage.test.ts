// Homes, settings, journals and disks that can't be used: reads go on, acts are refused, nothing is sent or lost.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Ended,
  expectClean,
  expectComplaint,
  expectError,
  oneDocument,
  User,
} from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { CARD, IN_PROGRESS, json, OwnVendor } from './vendor.ts';

const user = new User();
const folder = mkdtempSync(join(tmpdir(), 'kioskctl-homes-'));
let sandbox: ServedSandbox;
/** A good journal, which knows a card. */
let journal: string;

beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
  const { card } = await sandbox.readyCard();
  await run(user.home, `status ${card}`);
  journal = join(user.home, 'journal.db');
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
  user.leave();
});

const run = async (home: string, args: string, url = sandbox.url) =>
  user.run(`${args} --base-url ${url}`, { env: { KIOSKCTL_HOME: home } });
/** The start of a process has its own business in the home: what is compiled is kept there. */
const spawn = async (home: string, args: string) =>
  user.spawn(`${args} --base-url ${sandbox.url}`, { env: { KIOSKCTL_HOME: home } });

let homes = 0;
function newHome(files: Record<string, string | Buffer> = {}): string {
  homes += 1;
  const home = join(folder, String(homes));
  mkdirSync(home);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
  return home;
}

function garbage(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'no database, but garbage ');
}

/** A database that opens well, and is damaged behind its first page. */
function damaged(): Buffer {
  const content = readFileSync(journal);
  garbage(content.length).copy(content, 4096, 4096);
  return content;
}

function changed(home: string, change: (db: DatabaseSync) => void): string {
  const file = join(home, 'journal.db');
  copyFileSync(journal, file);
  const db = new DatabaseSync(file);
  change(db);
  db.close();
  return home;
}

const ACTS = [
  'order',
  `produce ${CARD} --kiosk WIS00001`,
  `retry ${CARD} --yes`,
  `cancel ${CARD} --yes`,
  `simulate ${CARD} --status PRODUCED`,
];

describe.concurrent('a home in which there can be no journal', () => {
  test.each<[string, () => string]>([
    ['cannot be written', () => '/sys/kioskctl'],
    ['would be below a file', () => '/dev/null/kioskctl'],
    ['is a file', () => join(newHome({ home: '' }), 'home')],
    ['has a folder in its place', () => join(mkdirOf(join(newHome(), 'journal.db')), '..')],
    ['has garbage in its place', () => newHome({ 'journal.db': garbage(20_000) })],
    ['has an empty file in its place', () => newHome({ 'journal.db': '' })],
    ['has a journal that is damaged', () => newHome({ 'journal.db': damaged() })],
    [
      'has a journal of a newer version',
      () => changed(newHome(), (db) => db.exec('PRAGMA user_version = 99')),
    ],
  ])('because it %s: reads go on with a warning, acts are refused', async (_what, make) => {
    const home = make();
    const { card } = await sandbox.readyCard();
    const status = await spawn(home, `status ${card} --json`);
    expect(status.code, status.stdout).toBe(0);
    expect(oneDocument(status).card).toMatchObject({ stage: 'ready' });
    expect(status.stderr).toMatch(/^Warning: .*journal.*Continuing without it/m);
    const produce = await run(home, `produce ${card} --kiosk WIS00001 --json`);
    expectError(produce, {
      code: 9,
      error: 'journal-unusable',
      message: RegExp(`journal ${home}`),
      hint: /nothing is sent.*with another journal/i,
    });
    expect(await sandbox.puts(card)).toEqual([]);
  });
});

function mkdirOf(path: string): string {
  mkdirSync(path);
  return path;
}

test('a database of another application is neither read nor changed', async () => {
  const home = newHome();
  const file = join(home, 'journal.db');
  const other = new DatabaseSync(file);
  other.exec('CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1');
  other.close();
  const content = readFileSync(file);
  expectError(await run(home, 'cancel 1001/501 --yes --json'), {
    code: 9,
    error: 'journal-unusable',
    message: /something else/,
  });
  expect(readFileSync(file)).toEqual(content);
});

test('a home in which no file can be created does not block the command', async () => {
  expectError(await spawn('/proc/nope', 'order --json'), { code: 9, error: 'journal-unusable' });
});

describe.concurrent('a journal of garbage', () => {
  test('a journal with garbage prevents every action, and is not changed', async () => {
    const home = newHome({ 'journal.db': garbage(20_000) });
    const vendor = await OwnVendor.open({ production: json(IN_PROGRESS) });
    for (const act of [...ACTS, 'simulate --profile-verified 1002']) {
      const ended = await run(home, `${act} --json`, vendor.url);
      expectError(ended, {
        code: 9,
        error: 'journal-unusable',
        message: /journal\.db/,
        hint: /with another journal/i,
      });
      expect(vendor.acts, act).toEqual([]);
    }
    vendor.close();
    expect(readFileSync(join(home, 'journal.db'))).toEqual(garbage(20_000));
  });

  test.each(['kiosks', 'log', 'runs list', 'status --kiosk WIS00001', 'retry --kiosk WIS00001 --dry-run'])(
    'a journal with garbage is an error in %s, without a warning that it continues',
    async (args) => {
      const home = newHome({ 'journal.db': garbage(20_000) });
      const ended = await user.run(args, { env: { KIOSKCTL_HOME: home } });
      expect(ended.code).toBe(9);
      expect(ended.stderr).toMatch(/^Error: .*journal/m);
      expect(ended.stderr).not.toMatch(/^Warning: .*journal/m);
    },
  );

  test('a journal with garbage does not leave the sandbox half reset', async () => {
    const home = newHome();
    const local = async (args: string) => user.run(args, { env: { KIOSKCTL_HOME: home } });
    const { stdout } = await local('order --quiet');
    writeFileSync(join(home, 'journal.db'), garbage(20_000));
    rmSync(join(home, 'journal.db-wal'), { force: true });
    expectError(await local('sandbox reset --json'), { code: 9, error: 'journal-unusable' });
    const orders = await local('orders --quiet');
    expect(orders.stdout).toContain(stdout.trim().split('/')[0] ?? '-');
  });

  test('a journal with garbage is not an empty list of cards', async () => {
    const home = newHome({ 'journal.db': garbage(20_000) });
    expectError(await run(home, 'status --json'), { code: 9, error: 'journal-unusable' });
  });

  test('a journal with garbage is reported as text', async () => {
    const home = newHome({ 'journal.db': garbage(20_000) });
    const ended = await run(home, 'order');
    expectComplaint(ended, { code: 9, message: /journal.*not a database/, hint: /with another journal/i });
    expect(ended.stdout).not.toContain('null');
  });

  test('an order that was not placed has no next command', async () => {
    const home = newHome({ 'journal.db': garbage(20_000) });
    const { json } = await run(home, 'order --json');
    expect(JSON.stringify(json)).not.toContain('1001/null');
  });
});

test.concurrent('a command waits for a locked journal, and then fails', async () => {
  const home = changed(newHome(), () => undefined);
  const holder = new DatabaseSync(join(home, 'journal.db'));
  holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const { card } = await sandbox.readyCard();
  const produce = await spawn(home, `produce ${card} --kiosk WIS00001 --json`);
  holder.close();
  expectError(produce, { code: 9, error: 'journal-unusable', message: /locked/ });
  expect(await sandbox.puts(card)).toEqual([]);
  const again = await run(home, `produce ${card} --kiosk WIS00001 --json`);
  expect(again.json, again.stdout).toMatchObject({ exitCode: 0, changed: true });
});

describe.concurrent('a journal with a damaged row', () => {
  test.each([
    ['a production that is cut off', `production = '{"status":"IN_PRO'`],
    ['a baseline that is no object', `baseline = '7'`],
    ['a settle window that is cut off', `settle_window = '{"start":'`],
    ['a settle window without a start', `settle_window = '{}'`],
    ['an unknown outcome', `outcome = 'sen'`],
  ])('(%s) is unusable, and nothing is sent', async (_, damage) => {
    const home = newHome();
    const { card } = await sandbox.readyCard();
    expect(await run(home, `produce ${card} --kiosk WIS00001`)).toMatchObject({ code: 0 });
    const db = new DatabaseSync(join(home, 'journal.db'));
    db.exec(`UPDATE attempts SET ${damage}`);
    db.close();
    for (const args of [`produce ${card} --kiosk WIS00001`, `retry ${card} --yes`, `wait-produced ${card}`])
      expectError(await run(home, `${args} --json`), {
        code: 9,
        error: 'journal-unusable',
        message: /journal\.db is damaged: a stored value/,
        hint: /nothing is sent.*with another journal/i,
      });
    expect(await sandbox.puts(card)).toHaveLength(1);
  });
});

/** A system whose statfs(2) reports a type for each folder. @returns the options of Node for it */
function systemOf(type: number): string {
  const file = join(newHome(), 'statfs.mjs');
  const code = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      const { statfsSync } = fs;
      fs.statfsSync = (...of) => Object.assign(statfsSync(...of), { type: ${type} });
      syncBuiltinESMExports();`;
  writeFileSync(file, code);
  return `--import=${file}`;
}

describe.concurrent('a journal on a network file system', () => {
  test('a journal on a network file system is refused before anything is sent, and the hint names PostgreSQL', async () => {
    const home = newHome();
    const { card } = await sandbox.readyCard();
    const args = `produce ${card} --kiosk WIS00001 --json --base-url ${sandbox.url}`;
    const NODE_OPTIONS = systemOf(0x6969);
    expectError(await user.spawn(args, { env: { KIOSKCTL_HOME: home, NODE_OPTIONS } }), {
      code: 9,
      error: 'journal-unusable',
      message: /network file system \(NFS\)/,
      hint: /local disk.*PostgreSQL/,
    });
    expect(await sandbox.puts(card)).toEqual([]);
    expect(existsSync(join(home, 'journal.db'))).toBe(false);
  });
});

describe.concurrent('a home that is not there', () => {
  test('a missing home folder is created for its owner only', async () => {
    const home = join(newHome(), 'not', 'there');
    const { card } = await sandbox.readyCard();
    const produce = await spawn(home, `produce ${card} --kiosk WIS00001 --json`);
    expect(produce.code, produce.stdout).toBe(0);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, 'journal.db')).mode & 0o777).toBe(0o600);
  });

  test("reads continue if the default home can't be created", async () => {
    const { card } = await sandbox.readyCard();
    const args = `status ${card} --quiet --base-url ${sandbox.url}`;
    const env = { KIOSKCTL_HOME: undefined, HOME: '/sys/nobody', XDG_DATA_HOME: undefined };
    const ended = await user.run(args, { env });
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: `${card}\n` });
    expect(ended.stderr).toMatch(/^Warning: /m);
  });
});

describe.concurrent('settings that cannot be used', () => {
  test.each<[string, string, RegExp]>([
    ['empty', '', /JSON/],
    ['cut short', '{"version": 1, "contexts": {', /JSON/],
    ['binary', '\u0000\u0001\u0002', /not UTF-8 text/],
    ['of the wrong shape', '[]', /\S/],
    [
      'with an environment that nobody knows',
      '{"version":1,"contexts":{"ci":{"environment":"prod"}}}',
      /contexts\.ci\.environment/,
    ],
    [
      'with a profile that is none',
      '{"version":1,"contexts":{"ci":{"environment":"local","profileId":-1}}}',
      /contexts\.ci\.profileId/,
    ],
    ['of a newer version', '{"version":3,"contexts":[]}', /newer/],
  ])(
    'because they are %s, are named, left as they are, and nothing is done',
    async (_what, content, message) => {
      const home = newHome({ 'config.json': content });
      const file = join(home, 'config.json');
      const { card } = await sandbox.readyCard();
      const ended = await run(home, `produce ${card} --kiosk WIS00001 --json`);
      expectError(ended, { code: 2, error: 'settings-unusable', message: RegExp(file), hint: /\S/ });
      expect(ended.json.error.message).toMatch(message);
      expect(readFileSync(file, 'utf8')).toBe(content);
      expect(await sandbox.puts(card)).toEqual([]);
    },
  );

  test('unusable settings do not affect commands that need none', async () => {
    const env = { KIOSKCTL_HOME: newHome({ 'config.json': '{' }) };
    const explain = await user.run('explain PRD_HOPPER_DOOR --json', { env });
    expect(oneDocument(explain)).toMatchObject({ exitCode: 0, context: null });
    for (const args of ['--help', '--version', 'order --help'])
      expect((await user.run(args, { env })).code).toBe(0);
  });

  test('settings whose current context is missing name it', async () => {
    const home = newHome({ 'config.json': '{"version":1,"currentContext":"gone"}' });
    const ended = await user.run('orders --json', { env: { KIOSKCTL_HOME: home } });
    expectError(ended, { code: 2, error: 'usage', message: /gone/, hint: /local/ });
  });
});

describe.concurrent("an embedded sandbox whose state can't be used", () => {
  test.each(['status 501', 'orders', 'produce 501 --kiosk WIS00001', 'sandbox reset'])(
    'an unusable sandbox state ends “%s” with one document, and is not changed',
    async (args) => {
      const home = newHome({ 'sandbox.db': garbage(20_000) });
      const ended = await user.run(`${args} --json`, { env: { KIOSKCTL_HOME: home } });
      expectError(ended, {
        code: 2,
        error: 'storage-unusable',
        message: /sandbox\.db/,
        hint: /move it away/,
      });
      expect(readFileSync(join(home, 'sandbox.db'))).toEqual(garbage(20_000));
    },
  );

  test('an unusable sandbox state is reported once as text', async () => {
    const home = newHome({ 'sandbox.db': garbage(20_000) });
    const ended = await user.run('order', { env: { KIOSKCTL_HOME: home } });
    expectComplaint(ended, { code: 2, message: /sandbox\.db/ });
    expect(ended.stderr.match(/Error:/g)).toHaveLength(1);
  });
});

/**
 * The disk is “full” for this command alone: no file may grow beyond so many KiB (RLIMIT_FSIZE, which fails a write like
 * a full disk does). The vendor is another process, which has no such limit.
 */
async function runOnFullDisk(
  home: string,
  { kib, args, url = sandbox.url }: { kib: number; args: string; url?: string },
): Promise<Ended> {
  // It counts in blocks of 512 bytes.
  return user.shell(`ulimit -f ${kib * 2}; kioskctl ${args} --base-url ${url}`, {
    env: { KIOSKCTL_HOME: home },
  });
}

/** @returns how many requests were sent, which the journal knows afterwards, and which no other command repeats */
async function produceWithin(kib: number): Promise<number> {
  const home = changed(newHome(), () => undefined);
  const { card } = await sandbox.readyCard();
  const produce = `produce ${card} --kiosk WIS00001 --json`;
  const ended = await runOnFullDisk(home, { kib, args: produce });
  const { length: sent } = await sandbox.puts(card);
  if (sent === 0) expectError(ended, { code: 9, error: 'journal-unusable', hint: /nothing is sent/i });
  else expect(oneDocument(ended), `${kib} KiB`).toMatchObject({ exitCode: 0, changed: true });
  const history = await run(home, `status ${card} --history --json`);
  const attempts: { origin: string }[] = history.json.card.attempts;
  expect(attempts.filter(({ origin }) => origin === 'ours')).toHaveLength(sent);
  const again = await run(home, produce);
  expect(again.json, again.stdout).toMatchObject({ exitCode: 0, changed: sent === 0 });
  expect(await sandbox.puts(card)).toHaveLength(1);
  return sent;
}

describe.concurrent('a full disk', () => {
  // A journal that is there has 44 KiB, and its write-ahead log grows by some KiB a write: each limit fails another one.
  const LIMITS = [4, 12, 28, 36, 40, 1024];

  test('on a full disk, nothing is sent that could not be recorded, and nothing is lost, whichever write fails', async () => {
    const sent = await Promise.all(LIMITS.map(produceWithin));
    expect(new Set(sent)).toEqual(new Set([0, 1]));
  });

  test.each([0, 8])(
    'on a full disk of %i KiB without a journal, nothing is sent, and no file is left',
    async (kib) => {
      const home = newHome();
      const vendor = await OwnVendor.open({ production: json(IN_PROGRESS) });
      for (const act of ACTS) {
        const ended = await runOnFullDisk(home, { kib, args: `${act} --json`, url: vendor.url });
        expectError(ended, { code: 9, error: 'journal-unusable', hint: /nothing is sent/i });
      }
      const status = await runOnFullDisk(home, { kib, args: `status ${CARD} --json`, url: vendor.url });
      expect(status.code, status.stdout + status.stderr).toBe(0);
      expect(status.stderr).toMatch(/^Warning: .*journal/m);
      expect(vendor.acts).toEqual([]);
      vendor.close();
      expect(readdirSync(home).filter((name) => /journal\.db.+/.test(name))).toEqual([]);
    },
  );

  test('a full disk of the embedded sandbox is reported as such', async () => {
    const home = newHome();
    const ended = await user.shell('ulimit -f 16; kioskctl order --json', { env: { KIOSKCTL_HOME: home } });
    expectClean(ended);
    expect([2, 9]).toContain(ended.code);
    expect(oneDocument(ended).error.code).toMatch(/unusable/);
  });
});
