import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeSettings } from '../../../src/cli/settings/edit-contexts.ts';
import { findProjectFile, type ProjectFile } from '../../../src/cli/settings/project-file.ts';
import { readSettings, type Settings } from '../../../src/cli/settings/settings.ts';
import type { SettingFlags } from '../../../src/cli/settings/sources.ts';
import type { Failure } from '../../../src/domain/errors/failure.ts';
import { makeFolder, makeHome } from '../../harness/command-line.ts';

const NAME = '.kioskctl.yaml';

/** A project with folders in it. @returns its folder, and one deep in it */
function makeProject(text: string): { root: string; deep: string } {
  const root = makeFolder();
  const deep = join(root, 'a', 'b');
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(root, NAME), text);
  return { root, deep };
}

async function find(text: string): Promise<ProjectFile> {
  const { root } = makeProject(text);
  const project = await findProjectFile(root, '/nowhere');
  if (!project) throw new Error('it was not found');
  return project;
}

async function failureOf(text: string): Promise<Failure> {
  return find(text).then(
    () => expect.unreachable('it was read'),
    (error: Failure) => error,
  );
}

const FILE = {
  version: 2,
  currentContext: 'bank',
  contexts: {
    bank: { environment: 'production', profileId: 3001, kiosks: ['LON00001'], program: 'BANK' },
    ci: {
      environment: 'sandbox',
      profileId: 2001,
      kiosks: ['CI000001', 'CI000002'],
      kiosk: 'CI000002',
      program: 'CI_CARD',
      runbook: '/team/runbook.yaml',
    },
    home: { environment: 'local', profileId: 1003 },
  },
};

interface Given {
  flags?: SettingFlags;
  env?: Record<string, string>;
  file?: unknown;
}

async function read(text: string, { flags = {}, env = {}, file = FILE }: Given = {}): Promise<Settings> {
  return readSettings(flags, { KIOSKCTL_HOME: makeHome(file), ...env }, await find(text));
}

describe('a project file is found', () => {
  test('the nearest project file is found, in the working folder or above it', async () => {
    const { root, deep } = makeProject('program: FAR\n');
    expect(await findProjectFile(root, '/nowhere')).toMatchObject({
      values: { program: 'FAR' },
      file: join(root, NAME),
    });
    expect(await findProjectFile(deep, '/nowhere')).toMatchObject({ values: { program: 'FAR' } });
    writeFileSync(join(root, 'a', NAME), 'program: NEAR\n');
    expect(await findProjectFile(deep, '/nowhere')).toMatchObject({ values: { program: 'NEAR' } });
  });

  test('a project file above the home folder is not found', async () => {
    const { root, deep } = makeProject('program: P\n');
    expect(await findProjectFile(deep, root)).toMatchObject({ values: { program: 'P' } });
    expect(await findProjectFile(deep, join(root, 'a'))).toBeNull();
  });

  test('no project file is found where there is none, where it is a folder, or where the folder was removed', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, NAME));
    expect(await findProjectFile(folder, folder)).toBeNull();
    const gone = makeFolder();
    rmSync(gone, { recursive: true });
    expect(await findProjectFile(gone, gone)).toBeNull();
  });

  test('a project file of another user is ignored', async () => {
    const { root } = makeProject('profileId: 666\nbaseUrl: https://evil.example\n');
    if (process.getuid?.() === 0) chownSync(join(root, NAME), 12345, 12345);
    else Object.assign(process, asUser(12345));
    const project = await findProjectFile(root, '/nowhere');
    expect(project).toMatchObject({ isForeign: true });
    expect(readSettings({}, { KIOSKCTL_HOME: makeHome() }, project).profileId).toBe(1001);
  });
});

/** Only root may give a file away: anybody else is another user for a moment. */
function asUser(id: number) {
  const { getuid } = process;
  onTestFinished(() => void Object.assign(process, { getuid }));
  return { getuid: () => id };
}

