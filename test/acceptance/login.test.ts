// Logging in, as a user does: secrets by standard input, the vendor's page by a browser, renewals by several commands.
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder } from '../harness/command-line.ts';
import { type Ended, ended, expectError, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

const CLIENT_SECRET = 'client-secret-never-to-be-seen-4711';
const REFRESH = 'refresh-token-never-to-be-seen-4711';

const user = new User();
let sandbox: ServedSandbox;

beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
  await control('PUT', 'token-policy', { policy: 'listed' });
  await control('PUT', `tokens/${REFRESH}`, { state: 'good' });
  Object.assign(user.env, {
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_BASE_URL: sandbox.url,
    KIOSKCTL_PROFILE_ID: '1001',
  });
});

afterAll(async () => {
  await sandbox.close();
  user.leave();
});

async function control(method: string, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, { method, body: JSON.stringify(body) });
  expect(answer.ok, await answer.text()).toBe(true);
}

const file = () => join(user.home, 'credentials.json');
const grants = async () => (await sandbox.requests('/oauth/token')).length;

function expectNoSecrets(...all: Ended[]): void {
  for (const { stdout, stderr } of all) {
    expect(stdout + stderr).not.toContain('4711');
    const [, stored = ''] = /accessToken\\":\\"([^\\]+)/.exec(readFileSync(file(), 'utf8')) ?? [];
    if (stored !== '') expect(stdout + stderr).not.toContain(stored);
  }
}

test('a refresh token is not used if its successor could not be stored', async () => {
  const home = makeFolder();
  mkdirSync(join(home, 'credentials.json'));
  const before = await grants();
  const env = {
    KIOSKCTL_HOME: home,
    KIOSKCTL_CLIENT_ID: 'my-bank',
    KIOSKCTL_CLIENT_SECRET: CLIENT_SECRET,
  };
  const refused = await user.run('login --with-refresh-token --plain-file --json', { input: REFRESH, env });
  expectError(refused, { code: 3, error: 'credentials-unusable', message: /credentials\.json/ });
  expect(await grants()).toBe(before);
});

describe('a user logs in', () => {
  test('a user logs in with a secret on standard input, and commands work', async () => {
    const asApplication = await user.run('login --with-client --client-id my-bank --plain-file', {
      input: `${CLIENT_SECRET}\n`,
    });
    expect(asApplication.code).toBe(0);
    expect(asApplication.stdout).toContain(`in plain text in the file ${file()}`);
    const asUser = await user.run('login --with-refresh-token --plain-file --json', { input: REFRESH });
    expect(asUser.json).toMatchObject({
      exitCode: 0,
      login: { way: 'refresh-token', profileId: 1001, isPlainText: true, hiddenBy: null },
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const who = await user.run('whoami --json');
    expect(who.json).toMatchObject({
      exitCode: 0,
      profileId: 1001,
      credentials: [
        {
          for: 'profile',
          profileId: 1001,
          source: expect.stringContaining(file()),
          endsAt: expect.any(String),
        },
        { for: 'application', source: 'the login of context sandbox' },
      ],
    });
    const works = await user.run('programs --verbose');
    expect(works.code).toBe(0);
    expectNoSecrets(asApplication, asUser, who, works);
  });

  test('several commands with an expired token end with one valid token', async () => {
    const before = await grants();
    await control('POST', 'advance', { milliseconds: 13 * 3_600_000 });
    const slowly = { kind: 'answer', method: 'POST', path: '/oauth/token', delayMs: 700, effect: true };
    await control('POST', 'faults', slowly);
    const all = await Promise.all([1, 2, 3, 4].map(async () => user.spawn('programs --quiet')));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect((await grants()) - before, 'one renewed it, the others took it').toBe(1);
    expectNoSecrets(...all);
  });

  test('credentials that the API rejects are not stored', async () => {
    const before = readFileSync(file(), 'utf8');
    const refused = await user.run('login --with-refresh-token --plain-file --json', {
      input: 'made-up-4711',
    });
    expect(refused.code).toBe(3);
    expect(refused.json.error).toMatchObject({
      code: 'credentials-refused',
      message: 'The API refused the refresh token of this login.',
    });
    expect(readFileSync(file(), 'utf8')).toBe(before);
    expectNoSecrets(refused);
  });

  test('a user logs in with the browser, which kioskctl opens', async () => {
    const browser = join(user.home, 'bin', 'xdg-open');
    writeFileSync(browser, `#!/bin/sh\nexec node -e 'fetch(process.argv[1])' "$1"\n`);
    chmodSync(browser, 0o755);
    const done = await user.spawn('login --web --plain-file --json --redirect-uri http://127.0.0.1:0/back');
    expect(done.json).toMatchObject({ exitCode: 0, login: { way: 'browser', profileId: 1001 } });
    expectNoSecrets(done);
  });

  test('a user logs in with the printed URL, and redirects with another state are ignored', async () => {
    const args = 'login --web --no-browser --plain-file --redirect-uri http://127.0.0.1:0/back'.split(' ');
    const child = user.start([user.binary, ...args]);
    const address = await new Promise<URL>((resolve) => {
      let text = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        text += String(chunk);
        const [found] = /http:\S+(?=\n)/.exec(text) ?? [];
        if (found !== undefined) resolve(new URL(found));
      });
    });
    const end = ended(child);
    expect(address.searchParams.get('client_id')).toBe('my-bank');
    const back = new URL(address.searchParams.get('redirect_uri') ?? '');
    back.search = 'code=forged&state=forged';
    expect((await fetch(back)).status).toBe(400);
    expect((await fetch(address)).status).toBe(200);
    expect((await end).code).toBe(0);
  });

  test('a user logs out', async () => {
    const out = await user.run('logout');
    expect(out.stdout).toContain('The tokens stay valid until they expire.');
    const who = await user.run('whoami');
    expect(who.code).toBe(3);
    expect(who.stderr).toContain('there is no login');
  });

  test('login is refused without credentials of the application, and in local', async () => {
    const [noClient, local] = await Promise.all([
      user.run('login --with-refresh-token --json', { input: REFRESH }),
      user.run('login --with-client --client-id x --json --context local', { input: CLIENT_SECRET }),
    ]);
    expect([noClient.code, noClient.json.error.code]).toEqual([3, 'credentials-missing']);
    expect([local.code, local.json.error.code]).toEqual([2, 'usage']);
  });
});

