import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listPrograms } from '../../../src/wise/orders.ts';
import { type Command, HOUR, TestCredentials } from './test-credentials.ts';

const CLIENT = { clientId: 'my-bank', clientSecret: 'client-secret-4711' };
const REFRESH = 'refresh-4711';

/** A login as it was stored, in the file: this machine has no keyring. */
async function storedLogin(
  world: TestCredentials,
  user: Record<string, unknown> = {},
  client = CLIENT,
): Promise<void> {
  await world.declare(REFRESH, 'good');
  await world.open().credentials.logins.add(
    {
      client,
      user: {
        profileId: 1001,
        accessToken: 'stored-4711',
        endsAt: world.io.clock.now() + HOUR,
        refreshToken: REFRESH,
        ...user,
      },
    },
    { isPlain: true },
  );
}

async function nameFor({ credentials }: Command, profileId = 1001): Promise<string> {
  return (await credentials.sourceFor(profileId)).name;
}

describe('the first source that has a token is asked', () => {
  test('the sources of a token are asked in their order of precedence', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const file = join(world.folder, 'token');
    writeFileSync(file, 'from-file-4711\n');
    const command = { credentialCommand: ['vault', '{profileId}'] };
    const refresh = { refreshToken: REFRESH, ...CLIENT };
    const given = { given: { file } };
    const all = { token: 'given-4711', ...refresh, ...command };
    expect(await nameFor(world.open(all, given))).toBe('KIOSKCTL_TOKEN');
    expect(await nameFor(world.open({ ...refresh, ...command }, given))).toBe('KIOSKCTL_REFRESH_TOKEN');
    expect(await nameFor(world.open(command, given))).toBe(`--token-file ${file}`);
    expect(await nameFor(world.open(command, { given: { stdin: true } }))).toBe('--token-stdin');
    expect(await nameFor(world.open(command))).toBe('the credential command of context bank (vault)');
    expect(await nameFor(world.open())).toBe(`the login of context bank, in the file ${world.file}`);
  });

  test('an empty token variable is a failure, because a missing CI secret must not pass', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const [token, refreshToken] = [world.open({ token: '' }), world.open({ refreshToken: '', ...CLIENT })];
    await expect(token.credentials.sourceFor(1001)).rejects.toMatchObject({ code: 'credentials-missing' });
    const { token: kept } = await refreshToken.credentials.sourceFor(1001);
    await expect(kept.get()).rejects.toMatchObject({
      code: 'credentials-missing',
      message: expect.stringContaining('KIOSKCTL_REFRESH_TOKEN is empty'),
    });
  });

  test('a card of another profile uses the first source that serves its profile', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const token = { token: 'given-4711' };
    const command = { credentialCommand: ['vault', '{profileId}'] };
    expect(await nameFor(world.open({ ...token, ...command }), 1002)).toContain('vault');
    for (const settings of [token, {}])
      await expect(world.open(settings).credentials.sourceFor(1002)).rejects.toMatchObject({
        code: 'credentials-missing',
        exitCode: 3,
        message: expect.stringContaining('is for profile 1001, not for 1002'),
      });
  });

  test('each context, and each environment, has its own login', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    for (const settings of [{ contextName: 'other' }, { environment: 'production' as const }])
      await expect(world.open(settings).credentials.sourceFor(1001)).rejects.toMatchObject({
        code: 'credentials-missing',
        message: expect.stringContaining('there is no login'),
      });
  });

  test('a token for the embedded sandbox is a mistake', async () => {
    const world = await TestCredentials.open();
    const wrong = () => world.open({ environment: 'local' }, { given: { stdin: true } });
    expect(wrong).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
  });
});

