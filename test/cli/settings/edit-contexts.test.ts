import { describe, expect, test } from 'vitest';
import {
  addContext,
  chooseEnvironment,
  removeContext,
  setValue,
  useContext,
} from '../../../src/cli/settings/edit-contexts.ts';
import type { SettingsFile } from '../../../src/cli/settings/settings-file.ts';
import { parseKioskId } from '../../../src/domain/ids.ts';

const EMPTY: SettingsFile = { version: 2, contexts: {} };
const FILE: SettingsFile = {
  version: 2,
  currentContext: 'ci',
  contexts: {
    ci: {
      environment: 'sandbox',
      profileId: 2001,
      kiosks: [parseKioskId('A1'), parseKioskId('B1')],
      kiosk: parseKioskId('A1'),
    },
    branch: { environment: 'production', kiosks: [] },
  },
};

const usage = expect.objectContaining({ code: 'usage', exitCode: 2 });

describe('adding', () => {
  test('adding a context makes it the current one only on request', () => {
    const context = { environment: 'sandbox', profileId: 5, kiosks: ['K1'] } as const;
    expect(addContext(EMPTY, 'lab', { ...context, kiosks: [parseKioskId('K1')], isCurrent: false })).toEqual({
      version: 2,
      contexts: { lab: context },
    });
    expect(addContext(FILE, 'lab', { environment: 'local', isCurrent: true })).toMatchObject({
      currentContext: 'lab',
      contexts: { ...FILE.contexts, lab: { environment: 'local' } },
    });
  });

  test.each(['ci', '', '-x', 'a b', 'a/b', '__proto__', 'x\u001b[2J', 'a'.repeat(65)])(
    'adding a context is refused for the name %j',
    (name) => {
      expect(() => addContext(FILE, name, { environment: 'sandbox', isCurrent: false })).toThrow(usage);
    },
  );

  test.each([
    ['production', 'sandbox'],
    ['local', 'production'],
    ['sandbox', 'local'],
    ['Production', 'sandbox'],
    ['Production', 'production'],
  ] as const)('a name of an implicit context is only for its environment: %s of %s', (name, environment) => {
    expect(() => addContext(EMPTY, name, { environment, isCurrent: false })).toThrow(usage);
  });

  test.each(['local', 'sandbox', 'production'] as const)('%s may have settings of its own', (name) => {
    const { contexts } = addContext(EMPTY, name, { environment: name, isCurrent: false });
    expect(contexts[name]?.environment).toBe(name);
  });

  test.each([
    ['a host of production in a sandbox', { environment: 'sandbox', baseUrl: 'https://api.wise.com' }],
    ['a host elsewhere in local', { environment: 'local', baseUrl: 'https://gateway.example' }],
    ['a default that is none of the kiosks', { environment: 'sandbox', kiosks: ['A1'], kiosk: 'B1' }],
  ] as const)('is refused for %s', (_, context) => {
    const { environment, ...values } = context;
    expect(() =>
      addContext(EMPTY, 'x', { ...JSON.parse(JSON.stringify(values)), environment, isCurrent: false }),
    ).toThrow(usage);
  });

  test('adding a context asks for the environment if neither a flag nor the name sets it', async () => {
    const ask = { choose: async () => 'production' } as unknown as Parameters<typeof chooseEnvironment>[0];
    const none = { given: undefined };
    expect(await chooseEnvironment(ask, { name: 'x', ...none })).toBe('production');
    expect(await chooseEnvironment(ask, { name: 'sandbox', ...none })).toBe('sandbox');
    expect(await chooseEnvironment(ask, { name: 'x', given: 'local' })).toBe('local');
    await expect(chooseEnvironment(ask, { name: 'x', given: 'staging' })).rejects.toEqual(usage);
    await expect(chooseEnvironment(ask, { name: 'sandbox', given: 'production' })).rejects.toEqual(usage);
  });
});

describe('using', () => {
  test.each(['branch', 'local', 'sandbox'])('using the context %s makes it the current one', (name) => {
    expect(useContext(FILE, name)).toEqual({ ...FILE, currentContext: name });
  });

  test.each(['nowhere', 'constructor', ''])('using the unknown context %j is refused', (name) => {
    expect(() => useContext(FILE, name)).toThrow(usage);
  });

  test('using a mistyped context suggests the nearest name', () => {
    expect(() => useContext(FILE, 'brunch')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('branch') }),
    );
  });
});

describe('setting', () => {
  test('setting a value leaves the other settings unchanged', () => {
    const changed = setValue(FILE, 'ci', { key: 'program', value: 'P' });
    expect(changed).toEqual({
      ...FILE,
      contexts: { ...FILE.contexts, ci: { ...FILE.contexts.ci, program: 'P' } },
    });
    expect(setValue(changed, 'ci', { key: 'program', value: undefined })).toEqual(FILE);
  });

  test('removing the kiosks of a context leaves an empty list', () => {
    const { contexts } = setValue(FILE, 'ci', { key: 'kiosk', value: undefined });
    const without = setValue({ ...FILE, contexts }, 'ci', { key: 'kiosks', value: undefined });
    expect(without.contexts.ci?.kiosks).toEqual([]);
  });

  test('setting a value keeps unknown fields', () => {
    const file: SettingsFile = {
      version: 2,
      note: 'mine',
      contexts: { x: { environment: 'sandbox', kiosks: [], owner: 'team' } },
    };
    expect(setValue(file, 'x', { key: 'profileId', value: 1 })).toMatchObject({
      note: 'mine',
      contexts: { x: { owner: 'team', profileId: 1 } },
    });
  });

  test.each([
    ['a default kiosk that is none of the kiosks', { key: 'kiosk', value: 'C1' }],
    ['kiosks without the default one', { key: 'kiosks', value: ['C1'] }],
    ['a host of production', { key: 'baseUrl', value: 'https://api.wise.com' }],
  ] as const)('is refused for %s', (_, { key, value }) => {
    const words = typeof value === 'string' ? value : [...value];
    expect(() => setValue(FILE, 'ci', { key, value: words })).toThrow(usage);
  });

  test('setting a value of an implicit context is refused with advice', () => {
    expect(() => setValue(FILE, 'sandbox', { key: 'profileId', value: 1 })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('context add sandbox') }),
    );
    expect(() => setValue(FILE, 'nowhere', { key: 'profileId', value: 1 })).toThrow(usage);
  });
});

describe('removing', () => {
  test('removing the current context leaves none', () => {
    expect(removeContext(FILE, 'ci')).toEqual({ version: 2, contexts: { branch: FILE.contexts.branch } });
    expect(removeContext(FILE, 'branch')).toEqual({ ...FILE, contexts: { ci: FILE.contexts.ci } });
  });

  test.each(['sandbox', 'nowhere'])('removing %s, which has no settings, is refused', (name) => {
    expect(() => removeContext(FILE, name)).toThrow(usage);
  });
});
