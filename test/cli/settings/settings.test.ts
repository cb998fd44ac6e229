import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toSpeed } from '../../../src/cli/settings/setting-values.ts';
import { findDestination, readSettings, type Settings } from '../../../src/cli/settings/settings.ts';
import type { SettingFlags } from '../../../src/cli/settings/sources.ts';
import type { Failure } from '../../../src/domain/errors/failure.ts';
import { makeFolder, makeHome } from '../../harness/command-line.ts';

interface Given {
  flags?: SettingFlags & { kiosk?: string };
  env?: Record<string, string>;
  /** The settings file. */
  file?: unknown;
}

function read({ flags = {}, env = {}, file }: Given = {}): Settings {
  return readSettings(flags, { KIOSKCTL_HOME: makeHome(file), ...env });
}

function failureOf(given: Given): Failure {
  try {
    read(given);
  } catch (error) {
    return error as Failure;
  }
  throw new Error('there are settings');
}

/** Contexts of a bank: one for each environment, and one that is not named like any. */
const FILE = {
  version: 1,
  contexts: {
    ci: {
      environment: 'sandbox',
      profileId: 2001,
      kiosks: ['CI000001', 'CI000002'],
      program: 'CI_CARD',
      apiVersion: '2026Q3',
    },
    branch: { environment: 'production', profileId: 3001, kiosks: ['LON00001'] },
    sandbox: { environment: 'sandbox', profileId: 2002 },
    production: { environment: 'production', profileId: 3002 },
    lab: { environment: 'sandbox', baseUrl: 'https://lab.example.com/wise/', profileId: 2003 },
    home: { environment: 'local', profileId: 1003 },
  },
};

describe('with no configuration', () => {
  test('without configuration the context is local, with the profile and the kiosks of the embedded sandbox', () => {
    expect(read()).toMatchObject({
      contextName: 'local',
      environment: 'local',
      baseUrl: null,
      apiVersion: 'legacy',
      profileId: 1001,
      profileIsExplicit: false,
      kiosks: ['WIS00001', 'WIS00002', 'WIS00003'],
      program: null,
      sandboxSpeed: 1,
      token: undefined,
      timing: { timeout: 600_000, settleWindow: 3_000 },
    });
  });

  test.each([
    'KIOSKCTL_TOKEN',
    'KIOSKCTL_REFRESH_TOKEN',
    'KIOSKCTL_CLIENT_ID',
    'KIOSKCTL_CLIENT_SECRET',
    'KIOSKCTL_PROFILE_ID',
    'KIOSKCTL_BASE_URL',
  ])('with %s set, even to nothing, local is never chosen by default', (variable) => {
    for (const value of ['', '4711', 'https://api.wise-sandbox.com', 'http://127.0.0.1:8787']) {
      expect(failureOf({ env: { [variable]: value } })).toMatchObject({ exitCode: 2 });
    }
  });

  test.each(['KIOSKCTL_KIOSK', 'KIOSKCTL_PROGRAM', 'KIOSKCTL_TIMEOUT', 'KIOSKCTL_SETTLE', 'NO_COLOR', 'CI'])(
    '%s alone leaves the context local',
    (variable) => {
      expect(read({ env: { [variable]: '5s' } }).environment).toBe('local');
    },
  );

  test('the failure without a chosen environment says how to choose one', () => {
    const { code, message, hint } = failureOf({ env: { KIOSKCTL_TOKEN: 'tok-4711' } });
    expect(code).toBe('environment-not-chosen');
    expect(message).toContain('KIOSKCTL_TOKEN');
    expect(hint).toContain('--environment');
    expect(message + hint).not.toContain('tok-4711');
  });

  test.each([
    [{ env: { KIOSKCTL_ENVIRONMENT: 'local' } }],
    [{ flags: { environment: 'local' } }],
    [{ flags: { context: 'local' } }],
    [{ env: { KIOSKCTL_CONTEXT: 'local' } }],
  ])('local can be chosen explicitly, with or without credentials: %j', (given: Given) => {
    expect(read({ ...given, env: { KIOSKCTL_TOKEN: '', ...given.env } }).environment).toBe('local');
  });
});