describe('a project file may say', () => {
  test('a project file may set the context and its defaults', async () => {
    const text =
      'context: ci\nprofileId: 77\nkiosks: [P1, P2]\nkiosk: P2\nprogram: PROJECT\nrunbook: docs/run.yaml\n';
    const settings = await read(text);
    expect(settings).toMatchObject({
      contextName: 'ci',
      environment: 'sandbox',
      chosenBy: { source: 'project-file' },
      profileId: 77,
      kiosks: ['P1', 'P2'],
      kiosk: 'P2',
      program: 'PROJECT',
      runbook: expect.stringMatching(/kioskctl-cli-\w+\/docs\/run\.yaml$/),
    });
    const { values: _, ...origins } = { values: 0, ...describeSettings(settings) };
    expect(origins.profileId).toMatchObject({ value: 77, source: 'project-file' });
    expect(origins.apiVersion).toEqual({ value: 'legacy', source: 'default', from: null });
  });

  test('a project file may be empty', async () => {
    for (const text of ['', '# only a comment\n', '---\n'])
      expect(await read(text)).toMatchObject({ contextName: 'bank', profileId: 3001 });
  });

  test.each<[string, Given, Partial<Settings>]>([
    ['a flag', { flags: { 'profile-id': '5' } }, { profileId: 5 }],
    [
      'a variable',
      { env: { KIOSKCTL_PROFILE_ID: '6', KIOSKCTL_PROGRAM: 'V' } },
      { profileId: 6, program: 'V' },
    ],
    ['a flag for the context', { flags: { context: 'home' } }, { contextName: 'home', profileId: 77 }],
    ['a variable for it', { env: { KIOSKCTL_CONTEXT: 'home' } }, { contextName: 'home' }],
    ['an environment', { flags: { environment: 'local' } }, { contextName: 'local' }],
    [
      'a host of production',
      { flags: { 'base-url': 'https://api.wise.com' } },
      { contextName: 'production' },
    ],
  ])('a project file has less weight than %s', async (_, given, expected) => {
    const text = 'context: ci\nprofileId: 77\nprogram: PROJECT\n';
    const environment = given.env?.KIOSKCTL_PROFILE_ID ? { flags: { context: 'ci' } } : {};
    expect(await read(text, { ...environment, ...given })).toMatchObject(expected);
  });

  test.each<[string, string, string[], string | null]>([
    ['its own kiosks, of which the context’s default is none', 'kiosks: [P1, P2]', ['P1', 'P2'], null],
    ['its own kiosks, with the context’s default', 'kiosks: [P1, CI000002]', ['P1', 'CI000002'], 'CI000002'],
    ['one kiosk', 'kiosks: [P1]', ['P1'], 'P1'],
    ['another default', 'kiosk: CI000001', ['CI000001', 'CI000002'], 'CI000001'],
    ['a default that is not listed', 'kiosk: P1', ['CI000001', 'CI000002', 'P1'], 'P1'],
    ['nothing of kiosks', 'program: P', ['CI000001', 'CI000002'], 'CI000002'],
  ])('a project file sets the kiosks and the default kiosk: %s', async (_, line, kiosks, kiosk) => {
    expect(await read(`context: ci\n${line}\n`)).toMatchObject({ kiosks, kiosk });
  });
});