describe('--token-file and --token-stdin', () => {
  test('a token file and standard input may end with a line break', async () => {
    const world = await TestCredentials.open();
    const file = join(world.folder, 'token');
    writeFileSync(file, 'from-file-4711\r\n');
    let reads = 0;
    const readStdin = async () => `piped-4711-${(reads += 1)}\n`;
    for (const [given, token] of [
      [{ file }, 'from-file-4711'],
      [{ stdin: true }, 'piped-4711-1'],
    ] as const) {
      const { credentials } = world.open({}, { given, readStdin });
      const { token: kept } = await credentials.sourceFor(1001);
      expect([await kept.get(), await kept.get()]).toEqual([token, token]);
      expect(await kept.replace(token)).toBe(false);
      expect(credentials.secrets).toContain(token);
    }
    expect(reads).toBe(1);
  });

  test.each<[string, string | null, string, RegExp]>([
    ['that is not there', null, 'credentials-missing', /token can't be read: there is no such file/],
    ['that is empty', '', 'credentials-missing', /is empty/],
    ['with two lines', 'a-4711\nb-4711\n', 'credentials-unusable', /line break/],
  ])('--token-file refuses a file %s', async (_, content, code, message) => {
    const world = await TestCredentials.open();
    const file = join(world.folder, 'token');
    if (content !== null) writeFileSync(file, content);
    const { token } = await world.open({}, { given: { file } }).credentials.sourceFor(1001);
    const failure: unknown = await token.get().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, exitCode: 3, message: expect.stringMatching(message) });
    expect(JSON.stringify(failure)).not.toContain('4711');
  });
});

describe('KIOSKCTL_REFRESH_TOKEN', () => {
  test('a token is obtained with a refresh token, and renewed before it expires', async () => {
    const world = await TestCredentials.open();
    await world.declare(REFRESH, 'good');
    const { wise, credentials } = world.open({ refreshToken: REFRESH, ...CLIENT });
    await listPrograms(wise, 1001);
    await listPrograms(wise, 1001);
    expect(await world.grants()).toBe(1);
    world.io.clock.time += 12 * HOUR - 30_000;
    await listPrograms(wise, 1001);
    expect(await world.grants()).toBe(2);
    expect(credentials.secrets.length, 'two tokens, and two refresh tokens').toBeGreaterThanOrEqual(6);
  });

  test('a refused refresh token is named in the failure', async () => {
    const world = await TestCredentials.open();
    const { wise } = world.open({ refreshToken: REFRESH, ...CLIENT });
    await expect(listPrograms(wise, 1001)).rejects.toMatchObject({
      code: 'credentials-refused',
      exitCode: 3,
      message: 'The API refused the refresh token of KIOSKCTL_REFRESH_TOKEN.',
    });
  });

  test('a refresh token needs client id and secret', async () => {
    const world = await TestCredentials.open();
    const { wise } = world.open({ refreshToken: REFRESH });
    await expect(listPrograms(wise, 1001)).rejects.toMatchObject({
      code: 'credentials-missing',
      message: expect.stringContaining('KIOSKCTL_CLIENT_ID is not set'),
    });
  });
});

describe('a login', () => {
  test('a stored login is renewed when the API refused its token, and shortly before it expires', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const { wise } = world.open();
    await listPrograms(wise, 1001);
    expect(await world.grants(), 'the stored token was refused').toBe(1);
    await listPrograms(world.open().wise, 1001);
    expect(await world.grants(), 'the next command takes what was stored').toBe(1);
    world.io.clock.time += 12 * HOUR - 30_000;
    await Promise.all([listPrograms(wise, 1001), listPrograms(world.open().wise, 1001)]);
    expect(await world.grants()).toBe(2);
  });

  test('a stored login without a refresh token ends with its token', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world, { refreshToken: null, endsAt: world.io.clock.now() });
    await expect(listPrograms(world.open().wise, 1001)).rejects.toMatchObject({
      code: 'credentials-unusable',
      exitCode: 3,
      message: expect.stringContaining('the login of context bank'),
      hint: expect.stringContaining('kioskctl login'),
    });
  });

  test('a stored login whose refresh token is refused is named in the failure', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world, { refreshToken: 'withdrawn-4711' });
    await expect(listPrograms(world.open().wise, 1001)).rejects.toMatchObject({
      code: 'credentials-refused',
      message: expect.stringMatching(/refresh token of the login of context bank/),
    });
  });

  test('a stored login has the credentials of the application if no variable has them', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    expect(await world.open().credentials.ofClient()).toEqual(CLIENT);
    const variables = { clientId: 'other', clientSecret: 'other-4711' };
    expect(await world.open(variables).credentials.ofClient()).toEqual(variables);
    const half = world.open({ clientId: 'other' }).credentials.ofClient();
    await expect(half, 'not half of each').rejects.toMatchObject({ code: 'credentials-missing' });
  });

  test('a stored login never shows its secrets', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const { credentials, wise } = world.open();
    await listPrograms(wise, 1001);
    expect(credentials.secrets).toEqual(
      expect.arrayContaining(['stored-4711', REFRESH, CLIENT.clientSecret]),
    );
  });
});

