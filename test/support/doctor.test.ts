import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import type { StoredFile, SystemProbe } from '../../src/support/check.ts';
import { restrict } from '../../src/support/check.ts';
import { type CheckResult, doctor } from '../../src/support/doctor.ts';
import { type Answer, json, makeClient, Vendor } from '../harness/server.ts';
import { World } from '../harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const DAY = 86_400_000;

function journalAt(name: string): JournalFile {
  return new JournalFile({ file: join(world.folder, name), environment: 'sandbox', now: () => 0 });
}

/** A machine on which everything is well. */
function machine(overrides: Partial<SystemProbe> = {}): SystemProbe {
  return {
    versions: { kioskctl: '1.2.3', node: '24.21.0', platform: 'linux x64' },
    listFiles: () => [{ path: '/home', isFolder: true, mode: 0o700, isOwn: true, obstacles: [] }],
    listNames: async () => [],
    readSettings: () => ({ file: '/home/config.json', isThere: true, contexts: ['bank'], otherWriter: null }),
    findRoute: async () => ({ url: 'https://api.example', proxy: null }),
    resolve: async () => ['192.0.2.1'],
    readAuthorities: () => null,
    readCertificate: async () => null,
    readKey: () => ({ type: 'RSA', bits: 2048 }),
    findCompletion: () => ({ shell: 'bash', file: '.bashrc', line: 'source it', isInstalled: true }),
    ...overrides,
  };
}

function blocked(path: string, command: string | null): ReturnType<SystemProbe['listFiles']>[number] {
  const obstacles = [{ code: 'EACCES', reason: 'it belongs to another user', fix: null, command }];
  return { path, isFolder: false, mode: 0o600, isOwn: true, obstacles };
}

/** A file that others may read. */
function open(path: string, more: Partial<StoredFile> = {}): StoredFile {
  return { path, isFolder: false, mode: 0o644, isOwn: true, obstacles: [], ...more };
}

const PROGRAMS = { cardPrograms: [{ name: 'VISA', cardType: 'PHYSICAL' }] };
const SUBSCRIPTION = {
  id: 's1',
  trigger_on: PRODUCTION_EVENT,
  delivery: { url: 'https://hooks.bank.example' },
};

/** An API that answers by path; its clock is that of the world. */
async function api(
  answers: { programs?: Answer; subscriptions?: Answer; root?: Answer; skew?: number } = {},
) {
  const { programs = json(200, PROGRAMS), subscriptions = json(200, [SUBSCRIPTION]) } = answers;
  const { root = json(404, {}), skew = 0 } = answers;
  const vendor = await Vendor.open((response, turn, asked) => {
    response.setHeader('date', new Date(world.clock.now() - skew).toUTCString());
    const answer = asked.path.endsWith('availability') ? programs : asked.path === '/' ? root : subscriptions;
    answer(response, turn, asked);
  });
  return { vendor, wise: makeClient(vendor.url) };
}

async function check(
  context: Partial<Context>,
  overrides: Partial<SystemProbe> = {},
  offline = false,
): Promise<Record<string, CheckResult>> {
  const ctx = world.context({ name: 'bank', environment: 'sandbox', ...context });
  const results = await doctor(ctx, { probe: machine(overrides), offline });
  return Object.fromEntries(results.map((one) => [one.name, one]));
}