describe('the context', () => {
  test.each<[string, Given, string, string, number | null]>([
    ['an implicit one by its environment', { flags: { environment: 'sandbox' } }, 'sandbox', 'sandbox', null],
    ['an implicit one by its name', { flags: { context: 'production' } }, 'production', 'production', null],
    ['by flag', { flags: { context: 'ci' }, file: FILE }, 'ci', 'sandbox', 2001],
    ['by variable', { env: { KIOSKCTL_CONTEXT: 'branch' }, file: FILE }, 'branch', 'production', 3001],
    [
      'by flag before variable',
      { flags: { context: 'ci' }, env: { KIOSKCTL_CONTEXT: 'branch' }, file: FILE },
      'ci',
      'sandbox',
      2001,
    ],
    [
      'by variable before the current one',
      { env: { KIOSKCTL_CONTEXT: 'ci' }, file: { ...FILE, currentContext: 'branch' } },
      'ci',
      'sandbox',
      2001,
    ],
    ['the current one', { file: { ...FILE, currentContext: 'branch' } }, 'branch', 'production', 3001],
    [
      'the current one, with a token',
      { file: { ...FILE, currentContext: 'ci' }, env: { KIOSKCTL_TOKEN: 't' } },
      'ci',
      'sandbox',
      2001,
    ],
    ['local, when contexts are there but none is current', { file: FILE }, 'local', 'local', 1001],
    [
      'its namesake, by environment',
      { flags: { environment: 'sandbox' }, file: FILE },
      'sandbox',
      'sandbox',
      2002,
    ],
    [
      'its namesake, not the current one of another environment',
      { flags: { environment: 'sandbox' }, file: { ...FILE, currentContext: 'branch' } },
      'sandbox',
      'sandbox',
      2002,
    ],
    [
      'its namesake, not the current one of the same environment',
      { env: { KIOSKCTL_ENVIRONMENT: 'sandbox' }, file: { ...FILE, currentContext: 'ci' } },
      'sandbox',
      'sandbox',
      2002,
    ],
    [
      'with an environment that agrees',
      { flags: { context: 'ci', environment: 'sandbox' }, file: FILE },
      'ci',
      'sandbox',
      2001,
    ],
    [
      'a production one, by the host',
      { env: { KIOSKCTL_BASE_URL: 'https://api.wise.com' }, file: FILE },
      'production',
      'production',
      3002,
    ],
  ])('the context is chosen by precedence: %s', (_, given, contextName, environment, profileId) => {
    expect(read(given)).toMatchObject({ contextName, environment, profileId });
  });

  test('a context that is named like another environment does not apply to it', () => {
    const file = {
      version: 1,
      contexts: { sandbox: { environment: 'production', profileId: 3001, kiosks: ['LON00001'] } },
    };
    expect(read({ flags: { environment: 'sandbox' }, file })).toMatchObject({
      environment: 'sandbox',
      profileId: null,
      kiosks: [],
    });
  });

  test.each<[string, Given]>([
    ['one that is not there', { flags: { context: 'nowhere' }, file: FILE }],
    ['an empty one', { flags: { context: '' }, file: FILE }],
    ['an empty variable', { env: { KIOSKCTL_CONTEXT: '' } }],
    ['one that every object has', { flags: { context: 'constructor' }, file: FILE }],
    ['a current one that is not there', { file: { ...FILE, currentContext: 'nowhere' } }],
    [
      'one that contradicts the environment',
      { flags: { context: 'ci', environment: 'production' }, file: FILE },
    ],
    [
      'variables that contradict each other',
      { env: { KIOSKCTL_ENVIRONMENT: 'production', KIOSKCTL_CONTEXT: 'ci' }, file: FILE },
    ],
    ['an environment that is none', { flags: { environment: 'staging' } }],
    ['an environment in capitals', { env: { KIOSKCTL_ENVIRONMENT: 'Production' } }],
    ['an empty environment', { env: { KIOSKCTL_ENVIRONMENT: '' } }],
  ])('is a mistake: %s', (_, given) => {
    expect(failureOf(given)).toMatchObject({ code: 'usage', exitCode: 2 });
  });

  test.each<[string, Given, string]>([
    [
      'a context, over another environment',
      { flags: { context: 'local' }, env: { KIOSKCTL_ENVIRONMENT: 'sandbox' } },
      'local',
    ],
    [
      'an environment, over a context of another one',
      { flags: { environment: 'production' }, env: { KIOSKCTL_CONTEXT: 'ci' }, file: FILE },
      'production',
    ],
    [
      'an environment, with the context of a variable that is of it',
      { flags: { environment: 'production' }, env: { KIOSKCTL_CONTEXT: 'branch' }, file: FILE },
      'branch',
    ],
  ])('a flag takes precedence over variables: %s', (_, given, contextName) => {
    expect(read(given).contextName).toBe(contextName);
  });

  test('the failure for an unknown context lists the known ones', () => {
    const { hint } = failureOf({ flags: { context: 'nowhere' }, file: FILE });
    for (const name of ['ci', 'branch', 'local']) expect(hint).toContain(name);
  });
});

