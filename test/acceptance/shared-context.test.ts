// A context on a second machine: exported without secrets, added from the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectError, oneDocument, User } from '../harness/program.ts';

let first: User;
let second: User;
let file: string;

beforeEach(() => {
  first = new User();
  second = new User();
  file = join(second.home, 'bank.json');
});
afterEach(() => {
  first.leave();
  second.leave();
});

const ADD = [
  'context add bank --environment sandbox --profile-id 123456 --kiosks WIS00001,WIS00002 --kiosk WIS00002',
  '--api-version 2026Q4 --base-url https://gateway.bank.example/wise --client-key key-1 --credential-command',
]
  .flatMap((words) => words.split(' '))
  .concat('["node", "token.js", "{profileId}"]');

/** The settings of the only context in the file of a user. */
function settingsOf(user: User): Record<string, unknown> {
  const { contexts } = JSON.parse(readFileSync(join(user.home, 'config.json'), 'utf8')) as {
    contexts: Record<string, Record<string, unknown>>;
  };
  return contexts.bank ?? {};
}

test('a context that is exported and added on another machine has the same settings', async () => {
  await first.run(ADD);
  const { code, stdout, stderr } = await first.run('context export bank');
  expect([code, stderr]).toEqual([0, '']);
  writeFileSync(file, stdout);
  const added = await second.run(['context', 'add', 'bank', '--from', file, '--json']);
  expect(oneDocument(added)).toMatchObject({
    exitCode: 0,
    name: 'bank',
    changed: true,
    environment: 'sandbox',
  });
  expect(added.stderr).toContain(
    "Tokens come from this program, which kioskctl runs: node token.js '{profileId}'",
  );
  expect(settingsOf(second)).toEqual(settingsOf(first));
  expect(Object.keys(settingsOf(first))).toHaveLength(8);
});

test('the document of --json can be added, too, and flags override the file', async () => {
  await first.run(ADD);
  writeFileSync(file, (await first.run('context export bank --json')).stdout);
  await second.run(['context', 'add', 'bank', '--from', file, '--profile-id', '77', '--kiosk', 'WIS00001']);
  expect(settingsOf(second)).toEqual({ ...settingsOf(first), profileId: 77, kiosk: 'WIS00001' });
});

test('an export contains no paths of the machine, no unknown fields, and no secrets', async () => {
  await first.run(ADD);
  const config = join(first.home, 'config.json');
  const settings = JSON.parse(readFileSync(config, 'utf8')) as {
    contexts: { bank: Record<string, unknown> };
  };
  Object.assign(settings.contexts.bank, {
    token: 'canary-4711-secret',
    certificate: { certFile: '/a.pem', keyFile: '/canary-4711.key' },
    runbook: '/canary-4711/runbook.yaml',
    journal: '/canary-4711/journal.db',
    publicKey: '/canary-4711.pem',
    credentialCommand: ['curl', '-H', 'Authorization: Bearer canary-4711-secret'],
  });
  writeFileSync(config, JSON.stringify(settings));
  const { code, stdout, stderr } = await first.run('context export bank');
  expect(code, stderr).toBe(0);
  expect(stdout + stderr).not.toContain('canary');
  expect(stderr).toContain('Not exported: credentialCommand, certificate, runbook, journal, publicKey.');
  const { exported, omitted } = oneDocument(await first.run('context export bank --json'));
  expect(omitted).toEqual(['credentialCommand', 'certificate', 'runbook', 'journal', 'publicKey']);
  expect(Object.keys(exported.settings)).toEqual([
    'baseUrl',
    'profileId',
    'kiosks',
    'kiosk',
    'apiVersion',
    'clientKey',
  ]);
});

test.each<[content: string, error: string]>([
  ['nonsense', 'invalid-input'],
  ['{"version": 2, "name": "bank", "environment": "sandbox", "settings": {}}', 'invalid-input'],
  ['{"version": 1, "name": "bank", "environment": "sandbox", "settings": {"token": "x"}}', 'usage'],
  ['{"version": 1, "name": "bank", "environment": "sandbox", "settings": {"colour": "red"}}', 'usage'],
  [
    '{"version": 1, "name": "bank", "environment": "production", "settings": {"baseUrl": "http://evil.example"}}',
    'usage',
  ],
])('a file that is no export adds nothing: %s', async (content, error) => {
  writeFileSync(file, content);
  expectError(await second.run(['context', 'add', 'bank', '--from', file, '--json']), { code: 2, error });
  expect((await second.run('context list --quiet')).stdout).not.toContain('bank');
});

test('an export that is added keeps its environment', async () => {
  await first.run(ADD);
  writeFileSync(file, (await first.run('context export bank')).stdout);
  const add = ['context', 'add', 'bank', '--from', file, '--environment', 'production', '--json'];
  expectError(await second.run(add), {
    code: 2,
    error: 'usage',
    message: /environment sandbox, not production/,
  });
});

test('a context without settings and an unknown context cannot be exported', async () => {
  for (const name of ['local', 'nowhere'])
    expect((await first.run(['context', 'export', name, '--json'])).json).toMatchObject({ exitCode: 2 });
});