describe('doctor', () => {
  test('doctor reports no failure on a working system', async () => {
    const { wise } = await api();
    const results = await check({ wise });
    const statuses = Object.values(results).map(({ name, status }) => [name, status]);
    expect(Object.fromEntries(statuses)).toEqual({
      version: 'ok',
      home: 'ok',
      settings: 'ok',
      context: 'ok',
      journal: 'ok',
      network: 'ok',
      certificate: 'skipped',
      dns: 'ok',
      api: 'ok',
      clock: 'ok',
      credentials: 'ok',
      profile: 'ok',
      kiosks: 'ok',
      client: 'ok',
      subscription: 'ok',
      'public-key': 'ok',
      listener: 'warning',
      completion: 'ok',
      'rate-limit': 'ok',
    });
    expect(results.listener?.hint).toContain('kioskctl listen');
    expect(results['rate-limit']?.message).toBe('not limited now (3 requests of this check)');
  });

  test('doctor names the line that installs the completion of the shell', async () => {
    const { wise } = await api();
    const line = 'source <(kioskctl completion zsh)';
    const findCompletion = () => ({ shell: 'zsh', file: '.zshrc', line, isInstalled: false });
    const { completion } = await check({ wise }, { findCompletion });
    expect(completion).toMatchObject({
      status: 'skipped',
      message: `not installed. To install it for zsh, add this line to ~/.zshrc: ${line}`,
    });
    const other = await check({ wise }, { findCompletion: () => null });
    expect(other.completion?.message).toContain('kioskctl completion --help');
  });

  test('doctor sends no request with --offline', async () => {
    const { wise, vendor } = await api();
    const results = await check({ wise }, { resolve: async () => Promise.reject(new Error('asked')) }, true);
    for (const name of ['dns', 'api', 'clock', 'profile', 'subscription', 'rate-limit'])
      expect(results[name]).toMatchObject({ status: 'skipped', message: 'left out with --offline' });
    expect(vendor.asked).toEqual([]);
    expect(results.credentials?.status).toBe('ok');
  });

  test('doctor skips checks that need unusable settings', async () => {
    const broken = new Failure('settings-unusable', 'The settings file is broken.', { hint: 'Correct it.' });
    const own = machine({
      readSettings: () => {
        throw broken;
      },
    });
    const results = await doctor(broken, { probe: own, offline: false });
    const failed = results.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name, exitCode, hint }) => [name, exitCode, hint])).toEqual([
      ['settings', 2, 'Correct it.'],
      ['context', 2, 'Correct it.'],
    ]);
    expect(results.find(({ name }) => name === 'api')).toMatchObject({
      status: 'skipped',
      message: 'not before context passes',
    });
    expect(results.find(({ name }) => name === 'journal')).toMatchObject({ status: 'skipped' });
  });

  test('doctor skips checks in local that the embedded sandbox does not need', async () => {
    const results = await check(
      { environment: 'local' },
      { findRoute: async () => ({ url: null, proxy: null }) },
    );
    expect(results.profile?.status).toBe('ok');
    for (const name of ['network', 'dns', 'clock', 'subscription', 'rate-limit'])
      expect(results[name]?.status, name).toBe('skipped');
  });
});

const failing = (failure: Failure) => () => {
  throw failure;
};