describe('the base URL', () => {
  test.each<[string, Given, string, string]>([
    [
      'of this machine, in local',
      { flags: { 'base-url': 'http://127.0.0.1:8787/' } },
      'local',
      'http://127.0.0.1:8787',
    ],
    [
      'elsewhere, with its environment',
      { flags: { 'base-url': 'https://proxy.example', environment: 'sandbox' } },
      'sandbox',
      'https://proxy.example',
    ],
    [
      'by variable, with its environment',
      { env: { KIOSKCTL_BASE_URL: 'https://a.example/b/', KIOSKCTL_ENVIRONMENT: 'production' } },
      'production',
      'https://a.example/b',
    ],
    [
      'of production, by variable',
      { env: { KIOSKCTL_BASE_URL: 'https://api-mtls.transferwise.com' } },
      'production',
      'https://api-mtls.transferwise.com',
    ],
    [
      'of production, by flag, in capitals',
      { flags: { 'base-url': 'https://API.WISE.COM:443/' } },
      'production',
      'https://api.wise.com',
    ],
    ['of a context', { flags: { context: 'lab' }, file: FILE }, 'sandbox', 'https://lab.example.com/wise'],
    [
      'by flag, before that of the context',
      {
        flags: { context: 'lab', 'base-url': 'http://localhost:1' },
        env: { KIOSKCTL_BASE_URL: 'https://a.example' },
        file: FILE,
      },
      'sandbox',
      'http://localhost:1',
    ],
  ])('the base URL is chosen by precedence: %s', (_, given, environment, baseUrl) => {
    expect(read(given)).toMatchObject({ environment, baseUrl });
  });

  test.each<[string, Given]>([
    ['elsewhere, without an environment', { flags: { 'base-url': 'https://proxy.example' } }],
    ['elsewhere, in local', { flags: { 'base-url': 'https://proxy.example', environment: 'local' } }],
    [
      'elsewhere, without encryption',
      { flags: { 'base-url': 'http://proxy.example', environment: 'sandbox' } },
    ],
    [
      'of production, called sandbox',
      { flags: { 'base-url': 'https://api.wise.com', environment: 'sandbox' } },
    ],
    ['of production, called local', { flags: { 'base-url': 'https://api.wise.com', context: 'local' } }],
    [
      'of production, in a context of a sandbox',
      { flags: { 'base-url': 'https://api.wise.com/v3', context: 'ci' }, file: FILE },
    ],
    [
      'of production, with the dot of DNS, called sandbox',
      { flags: { 'base-url': 'https://api.wise.com.', environment: 'sandbox' } },
    ],
    [
      'of production, over mTLS, called sandbox',
      { env: { KIOSKCTL_BASE_URL: 'https://api-mtls.transferwise.com', KIOSKCTL_ENVIRONMENT: 'sandbox' } },
    ],
  ])('is a mistake: %s', (_, given) => {
    expect(failureOf(given)).toMatchObject({
      code: expect.stringMatching(/^(usage|environment-not-chosen)$/),
      exitCode: 2,
    });
  });

  test.each([
    ['of production, in a context of a sandbox', { environment: 'sandbox', baseUrl: 'https://api.wise.com' }],
    ['of production, in a local context', { environment: 'local', baseUrl: 'https://api.wise.com' }],
    ['elsewhere, in a local context', { environment: 'local', baseUrl: 'https://proxy.example' }],
  ])('a bad base URL in the settings file is a mistake: %s', (_, context) => {
    expect(
      failureOf({ flags: { context: 'x' }, file: { version: 1, contexts: { x: context } } }),
    ).toMatchObject({ exitCode: 2 });
  });
});