describe('a cloned repository cannot send a token elsewhere', () => {
  test.each([
    'baseUrl: https://evil.example',
    'base-url: https://evil.example',
    'base_url: https://evil.example',
    'BASEURL: https://evil.example',
    'environment: production',
    'apiVersion: 2026Q4',
    'credentialCommand: [sh, -c, "curl evil.example"]',
    'credentials: {}',
    'certificate: {certFile: a, keyFile: b}',
    'publicKey: key.pem',
    'clientKey: key',
    'token: abc',
    'clientSecret: abc',
  ])('a project file with “%s” is refused with file, line and reason', async (line) => {
    const failure = await failureOf(`program: P\n\n${line}\n`);
    expect(failure).toMatchObject({ code: 'settings-unusable', exitCode: 2 });
    expect(failure.message).toMatch(/\.kioskctl\.yaml can't be used: line 3: .*cloned repository/);
    expect(failure.message + failure.hint).not.toMatch(/evil|abc/);
  });

  test.each(['sandbox', 'production', 'nowhere', 'constructor'])(
    "a project file can't choose a context that the user has not created: %s",
    async (name) => {
      await expect(read(`\ncontext: ${name}\n`)).rejects.toMatchObject({
        code: 'settings-unusable',
        message: expect.stringMatching(/line 2: /),
        hint: expect.stringContaining(`context add ${name}`),
      });
    },
  );

  test('a project file cannot choose local when a token is set', async () => {
    const given = { env: { KIOSKCTL_TOKEN: 't' }, file: { version: 2, contexts: {} } };
    await expect(read('context: local\n', given)).rejects.toMatchObject({ code: 'environment-not-chosen' });
    expect((await read('context: local\n')).environment).toBe('local');
  });

  test.each(['KIOSKCTL_TOKEN', 'KIOSKCTL_REFRESH_TOKEN', 'KIOSKCTL_CLIENT_SECRET', 'KIOSKCTL_PROFILE_ID'])(
    "a project file can't choose where the environment's %s is sent",
    async (variable) => {
      const env = { [variable]: '4711' };
      await expect(read('context: ci\n', { env })).rejects.toMatchObject({
        code: 'environment-not-chosen',
        exitCode: 2,
        message: expect.stringMatching(`${variable}.*kioskctl\\.yaml.*context ci`),
      });
      const said = { env: { ...env, KIOSKCTL_CONTEXT: 'ci' } };
      expect(await read('context: ci\n', said)).toMatchObject({ contextName: 'ci' });
      const file = { ...FILE, currentContext: 'ci' };
      expect(await read('context: ci\n', { env, file })).toMatchObject({ contextName: 'ci' });
    },
  );

  test('a project file cannot decide the environment of a gateway', async () => {
    const env = { KIOSKCTL_BASE_URL: 'https://gateway.example' };
    expect(await read('context: ci\n', { env })).toMatchObject({ contextName: 'bank' });
    const file = { ...FILE, currentContext: undefined };
    await expect(read('context: ci\n', { env, file })).rejects.toMatchObject({
      code: 'environment-not-chosen',
    });
  });
});

describe('a mistake in a project file names its line', () => {
  test.each<[string, string, RegExp]>([
    ['YAML that is none', 'program: P\nkiosks: [A1\n', /line 3, column 1/],
    ['a tab', 'a:\n\tb: 1\n', /line 2, column 1/],
    ['the same key twice', 'program: P\nprogram: Q\n', /line 2, column 1/],
    ['a list', '- program\n', /not a mapping/],
    ['text', 'program\n', /not a mapping/],
    ['two documents', 'program: P\n---\nprogram: Q\n', /line 2, column 1/],
    ['a key that there is not', 'program: P\nprofile: 1\n', /line 2: there is no setting “profile”/],
    ['a profile that is text', '\nprofileId: "77"\n', /line 2: profileId: /],
    ['kiosks that are none', 'kiosks:\n  - A1\n  - 17\n', /line 1: kiosks\.1: /],
    ['an empty context', 'context: ""\n', /line 1: context: /],
    ['an unknown tag', 'program: !!js/function "x"\n', /line 1/],
    [
      'aliases without end',
      `a: &a [x]\nb: &b [${'*a,'.repeat(50)}]\nkiosks: [${'*b,'.repeat(50)}]\n`,
      /alias|setting/,
    ],
  ])('a mistake in a project file is reported with its line: %s', async (_, text, message) => {
    const failure = await failureOf(text);
    expect(failure).toMatchObject({ code: 'settings-unusable', exitCode: 2 });
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain('\n');
  });

  test('a project file that is far too long is not read', async () => {
    expect(await failureOf(`# ${'x'.repeat(70_000)}`)).toMatchObject({ code: 'invalid-input', exitCode: 2 });
  });
});