describe('on this machine', () => {
  test.each<[string, Partial<SystemProbe>, string, string, RegExp]>([
    [
      'files that others may read',
      { listFiles: () => [open('/h/config.json')] },
      'home',
      'warning',
      /^Run: chmod 600 '\/h\/config.json'$/,
    ],
    [
      'files that others may read in a folder of another user',
      { listFiles: () => [open('/h', { isFolder: true, isOwn: false }), open('/h/config.json')] },
      'home',
      'warning',
      /^Run: chmod 600 '\/h\/config.json'. Others own or share \/h: set KIOSKCTL_HOME .*, or ask the administrator\.$/,
    ],
    [
      'a folder that cannot be written',
      { listFiles: () => [blocked('/h', null)] },
      'home',
      'failed',
      /Make it writable, or .*KIOSKCTL_HOME/,
    ],
    [
      'files of another user',
      { listFiles: () => [blocked('/h/a', 'sudo chown 5 /h/a'), blocked('/h/b', 'sudo chown 5 /h/b')] },
      'home',
      'failed',
      /Run: sudo chown 5 \/h\/a; sudo chown 5 \/h\/b, or/,
    ],
    [
      'settings that others can change',
      {
        readSettings: () => ({
          file: '/h/config.json',
          isThere: true,
          contexts: [],
          otherWriter: { reason: '/h has mode 777', fix: "Run chmod go-w '/h'" },
        }),
      },
      'settings',
      'warning',
      /chmod go-w '\/h'/,
    ],
    [
      'a certificate that ends soon',
      {
        readCertificate: async () => ({
          file: 'bank.pem',
          validUntil: Date.parse('2026-03-01T12:00:00Z') + 5 * DAY,
        }),
      },
      'certificate',
      'warning',
      /new one/,
    ],
    [
      'authorities that cannot be read',
      { readAuthorities: failing(new Failure('settings-unusable', 'm', { hint: 'Name a file.' })) },
      'network',
      'failed',
      /Name a file/,
    ],
    [
      'a host without an address',
      { resolve: failing(new Failure('unreachable', 'm', { hint: 'Check the network.' })) },
      'dns',
      'failed',
      /network/,
    ],
    [
      'a key that is none',
      { readKey: failing(new Failure('invalid-input', 'm', { hint: 'Give a PEM file.' })) },
      'public-key',
      'failed',
      /PEM/,
    ],
  ])('doctor reports %s with a fix', async (_, overrides, name, status, hint) => {
    const results = await check({}, overrides, name !== 'dns');
    expect(results[name]).toMatchObject({ status, hint: expect.stringMatching(hint) });
  });

  test('doctor resolves the host of the proxy, and creates no journal', async () => {
    const looked: string[] = [];
    const results = await check(
      // Whoever asks it anything fails.
      { journal: {} as Context['journal'], journalFile: journalAt('none.db') },
      {
        findRoute: async () => ({ url: 'https://api.example', proxy: 'http://proxy.example:3128' }),
        resolve: async (host) => [String(looked.push(host))],
      },
    );
    expect(looked).toEqual(['proxy.example']);
    expect(results.listener?.status).toBe('warning');
  });
});

describe('doctor checks the journal:', () => {
  test('doctor shows path, size, id and last backup of the journal', async () => {
    const file = journalAt('sound.db');
    const checkIt = async () => (await check({ journalFile: file }, {}, true)).journal;
    expect(await checkIt()).toMatchObject({
      status: 'ok',
      message: `${file.path}: none yet, the first command creates it`,
    });
    const journal = openSqliteJournal({ file: file.path, environment: 'sandbox', now: () => 0 });
    await journal.recordBackup({ file: '/backup.db', at: Date.parse('2026-11-29T10:00:00Z') });
    const { id } = file.inspect()?.identity ?? {};
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect((await checkIt())?.message).toMatch(
      new RegExp(
        `^${file.path}: 0\\.\\d MiB, sound, schema \\d+, id ${id}, last backup: 2026-11-29T10:00:00.000Z$`,
      ),
    );
    await journal.close();
  });

  test.each<[string, (file: string) => void, RegExp]>([
    ['is empty', (file) => writeFileSync(file, ''), /journal restore <FILE>.*twice/],
    [
      'is damaged',
      (file) => writeFileSync(file, 'no database '.repeat(900)),
      /journal restore <FILE>.*twice/,
    ],
    ['has a damaged page', damagePage, /journal restore <FILE>.*twice/],
    ['was written by a newer kioskctl', (file) => change(file, 'PRAGMA user_version = 99'), /Update/],
  ])('one that %s is a failure with a fix', async (name, damage, hint) => {
    const file = journalAt(`${name}.db`);
    await openSqliteJournal({ file: file.path, environment: 'sandbox', now: () => 0 }).close();
    damage(file.path);
    const { journal } = await check({ journalFile: file }, {}, true);
    expect(journal).toMatchObject({ status: 'failed', exitCode: 9, hint: expect.stringMatching(hint) });
  });
});

function change(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

function damagePage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(7, 4_096, 12_288);
  writeFileSync(file, bytes);
}