describe('precedence', () => {
  test.each<[string, Given, number | null, boolean]>([
    [
      'a flag',
      { flags: { 'profile-id': '11', context: 'ci' }, env: { KIOSKCTL_PROFILE_ID: '12' }, file: FILE },
      11,
      true,
    ],
    ['a variable', { flags: { context: 'ci' }, env: { KIOSKCTL_PROFILE_ID: '12' }, file: FILE }, 12, false],
    ['the context', { flags: { context: 'ci' }, file: FILE }, 2001, false],
    ['the default of local', { flags: { environment: 'local' } }, 1001, false],
    ['none', { flags: { environment: 'sandbox' } }, null, false],
  ])('the profile is found in its order of precedence: %s', (_, given, profileId, profileIsExplicit) => {
    expect(read(given)).toMatchObject({ profileId, profileIsExplicit });
  });

  test.each<[string, Given, string | null, string | null]>([
    [
      'a flag',
      { flags: { kiosk: 'A1', context: 'ci' }, env: { KIOSKCTL_KIOSK: 'B1' }, file: FILE },
      'A1',
      null,
    ],
    [
      'a variable, for produce only',
      { flags: { context: 'ci' }, env: { KIOSKCTL_KIOSK: 'B1' }, file: FILE },
      'B1',
      null,
    ],
    ['the only one of the context', { flags: { context: 'branch' }, file: FILE }, 'LON00001', 'LON00001'],
    ['none, of several in the context', { flags: { context: 'ci' }, file: FILE }, null, null],
    ['none', { flags: { environment: 'sandbox' } }, null, null],
  ])('the destination of cards is found in its order of precedence: %s', (_, given, destination, usual) => {
    const { kiosk } = read(given);
    expect(kiosk).toBe(usual);
    expect(findDestination(given.flags ?? {}, given.env ?? {}) ?? kiosk).toBe(destination);
  });

  test.each<[string, Given, string | null]>([
    ['a variable', { flags: { context: 'ci' }, env: { KIOSKCTL_PROGRAM: 'P' }, file: FILE }, 'P'],
    ['the context', { flags: { context: 'ci' }, file: FILE }, 'CI_CARD'],
    ['none', {}, null],
  ])('the program is found in its order of precedence: %s', (_, given, program) => {
    expect(read(given).program).toBe(program);
  });

  test.each<[string, Given, string]>([
    [
      'a variable',
      { flags: { context: 'ci' }, env: { KIOSKCTL_API_VERSION: 'legacy' }, file: FILE },
      'legacy',
    ],
    ['the context', { flags: { context: 'ci' }, file: FILE }, '2026Q3'],
    ['the default', { flags: { environment: 'sandbox' } }, 'legacy'],
  ])('the API version is found in its order of precedence: %s', (_, given, apiVersion) => {
    expect(read(given).apiVersion).toBe(apiVersion);
  });

  test.each<[string, Given, number]>([
    ['a flag', { flags: { timeout: '90s' }, env: { KIOSKCTL_TIMEOUT: '5m' } }, 90_000],
    ['a variable', { env: { KIOSKCTL_TIMEOUT: '0' } }, 0],
    ['the default', {}, 600_000],
  ])('the timeout is found in its order of precedence: %s', (_, given, timeout) => {
    expect(read(given).timing.timeout).toBe(timeout);
  });

  test.each([
    ['local', 3_000],
    ['sandbox', 30_000],
    ['production', 120_000],
  ])('the settle window in %s is %i ms, unless it is set', (environment, settleWindow) => {
    expect(read({ flags: { environment } }).timing.settleWindow).toBe(settleWindow);
    expect(read({ flags: { environment }, env: { KIOSKCTL_SETTLE: '7m' } }).timing.settleWindow).toBe(
      420_000,
    );
  });

  test.each([
    ['local', undefined, 3_000],
    ['sandbox', undefined, 120_000],
    ['sandbox', '7s', 7_000],
    ['production', undefined, 300_000],
    ['production', '2m', 300_000],
    ['production', '7m', 420_000],
  ])(
    'the window of a killed sender in %s, with KIOSKCTL_SETTLE=%s, is %i ms',
    (environment, settle, window) => {
      const env = settle === undefined ? {} : { KIOSKCTL_SETTLE: settle };
      expect(read({ flags: { environment }, env }).timing.killedWindow).toBe(window);
    },
  );

  test.each(['local', 'sandbox'])('the settle window may be short in %s', (environment) => {
    expect(read({ flags: { environment }, env: { KIOSKCTL_SETTLE: '0' } }).timing.settleWindow).toBe(0);
  });

  test('the settle window in production must not be shorter than its default', () => {
    const given: Given = { flags: { environment: 'production' }, env: { KIOSKCTL_SETTLE: '119s' } };
    expect(() => read(given)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('KIOSKCTL_SETTLE') }),
    );
  });
});

