import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addContext,
  setValue,
  useContext,
  withoutContext,
  withoutField,
} from '../../../src/cli/settings/edit-contexts.ts';
import { readSettingsFile, type SettingsFile } from '../../../src/cli/settings/settings-file.ts';
import { changeSettings, mendSettings } from '../../../src/cli/settings/write-settings.ts';
import { makeFolder, makeHome } from '../../harness/command-line.ts';

const OTHER_PROCESS = join(import.meta.dirname, '../../harness/other-process.ts');

const addLab = (file: SettingsFile) => addContext(file, 'lab', { environment: 'sandbox', isCurrent: false });

/** A home with these settings. @returns the settings file */
function settingsFile(content?: unknown): string {
  return join(makeHome(content), 'config.json');
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

test.each([
  ['kiosks', ['A1', 'A 1']],
  ['kiosk', 'A 1'],
])(
  'A settings file whose %s holds two words cannot be used, and the message names the setting.',
  (key, value) => {
    const file = settingsFile({ version: 2, contexts: { ci: { environment: 'sandbox', [key]: value } } });
    expect(() => readSettingsFile(file)).toThrow(new RegExp(`contexts\\.ci\\.${key}.*not a kiosk id`));
  },
);

test('eight processes that set 50 keys each lose none of them', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `c${index}`);
  const contexts = Object.fromEntries(names.map((name) => [name, { environment: 'sandbox' }]));
  const file = settingsFile({ version: 1, contexts });
  const runbook = join(dirname(file), 'runbook.yaml');
  writeFileSync(runbook, '');
  const values = {
    baseUrl: 'https://gateway.example',
    apiVersion: '2026Q4',
    profileId: '4711',
    kiosks: 'A1',
    program: 'P',
    clientKey: 'key',
    credentialCommand: 'vault-token',
    runbook,
  };
  const setters = Object.entries(values).map(([key, value]) =>
    spawn(process.execPath, [OTHER_PROCESS, 'settings', file, key, value], { stdio: 'ignore' }),
  );
  const codes = await Promise.all(setters.map(async (child) => (await once(child, 'close'))[0]));
  expect(codes).toEqual(Array(8).fill(0));
  const whole = {
    ...values,
    environment: 'sandbox',
    profileId: 4711,
    kiosks: ['A1'],
    credentialCommand: ['vault-token'],
  };
  expect(read(file)).toEqual({
    version: 2,
    contexts: Object.fromEntries(names.map((name) => [name, whole])),
  });
  expect(readdirSync(dirname(file)).filter((name) => name.startsWith('config.json'))).toEqual([
    'config.json',
  ]);
});