test('doctor resolves an IP address without its brackets', async () => {
  const looked: string[] = [];
  const resolve = async (host: string) => [String(looked.push(host))];
  await check({}, { resolve, findRoute: async () => ({ url: 'http://[::1]:8787', proxy: null }) });
  expect(looked).toEqual(['::1']);
});

describe('a token that ends soon', () => {
  test.each([
    [{ minutes: 5, isLast: true }, 'warning'],
    [{ minutes: 5, isLast: false }, 'ok'],
    [{ minutes: 60, isLast: true }, 'ok'],
  ])('%j is %s', async ({ minutes, isLast }, status) => {
    const endsAt = world.clock.now() + minutes * 60_000;
    const results = await check({ authorize: async () => ({ source: 'a login', endsAt, isLast }) }, {}, true);
    expect(results.credentials?.status).toBe(status);
  });
});

describe('of the API', () => {
  test.each<[string, Parameters<typeof api>[0], Partial<Context>, string, string, number]>([
    ['that fails', { root: json(503, {}) }, {}, 'api', 'failed', 7],
    ['whose clock is another', { skew: 120_000 }, {}, 'clock', 'warning', 0],
    ['that refuses the token', { programs: json(401, {}) }, {}, 'profile', 'failed', 3],
    ['that does not know the profile', { programs: json(404, {}) }, {}, 'profile', 'failed', 10],
    ['with no program left', { programs: json(200, { cardPrograms: [] }) }, {}, 'profile', 'warning', 0],
    ['without the program of the context', {}, { program: 'OTHER' }, 'profile', 'failed', 2],
    ['without a subscription', { subscriptions: json(200, []) }, {}, 'subscription', 'warning', 0],
    [
      'without a subscription in production',
      { subscriptions: json(200, []) },
      { environment: 'production' },
      'subscription',
      'failed',
      9,
    ],
  ])('doctor reports an API %s', async (_, answers, context, name, status, exitCode) => {
    const { wise } = await api(answers);
    const results = await check({ wise, ...context });
    expect(results[name]).toMatchObject({ status, exitCode, hint: expect.any(String) });
  });

  test('doctor reports an API that limits requests', async () => {
    const { wise } = await api({ subscriptions: json(429, {}) });
    const results = await check({ wise });
    expect(results['rate-limit']).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('429'),
    });
  });

  test('missing credentials fail, but those of the application are skipped', async () => {
    const missing = new Failure('credentials-missing', 'There is no token.', { hint: 'Set KIOSKCTL_TOKEN.' });
    const { wise, vendor } = await api();
    const results = await check({
      wise,
      authorize: async () => Promise.reject(missing),
      clientKey: failing(missing),
    });
    expect(results.credentials).toMatchObject({ status: 'failed', exitCode: 3, hint: 'Set KIOSKCTL_TOKEN.' });
    expect([results.profile?.status, results.client?.status]).toEqual(['skipped', 'skipped']);
    expect(vendor.asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/', undefined],
    ]);
  });

  test('a context without profile and kiosks gets warnings', async () => {
    const { wise } = await api();
    const results = await check({ wise, profileId: null, kiosks: [] });
    expect([results.credentials?.status, results.profile?.status, results.kiosks?.status]).toEqual([
      'warning',
      'skipped',
      'warning',
    ]);
  });
});

test('doctor finds a running listener', async () => {
  const { wise } = await api();
  const listening = await world.journal.startListener('http://127.0.0.1:1', world.clock.now());
  expect((await check({ wise })).listener?.status).toBe('ok');
  await world.journal.endListener(listening, world.clock.now());
  expect((await check({ wise })).listener?.status).toBe('warning');
});

test('the advice of doctor quotes a path for the shell', () => {
  const file = { path: "/home/ada/it's", isFolder: false, mode: 0o644, isOwn: true, obstacles: [] };
  expect(restrict([file])).toBe(String.raw`Run: chmod 600 '/home/ada/it'\''s'`);
});
