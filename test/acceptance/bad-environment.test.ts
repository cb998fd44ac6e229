// Environment variables, tokens and base URLs that are wrong: a CI job with a missing secret must never pass.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Expected, expectComplaint, expectError, SECRET } from '../harness/program.ts';
import { apart, CARD } from './vendor.ts';

type Variables = Record<string, string>;

/** Runs a command under these variables, and sees that nothing was sent and no embedded sandbox was made. */
async function expectRefusal(env: Variables, args: string, expected: Expected): Promise<void> {
  await apart({}, async ({ user, vendor }) => {
    const words = args.replace('URL', vendor.url);
    const given = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.replace('URL', vendor.url)]),
    );
    const asJson = await user.run(`${words} --json`, { env: given });
    expectError(asJson, expected);
    expect(vendor.received).toEqual([]);
    expect(existsSync(join(user.home, 'sandbox.db'))).toBe(false);
  });
}

describe.concurrent('a variable that means a real API, without a named environment', () => {
  test.each<[what: string, env: Variables, command: string]>([
    ['an empty token', { KIOSKCTL_TOKEN: '' }, 'order'],
    ['an empty token', { KIOSKCTL_TOKEN: '' }, `produce ${CARD} --kiosk WIS00001`],
    ['a token', { KIOSKCTL_TOKEN: SECRET }, 'order'],
    ['an empty profile', { KIOSKCTL_PROFILE_ID: '' }, 'order'],
    ['an empty refresh token', { KIOSKCTL_REFRESH_TOKEN: '' }, 'order'],
    ['an empty client secret', { KIOSKCTL_CLIENT_SECRET: '' }, 'order'],
    ['a loopback base URL', { KIOSKCTL_BASE_URL: 'URL' }, 'order'],
  ])('%s is 2, never local (%j %s)', async (_what, env, command) => {
    const [name = ''] = Object.keys(env);
    await expectRefusal(env, command, {
      code: 2,
      error: 'environment-not-chosen',
      message: RegExp(name),
      hint: /--environment .*KIOSKCTL_ENVIRONMENT/,
    });
  });

  test('a variable that implies a real API without an environment is also an error in text output', async () => {
    await apart({}, async ({ user }) => {
      const ended = await user.run('order', { env: { KIOSKCTL_TOKEN: '' } });
      expectComplaint(ended, { code: 2, message: /KIOSKCTL_TOKEN/, hint: /--environment/ });
      expect(ended.stdout).toBe('');
    });
  });

  test('an empty base URL ends with 2', async () => {
    await expectRefusal({ KIOSKCTL_BASE_URL: '' }, 'order', {
      code: 2,
      error: 'usage',
      message: /KIOSKCTL_BASE_URL/,
    });
  });
});

describe.concurrent('an error names the environment variable that is empty or invalid', () => {
  test.each([
    ['KIOSKCTL_ENVIRONMENT', ''],
    ['KIOSKCTL_ENVIRONMENT', 'prod'],
    ['KIOSKCTL_CONTEXT', ''],
    ['KIOSKCTL_TIMEOUT', '90'],
    ['KIOSKCTL_SETTLE', 'soon'],
    ['KIOSKCTL_API_VERSION', ''],
    ['KIOSKCTL_SANDBOX_SPEED', 'fast'],
    ['KIOSKCTL_BASE_URL', 'api.wise-sandbox.com'],
  ])('%s=%s', async (name, value) => {
    await apart({}, async ({ user, vendor }) => {
      const args = name === 'KIOSKCTL_BASE_URL' ? '' : `--base-url ${vendor.url}`;
      const ended = await user.run(`wait-ready ${CARD} --json ${args}`, { env: { [name]: value } });
      expectError(ended, { code: 2, error: 'usage' });
      expect(vendor.received).toEqual([]);
      const { message, hint } = ended.json.error;
      expect(`${message} ${hint}`).toContain(name);
    });
  });

  test('an empty KIOSKCTL_KIOSK sends no card to a kiosk without a name', async () => {
    await apart({}, async ({ user, vendor }) => {
      const ended = await user.run(`produce ${CARD} --json --base-url ${vendor.url}`, {
        env: { KIOSKCTL_KIOSK: '' },
      });
      expectError(ended, { code: 2, error: 'usage', message: /KIOSKCTL_KIOSK/ });
      expect(vendor.acts).toEqual([]);
    });
  });
});

describe.concurrent('a kiosk id that is not one printable word', () => {
  test.each([
    { args: ['--kiosk', 'a b'], env: {}, name: '--kiosk' },
    { args: [], env: { KIOSKCTL_KIOSK: 'a b' }, name: 'KIOSKCTL_KIOSK' },
  ])('in $name ends with 2: nothing is sent, and the kiosk does not show up in kiosks', async (given) => {
    await apart({}, async ({ user, vendor }) => {
      const { args, env, name } = given;
      const ended = await user.run(['produce', CARD, '--json', '--base-url', vendor.url, ...args], { env });
      expectError(ended, { code: 2, error: 'usage', message: RegExp(`${name}: “a b” is not a kiosk id`) });
      expect(vendor.received).toEqual([]);
      const { json } = await user.run('kiosks --json');
      expect(JSON.stringify(json)).not.toContain('a b');
    });
  });
});