describe('pauses', () => {
  test.each(['local', 'sandbox', 'production'])(
    'pauses in %s are never longer than --interval',
    (environment) => {
      for (const interval of ['10ms', '1s', '5m']) {
        const { timing } = read({ flags: { environment, interval } });
        expect(timing.interval).toBe(
          Number.parseInt(interval, 10) * { ms: 1, s: 1_000, m: 60_000 }[interval.replace(/\d+/, '') as 's'],
        );
        expect(timing.firstPause).toBeLessThanOrEqual(timing.interval);
      }
    },
  );

  test('pauses are never zero, which would cause a storm of requests', () => {
    const { firstPause, interval } = read({ flags: { interval: '0' } }).timing;
    expect([firstPause > 0, interval > 0]).toEqual([true, true]);
  });
});

describe('a value that cannot be read is a mistake', () => {
  test.each<[string, Given]>([
    ['profile 0', { flags: { 'profile-id': '0' } }],
    ['a profile of letters', { flags: { 'profile-id': 'abc' } }],
    ['an empty profile', { flags: { 'profile-id': '' } }],
    ['an empty profile variable', { flags: { environment: 'sandbox' }, env: { KIOSKCTL_PROFILE_ID: '' } }],
    ['a timeout without a unit', { flags: { timeout: '90' } }],
    ['an empty timeout', { env: { KIOSKCTL_TIMEOUT: '' } }],
    ['a settle window', { env: { KIOSKCTL_SETTLE: 'long' } }],
    ['an interval', { flags: { interval: '-1s' } }],
    ['an API version', { env: { KIOSKCTL_API_VERSION: 'v3' } }],
    ['a quarter that does not exist', { env: { KIOSKCTL_API_VERSION: '2026Q5' } }],
    ['an API version with a path in it', { env: { KIOSKCTL_API_VERSION: '2026Q4/../v1' } }],
    ['a speed', { env: { KIOSKCTL_SANDBOX_SPEED: 'fast' } }],
    ['no speed', { env: { KIOSKCTL_SANDBOX_SPEED: '0' } }],
  ])('an unreadable setting is a mistake: %s', (_, given) => {
    expect(failureOf(given).exitCode).toBe(2);
  });

  // CI makes an empty variable of one that is missing: it must not be taken for the name of a kiosk, and sent.
  test.each<[string, Given]>([
    ['variable', { env: { KIOSKCTL_KIOSK: '' } }],
    ['flag', { flags: { kiosk: '' } }],
  ])('an empty %s is no kiosk, but a mistake', (_, given) => {
    expect(() => findDestination(given.flags ?? {}, given.env ?? {})).toThrow(
      expect.objectContaining({ code: 'usage', exitCode: 2 }),
    );
  });

  test.each(['two words', 'A\u001b[2J', 'A\nB'])(
    'a kiosk id is one printable word, which %j is not',
    (text) => {
      const usage = expect.objectContaining({ code: 'usage', exitCode: 2 });
      expect(() => findDestination({ kiosk: text }, {})).toThrow(usage);
      expect(() => findDestination({}, { KIOSKCTL_KIOSK: text })).toThrow(usage);
    },
  );

  test.each(['Infinity', 'NaN', '-1', '', ' ', '1e9', '0'])('%j is no speed of the sandbox', (text) => {
    expect(() => toSpeed(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('the settings file', () => {
  test.each<[string, unknown]>([
    ['not JSON', '{"version": 1,'],
    ['empty', ''],
    ['a list', '[]'],
    ['of a later version', { version: 3, contexts: {} }],
    ['with an environment that is none', { version: 1, contexts: { x: { environment: 'staging' } } }],
    ['with a context without an environment', { version: 1, contexts: { x: { profileId: 1 } } }],
    [
      'with a profile that is text',
      { version: 1, contexts: { x: { environment: 'sandbox', profileId: '1' } } },
    ],
  ])('a settings file that cannot be used is named, and stays unchanged: %s', (_, file) => {
    const failure = failureOf({ file });
    expect(failure).toMatchObject({ code: 'settings-unusable', exitCode: 2 });
    expect(failure.message).toMatch(/config\.json/);
  });

  test('a folder in place of the settings file is a failure', () => {
    const home = makeFolder();
    mkdirSync(join(home, 'config.json'));
    expect(() => readSettings({}, { KIOSKCTL_HOME: home })).toThrow(
      expect.objectContaining({ code: 'settings-unusable' }),
    );
  });

  test('a missing settings file counts as empty', () => {
    expect(readSettings({}, { KIOSKCTL_HOME: join(makeFolder(), 'not', 'yet') }).environment).toBe('local');
  });

  test('a settings file may have fields that this version does not know', () => {
    const home = makeHome({
      version: 1,
      later: true,
      contexts: { ci: { environment: 'sandbox', later: {} } },
    });
    expect(readSettings({ context: 'ci' }, { KIOSKCTL_HOME: home }).environment).toBe('sandbox');
  });
});

describe('files', () => {
  test('all files are in KIOSKCTL_HOME', () => {
    const home = makeFolder();
    const { settings, journal, sandboxState } = readSettings({}, { KIOSKCTL_HOME: home }).paths;
    for (const path of [settings, journal, sandboxState]) expect(path.startsWith(`${home}/`)).toBe(true);
    expect(new Set([settings, journal, sandboxState]).size).toBe(3);
  });

  test('a relative KIOSKCTL_HOME is refused: each working folder would have its own journal', () => {
    expect(() => readSettings({}, { KIOSKCTL_HOME: 'relative-home' })).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining('relative-home') }),
    );
  });

  test('a settings file with another name is not read', () => {
    const home = makeFolder();
    writeFileSync(join(home, 'config.yaml'), 'nonsense');
    expect(readSettings({}, { KIOSKCTL_HOME: home }).contextName).toBe('local');
  });
});