describe('the file of logins', () => {
  test('the file of logins is readable only by its owner, and is removed with the last login', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    await world.open({ contextName: 'other' }).credentials.logins.add({ client: CLIENT }, { isPlain: true });
    expect(statSync(world.file).mode & 0o777).toBe(0o600);
    expect(await world.open().credentials.logins.remove()).toMatchObject({ removed: [{}] });
    expect(await world.open().credentials.logins.find()).toBeNull();
    expect((await world.open({ contextName: 'other' }).credentials.logins.find())?.login.client).toEqual(
      CLIENT,
    );
    await world.open({ contextName: 'other' }).credentials.logins.remove();
    expect(existsSync(world.file)).toBe(false);
    expect(await world.open().credentials.logins.remove()).toMatchObject({ removed: [] });
  });

  test.each([0o640, 0o604, 0o666])('a file of logins that others may read (%o) is refused', async (mode) => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    chmodSync(world.file, mode);
    await expect(world.open().credentials.sourceFor(1001)).rejects.toMatchObject({
      code: 'credentials-unusable',
      exitCode: 3,
      message: expect.stringContaining(`(mode ${mode.toString(8)})`),
      hint: expect.stringContaining('chmod 600'),
    });
  });

  test.each(['', 'nonsense', '{"version":2,"accounts":{}}', '{"version":1,"accounts":{"sandbox/bank":"x"}}'])(
    'a file of logins with %j is refused, and not changed',
    async (text) => {
      const world = await TestCredentials.open();
      writeFileSync(world.file, text, { mode: 0o600 });
      const { credentials } = world.open();
      await expect(credentials.sourceFor(1001)).rejects.toMatchObject({ code: 'credentials-unusable' });
      await expect(credentials.logins.add({ client: CLIENT })).rejects.toMatchObject({
        code: 'credentials-unusable',
      });
      expect(readFileSync(world.file, 'utf8')).toBe(text);
    },
  );

  test('a file of logins that can’t be written is named in the failure', async () => {
    const world = await TestCredentials.open();
    const paths = { credentials: '/proc/nowhere/credentials.json' } as never;
    const { logins } = world.open({ paths }).credentials;
    await expect(logins.add({ client: CLIENT }, { isPlain: true })).rejects.toMatchObject({
      code: 'storage-unusable',
      message: expect.stringContaining('/proc/nowhere/credentials.json'),
    });
  });

  test('the file of logins stores the logins of several processes at the same time', async () => {
    const world = await TestCredentials.open();
    const names = Array.from({ length: 8 }, (_, index) => `context-${index}`);
    const add = async (contextName: string) =>
      world.open({ contextName }).credentials.logins.add({ client: CLIENT }, { isPlain: true });
    await Promise.all(names.map(add));
    const { accounts } = JSON.parse(readFileSync(world.file, 'utf8')) as { accounts: object };
    expect(Object.keys(accounts).toSorted()).toEqual(names.map((name) => `sandbox/${name}`));
  });
});