describe.concurrent('credentials', () => {
  const SANDBOX = '--context sandbox --base-url URL';
  const produce = `produce ${CARD} --kiosk WIS00001 ${SANDBOX}`;
  const missing = { code: 3, error: 'credentials-missing', hint: /KIOSKCTL_TOKEN/ };
  test.each<[string, Variables, string, Expected]>([
    ['an empty token', { KIOSKCTL_TOKEN: '' }, produce, { ...missing, message: /empty/ }],
    ['no token', {}, produce, { ...missing, message: /not set/ }],
    [
      'the token of another profile',
      { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1002' },
      produce,
      { code: 3, error: 'credentials-missing', message: /1002.*1001/, hint: /KIOSKCTL_PROFILE_ID=1001/ },
    ],
    [
      'an empty profile beside a token',
      { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '' },
      produce,
      { code: 2, error: 'usage', message: /KIOSKCTL_PROFILE_ID/ },
    ],
    [
      'no profile for a bare reference',
      { KIOSKCTL_TOKEN: SECRET },
      `status 501 ${SANDBOX}`,
      { code: 2, error: 'input-required', message: /501/, hint: /--profile-id/ },
    ],
    ...[`${SECRET}\r\nX-Evil: 1`, `${SECRET}\nX-Evil: 1`].map(
      (token): [string, Variables, string, Expected] => [
        `a token like ${JSON.stringify(token.replace(SECRET, '…'))}`,
        { KIOSKCTL_TOKEN: token, KIOSKCTL_PROFILE_ID: '1001' },
        produce,
        { code: 3, error: 'credentials-unusable', message: /KIOSKCTL_TOKEN/, hint: /bare token/ },
      ],
    ),
  ])('a mistake in the environment is reported: %s', async (_what, env, args, expected) =>
    expectRefusal(env, args, expected),
  );

  test('credentials are resolved for all cards before the first action: cards without a token end with 3, the others continue', async () => {
    await apart({}, async ({ user, vendor }) => {
      const ended = await user.run(
        `produce 1002/502 ${CARD} --kiosk WIS00001 --json --context sandbox --base-url ${vendor.url}`,
        { env: { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1001' } },
      );
      expect(ended.code, ended.stdout).toBe(3);
      expect(ended.json.cards).toMatchObject([
        { profileId: 1002, exitCode: 3, error: { code: 'credentials-missing' } },
        { profileId: 1001, exitCode: 0, changed: true },
      ]);
      expect(vendor.count('produce')).toBe(1);
      expect(vendor.received.filter(({ line }) => line.includes('1002'))).toEqual([]);
    });
  });

  test('credentials of a real API are never sent to the embedded sandbox', async () => {
    await apart({}, async ({ user, vendor }) => {
      const ended = await user.run(`status ${CARD} --context local --base-url ${vendor.url}`, {
        env: { KIOSKCTL_TOKEN: SECRET },
      });
      expect(ended.code).toBe(0);
      expect(vendor.received.map(({ headers }) => headers.authorization).join()).not.toContain(SECRET);
    });
  });
});

describe.concurrent('a base URL', () => {
  const PASSWORD = 'pa55word';
  test.each<[string, RegExp]>([
    ['api.wise-sandbox.com', /is not a base URL/],
    ['ftp://127.0.0.1/', /is not a base URL/],
    ['http://127.0.0.1:99999', /is not a base URL/],
    ['http://wise.example', /not encrypted/],
    ['http://127.0.0.1.example.com', /not encrypted/],
    ['https://wise.example/?token=x', /query/],
    ['https://wise.example/#x', /fragment/],
    [`https://user:${PASSWORD}@wise.example`, /credentials/],
    [`user:${PASSWORD}@wise.example`, /base URL/],
    [`ftp://user:${PASSWORD}@wise.example`, /base URL/],
    [`https://user:${PASSWORD}/2@wise.example`, /base URL/],
  ])('like %s is refused', async (url, message) => {
    await apart({}, async ({ user }) => {
      const args = `produce ${CARD} --kiosk WIS00001 --environment sandbox --json --base-url`;
      const ended = await user.run([...args.split(' '), url]);
      expectError(ended, { code: 2, error: 'usage', message });
      expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
    });
  });

  test('a base URL in the environment is validated like one on the command line', async () => {
    await apart({}, async ({ user }) => {
      const env = { KIOSKCTL_BASE_URL: `https://user:${PASSWORD}@wise.example` };
      const ended = await user.run('orders --environment sandbox', { env });
      expectComplaint(ended, { code: 2, message: /credentials/, hint: /KIOSKCTL_TOKEN/ });
      expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
    });
  });

  test.each(['https://127.0.0.1.example.com'])(
    'a base URL like %s requires an explicit environment',
    async (url) => {
      const expected = { code: 2, error: 'environment-not-chosen', hint: /--environment/ };
      await expectRefusal({}, `orders --base-url ${url}`, expected);
      await expectRefusal({}, `orders --environment local --base-url ${url}`, {
        code: 2,
        error: 'usage',
        message: /does not belong to environment local/,
        hint: /--environment sandbox/,
      });
    },
  );

  // None of these gets as far as a request: there is no token, or the act is not confirmed.
  test.each(['https://API.Wise.com:443', 'https://api-mtls.transferwise.com'])(
    'a base URL of %s forces production',
    async (url) => {
      await expectRefusal({}, `order --base-url ${url}`, {
        code: 9,
        error: 'not-confirmed',
        message: /production/,
        hint: /--confirm production/,
      });
    },
  );

  test.each(['sandbox', 'local'])('of production is not of environment %s', async (environment) => {
    const args = `orders --profile-id 1001 --environment ${environment} --base-url https://api.wise.com`;
    await expectRefusal({}, args, {
      code: 2,
      error: 'usage',
      message: RegExp(`does not belong to environment ${environment}`),
      hint: /--environment production/,
    });
  });

  test('a production base URL is recognized with a trailing dot as well', async () => {
    await expectRefusal(
      {},
      'orders --profile-id 1001 --environment sandbox --base-url https://api.wise.com.',
      {
        code: 2,
        error: 'usage',
        message: /does not belong to environment sandbox/,
      },
    );
  });
});
