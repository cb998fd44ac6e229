import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCredentials } from '../../../src/cli/credentials/credentials.ts';
import type { Settings } from '../../../src/cli/settings/settings.ts';
import { makeFolder, makeIo } from '../../harness/command-line.ts';

const TOKEN = 'tok-4711-never-to-be-seen';

function credentials(more: Partial<Settings> = {}) {
  const usual = { environment: 'sandbox', contextName: 'ci', baseUrl: null };
  const settings = { ...usual, profileId: 1001, token: TOKEN, ...more };
  const paths = { credentials: join(makeFolder(), 'credentials.json') };
  return makeCredentials({ ...settings, paths } as Settings, {
    calendar: makeIo().calendar,
    stopwatch: makeIo().stopwatch,
    signal: new AbortController().signal,
    say: () => undefined,
    client: () => expect.fail('nothing is sent'),
    given: {},
    readStdin: () => expect.fail('nothing is read'),
  });
}

async function tokenOf(made: ReturnType<typeof credentials>, profileId: number): Promise<string> {
  return (await made.sourceFor(profileId)).token.get();
}

describe('the token of a profile', () => {
  test('a context has a token for its own profile', async () => {
    expect(await tokenOf(credentials(), 1001)).toBe(TOKEN);
    expect(await tokenOf(credentials({ profileId: null }), 7)).toBe(TOKEN);
  });

  test.each<[string, Partial<Settings>, number, string]>([
    ['another customer’s', {}, 1002, 'credentials-missing'],
    ['not set', { token: undefined }, 1001, 'credentials-missing'],
    ['empty', { token: '' }, 1001, 'credentials-missing'],
    ['with a newline from a file', { token: `${TOKEN}\n` }, 1001, 'credentials-unusable'],
    ['with a space', { token: `${TOKEN} x` }, 1001, 'credentials-unusable'],
    ['beyond ASCII', { token: `${TOKEN}é` }, 1001, 'credentials-unusable'],
    ['blank', { token: ' ' }, 1001, 'credentials-unusable'],
  ])('a profile without a usable token has none: %s', async (_, settings, profileId, code) => {
    await expect(tokenOf(credentials(settings), profileId)).rejects.toMatchObject({
      code,
      exitCode: 3,
      message: expect.not.stringContaining('4711'),
      hint: expect.not.stringContaining('4711'),
    });
  });

  test('an empty client id or secret is named with the token that is not set', async () => {
    const message = /: KIOSKCTL_TOKEN is not set, KIOSKCTL_CLIENT_SECRET is empty, and there is no login\.$/;
    const made = credentials({ token: undefined, clientId: 'bank', clientSecret: '' });
    await expect(tokenOf(made, 1001)).rejects.toThrow(message);
  });

  test('the token of the embedded sandbox is never a real one', async () => {
    const local = credentials({ environment: 'local', profileId: 1001 });
    expect(await tokenOf(local, 1002)).not.toContain('4711');
    expect(await tokenOf(local, 1001)).not.toContain('4711');
  });

  test('the token of a profile is a secret', () => {
    expect(credentials().secrets).toEqual([TOKEN]);
    expect(credentials({ token: '' }).secrets).toEqual([]);
  });
});

describe('the credentials of the application', () => {
  const client = { clientId: 'my-bank', clientSecret: TOKEN };

  test('the credentials of the application come from environment variables', async () => {
    expect(await credentials(client).ofClient()).toEqual(client);
  });

  test.each<[string, Partial<Settings>, string, string]>([
    ['no id', { clientSecret: TOKEN }, 'credentials-missing', 'KIOSKCTL_CLIENT_ID is not set'],
    ['no secret', { clientId: 'x' }, 'credentials-missing', 'KIOSKCTL_CLIENT_SECRET is not set'],
    [
      'an empty secret',
      { ...client, clientSecret: '' },
      'credentials-missing',
      'KIOSKCTL_CLIENT_SECRET is empty',
    ],
    [
      'a newline',
      { ...client, clientSecret: `${TOKEN}\n` },
      'credentials-unusable',
      'KIOSKCTL_CLIENT_SECRET has',
    ],
    ['a colon in the id', { ...client, clientId: 'a:b' }, 'credentials-unusable', 'KIOSKCTL_CLIENT_ID has'],
  ])('the application has no credentials: %s', async (_, settings, code, message) => {
    const ask = credentials(settings).ofClient();
    await expect(ask).rejects.toMatchObject({
      code,
      exitCode: 3,
      message: expect.stringContaining(message),
    });
    await expect(ask).rejects.toMatchObject({ message: expect.not.stringContaining('4711') });
  });

  test('the credentials of the embedded sandbox are never real ones', async () => {
    const local = await credentials({ ...client, environment: 'local' }).ofClient();
    expect(Object.values(local)).not.toContain(TOKEN);
  });

  test('the credentials of the application are secrets', () => {
    expect(credentials({ ...client, token: undefined }).secrets).toEqual([TOKEN]);
  });
});