test('a login belongs to its context, and is not used for another base URL', async () => {
  const env = { KIOSKCTL_ENVIRONMENT: undefined, KIOSKCTL_BASE_URL: undefined };
  const add = `context add bank --environment sandbox --profile-id 1001 --json --base-url`;
  const added = await user.run(`${add} ${sandbox.url}`, { env });
  expect(added.code).toBe(0);
  const login = 'login --with-client --client-id my-bank --plain-file --context bank';
  expect((await user.run(login, { input: CLIENT_SECRET, env })).code).toBe(0);
  const elsewhere = await user.run('whoami --context bank --base-url https://other.example --json', { env });
  expect(elsewhere.stdout).not.toContain('the login of context bank');
  const removed = await user.run('context remove bank --json', { env });
  expect(removed.json).toMatchObject({ exitCode: 0, loginRemovedFrom: [`the file ${file()}`] });
  expect(existsSync(file())).toBe(false);
  for (const { stdout, stderr } of [added, elsewhere, removed]) expect(stdout + stderr).not.toContain('4711');
});

describe('a credential command', () => {
  test('a credential command runs once per profile before the first action, and cards without a token end with 3', async () => {
    await control('PUT', 'token-policy', { policy: 'any' });
    const [ready, other] = [await sandbox.readyCard(), await sandbox.readyCard()];
    const vault = [
      'sh',
      '-c',
      'echo $1 >> "$0"; test $1 != 1003 && echo "{\\"access_token\\":\\"vault-4711-$1\\"}"',
      join(user.home, 'asked'),
      '{profileId}',
    ];
    const bank = { environment: 'sandbox', baseUrl: sandbox.url, credentialCommand: vault };
    writeFileSync(join(user.home, 'config.json'), JSON.stringify({ version: 1, contexts: { bank } }));
    const env = {
      KIOSKCTL_ENVIRONMENT: undefined,
      KIOSKCTL_BASE_URL: undefined,
      KIOSKCTL_PROFILE_ID: undefined,
    };
    const done = await user.run(
      `produce ${ready.card} 1003/7 1004/7 ${other.card} --kiosk WIS00001 --json --context bank --simulate PRODUCED`,
      { env },
    );
    const { cards } = done.json as { cards: { exitCode: number; error?: { message: string } }[] };
    expect(cards.map(({ exitCode }) => exitCode)).toEqual([0, 3, 10, 0]);
    expect(cards[1]?.error?.message).toContain('the credential command of context bank (sh) exited with 1');
    // The commands run side by side.
    const asked = readFileSync(join(user.home, 'asked'), 'utf8').split('\n');
    expect(asked.toSorted()).toEqual(['', '1001', '1003', '1004']);
    expect(done.stdout + done.stderr).not.toContain('4711');
  });
});

describe('a token by standard input', () => {
  test('a token on standard input is refused together with references on standard input', async () => {
    const twice = await user.run('status - --token-stdin --json', { input: 'x' });
    expect([twice.code, twice.json.error.code]).toEqual([2, 'usage']);
  });

  test('a token on standard input is accepted', async () => {
    await control('PUT', 'token-policy', { policy: 'listed' });
    await control('PUT', 'tokens/piped-4711', { state: 'good' });
    expect((await user.run('programs --token-stdin --quiet', { input: 'piped-4711\n' })).code).toBe(0);
  });
});
