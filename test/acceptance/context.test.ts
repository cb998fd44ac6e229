// Contexts from the command line: what scripts read, what a project file chooses, what production still asks.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectError, User } from '../harness/program.ts';

let user: User;
beforeEach(() => void (user = new User()));
afterEach(() => user.leave());

const ADD = 'context add ci --environment sandbox --profile-id 2001 --kiosks CI1,CI2 --json';

test('a context is added, used, changed and removed, and commands use it', async () => {
  const added = await user.run(ADD);
  const settings = { environment: 'sandbox', profileId: 2001, kiosks: ['CI1', 'CI2'] };
  expect(added.json).toMatchObject({
    exitCode: 0,
    context: 'ci',
    environment: 'sandbox',
    name: 'ci',
    settings,
    changed: true,
    current: { name: 'local', environment: 'local', source: 'default' },
  });
  expectError(await user.run(ADD), { code: 2, error: 'usage', message: /already/, hint: /context set/ });
  expect((await user.run('context use ci --json')).json).toMatchObject({
    changed: true,
    current: { name: 'ci', source: 'settings-file' },
  });
  expect((await user.run('context use ci --json')).json).toMatchObject({ exitCode: 0, changed: false });
  expect((await user.run('context set kiosk CI2')).stdout).toContain('kiosk of context ci is set');
  const shown = await user.run('context show --json', { env: { KIOSKCTL_PROFILE_ID: '77' } });
  expect(shown.json).toMatchObject({
    context: 'ci',
    values: {
      profileId: { value: 77, source: 'variable', from: 'KIOSKCTL_PROFILE_ID' },
      kiosk: { value: 'CI2', source: 'context', from: 'ci' },
      apiVersion: { value: 'legacy', source: 'default', from: null },
    },
  });
  expect((await user.run('context list')).stdout).toMatch(/^\*\s+ci\s+sandbox\s+2001\s+CI1 CI2/m);
  const removed = await user.run('context remove ci');
  expect(removed.stdout).toContain('Commands use context local (local).');
  expect(JSON.parse(readFileSync(join(user.home, 'config.json'), 'utf8'))).toEqual({
    version: 2,
    contexts: {},
  });
});

describe('a secret', () => {
  test('a secret is never a setting, and is not shown', async () => {
    await user.run(ADD);
    for (const words of [
      ['token', 'canary-4711-secret'],
      ['credentialCommand', '--', 'curl', '-H', 'Authorization: Bearer canary-4711-secret'],
    ]) {
      const ended = await user.run(['context', 'set', '--context', 'ci', '--json', ...words]);
      expect(ended.code).toBe(2);
      expect(ended.stdout + ended.stderr).not.toContain('canary');
    }
    expect(readFileSync(join(user.home, 'config.json'), 'utf8')).not.toContain('canary');
  });
});

test('an error names an invalid value in the settings file, and context unset removes it', async () => {
  const file = join(user.home, 'config.json');
  const content = {
    version: 2,
    contexts: { bank: { environment: 'sandbox', profileId: 'x' }, ci: { environment: 'local' } },
  };
  writeFileSync(file, JSON.stringify(content));
  expectError(await user.run('context add lab --environment local --json'), {
    code: 2,
    error: 'settings-unusable',
    hint: /context unset profileId --context bank/,
  });
  expect((await user.run('context unset profileId --context bank')).code).toBe(0);
  expect(JSON.parse(readFileSync(file, 'utf8')).contexts).toEqual({
    bank: { environment: 'sandbox' },
    ci: { environment: 'local' },
  });
});

test('a context whose profile does not have its program is not added', async () => {
  await user.run('context use local');
  const before = readFileSync(join(user.home, 'config.json'), 'utf8');
  expectError(await user.run('context add lab --environment local --program MISTYPED --use --json'), {
    code: 2,
    error: 'usage',
    hint: /VISA_.*PHYSICAL/,
  });
  expect(readFileSync(join(user.home, 'config.json'), 'utf8')).toBe(before);
});

test('every command accepts --quiet, and then prints references, nothing, or the text that is its purpose', async () => {
  const silent = ['context add lab --environment local -q', 'context show -q', 'doctor --offline --quiet'];
  for (const command of silent) {
    const { code, stdout, stderr } = await user.run(command);
    expect([code, stdout, stderr], command).toEqual([0, '', '']);
  }
  expect((await user.run('context list -q')).stdout).toMatch(/^lab$/m);
  expect((await user.run('completion bash -q')).stdout).toContain('complete');
  const { code, stdout, stderr } = await user.run('context use nowhere -q');
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('no context')]);
});

test("a command that can't prompt names the missing flag", async () => {
  expectError(await user.run('context add bank --json'), {
    code: 2,
    error: 'input-required',
    hint: /--environment/,
  });
});

async function inProject(text: string, command: string) {
  const folder = join(user.home, 'project', 'deep');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(user.home, 'project', '.kioskctl.yaml'), text);
  return user.shell(`cd '${folder}' && kioskctl ${command}`);
}

describe('a project file', () => {
  test('a project file selects a context and its defaults, and an action shows that', async () => {
    await user.run('context add demo --environment local --profile-id 1004');
    const { code, stderr, json } = await inProject('context: demo\nprofileId: 1003\n', 'order --json');
    expect(code).toBe(0);
    expect(json).toMatchObject({ context: 'demo', card: { profileId: 1003 } });
    expect(stderr).toMatch(/^Context demo, environment local, chosen by \/.*\/project\/\.kioskctl\.yaml$/m);
  });

  test('a project file selects the context of a read, which shows it as well', async () => {
    const said = /^Context demo, environment local, chosen by \/.*\.kioskctl\.yaml$/m;
    await user.run('context add demo --environment local');
    expect((await inProject('context: demo\n', 'programs --json')).stderr).toMatch(said);
    expect((await inProject('context: demo\n', 'programs --quiet')).stderr).toBe('');
  });

  test('a project file that would send a token elsewhere is an error for every command', async () => {
    const ended = await inProject('baseUrl: https://evil.example\n', 'programs --json');
    expectError(ended, {
      code: 2,
      error: 'settings-unusable',
      message: /\.kioskctl\.yaml can't be used: line 1: .*cloned repository/,
    });
  });
});