describe('writing', () => {
  test('writing settings makes the folder 0700 and the file 0600', async () => {
    const folder = join(makeFolder(), 'not', 'yet');
    const file = join(folder, 'config.json');
    expect(await changeSettings(file, addLab)).toMatchObject({ changed: true });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  });

  test('writing settings makes a file private that others could read', async () => {
    const file = settingsFile({ version: 2, contexts: {} });
    chmodSync(file, 0o644);
    await changeSettings(file, addLab);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('an unchanged settings file is not written', async () => {
    const file = settingsFile({ version: 1, contexts: {}, currentContext: 'local' });
    expect(await changeSettings(file, (settings) => useContext(settings, 'local'))).toMatchObject({
      changed: false,
    });
    expect(read(file)).toMatchObject({ version: 1 });
  });

  test('a refused change leaves the settings file unchanged', async () => {
    const file = settingsFile({ version: 1, contexts: {} });
    await expect(changeSettings(file, (settings) => useContext(settings, 'nowhere'))).rejects.toMatchObject({
      code: 'usage',
    });
    expect(read(file)).toEqual({ version: 1, contexts: {} });
  });

  test('writing settings through a link changes its target', async () => {
    const [file, elsewhere] = [join(makeFolder(), 'config.json'), settingsFile({ version: 2, contexts: {} })];
    symlinkSync(elsewhere, file);
    await changeSettings(file, addLab);
    expect(read(elsewhere)).toMatchObject({ contexts: { lab: { environment: 'sandbox' } } });
  });

  test('a change converts settings of an older version completely', async () => {
    const old = { version: 1, note: 'mine', contexts: { ci: { environment: 'sandbox', kiosks: ['A1'] } } };
    const file = settingsFile(old);
    expect(readSettingsFile(file)).toMatchObject({ version: 2, contexts: { ci: { kiosks: ['A1'] } } });
    expect(read(file)).toEqual(old);
    await changeSettings(file, (settings) => setValue(settings, 'ci', { key: 'kiosk', value: 'A1' }));
    const ci = { environment: 'sandbox', kiosks: ['A1'], kiosk: 'A1' };
    expect(read(file)).toEqual({ ...old, version: 2, contexts: { ci } });
  });

  test.each([3, 99])('settings of the newer version %i are refused and stay unchanged', async (version) => {
    const newer = { version, contexts: { ci: { environment: 'sandbox', later: true } } };
    const file = settingsFile(newer);
    await expect(changeSettings(file, addLab)).rejects.toMatchObject({
      code: 'settings-unusable',
      exitCode: 2,
      message: expect.stringContaining('newer version'),
    });
    expect(read(file)).toEqual(newer);
  });

  test('a folder in place of the settings file is refused', async () => {
    const file = join(makeFolder(), 'config.json');
    mkdirSync(file);
    await expect(changeSettings(file, addLab)).rejects.toMatchObject({ code: 'settings-unusable' });
  });

  test('a settings file that cannot be written is a failure with advice', async () => {
    const file = join('/proc', 'nowhere', 'config.json');
    await expect(changeSettings(file, addLab)).rejects.toMatchObject({
      code: 'settings-unusable',
      exitCode: 2,
      message: expect.stringContaining(file),
      hint: expect.stringContaining('KIOSKCTL_HOME'),
    });
  });
});

describe('a damaged file', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['not JSON', '{"version": 2, "contexts": {"ci": ', /not JSON/],
    ['contexts that are none', '{"version": 2, "contexts": "ci"}', /contexts/],
    ['no version', '{"contexts": {"ci": {"environment": "sandbox"}}}', /version/],
    ['empty', '', /not JSON/],
    ['UTF-16', Buffer.from('\uFEFF{"version": 2, "contexts": {}}', 'utf16le'), /UTF-16/],
  ])('a damaged settings file is never changed: %s', async (_, content, message) => {
    const file = settingsFile('');
    writeFileSync(file, content);
    await expect(changeSettings(file, addLab)).rejects.toMatchObject({
      code: 'settings-unusable',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/Correct it/),
    });
    expect(readFileSync(file)).toEqual(Buffer.from(content));
    expect(readdirSync(dirname(file)).toSorted()).toEqual(['config.json', 'config.lock']);
  });

  test('a byte order mark is no damage: a change keeps all contexts', async () => {
    const file = settingsFile('\uFEFF{"version": 2,\r\n"contexts": {"ci": {"environment": "sandbox"}}}\r\n');
    const { after } = await changeSettings(file, addLab);
    expect(Object.keys(after.contexts)).toEqual(['ci', 'lab']);
    expect(readSettingsFile(file)).toEqual(after);
  });
});

describe('a bad field in a context', () => {
  const good = { environment: 'sandbox', kiosks: ['A1'] };
  const broken = (more: object) => ({
    version: 2,
    note: 'mine',
    currentContext: 'ci',
    contexts: { good, ci: { environment: 'sandbox', note: 'mine', ...more } },
  });

  test.each<[object, RegExp, RegExp]>([
    [{ profileId: 'x' }, /contexts\.ci\.profileId/, /context unset profileId --context ci/],
    [{ kiosks: ['A1', 7] }, /contexts\.ci\.kiosks/, /context unset kiosks --context ci/],
    [{ environment: 'staging' }, /contexts\.ci\.environment/, /context remove ci/],
  ])('the bad field %j makes a change fail, and no context is lost', async (more, message, hint) => {
    const file = settingsFile(broken(more));
    await expect(changeSettings(file, addLab)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(read(file)).toEqual(broken(more));
  });

  test('a bad field is removed alone, and other bad fields stay', async () => {
    const file = settingsFile(broken({ profileId: 'x', program: 7 }));
    const first = await mendSettings(file, (raw) => withoutField(raw, 'ci', 'profileId'));
    expect(first).toMatchObject({ changed: true, after: { contexts: { good } } });
    expect(read(file)).toEqual(broken({ program: 7 }));
    await mendSettings(file, (raw) => withoutField(raw, 'ci', 'program'));
    expect(readSettingsFile(file).contexts).toMatchObject({ good, ci: { environment: 'sandbox' } });
  });

  test('a bad field is removed with its context', async () => {
    const file = settingsFile(broken({ environment: 'staging' }));
    await mendSettings(file, (raw) => withoutContext(raw, 'ci'));
    expect(read(file)).toEqual({ version: 2, note: 'mine', contexts: { good } });
  });

  test('a bad field stays when another setting is removed', async () => {
    const file = settingsFile(broken({ profileId: 'x' }));
    for (const name of ['good', 'nowhere']) {
      await expect(mendSettings(file, (raw) => withoutField(raw, name, 'kiosks'))).rejects.toMatchObject({
        code: 'settings-unusable',
        message: expect.stringContaining('contexts.ci.profileId'),
      });
    }
    expect(read(file)).toEqual(broken({ profileId: 'x' }));
  });
});
