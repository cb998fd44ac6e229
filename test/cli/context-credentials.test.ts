import { describe, expect, test } from 'vitest';
import { makeCredentials } from '../../src/cli/context-credentials.ts';
import type { Settings } from '../../src/cli/settings/settings.ts';

const TOKEN = 'tok-4711-never-to-be-seen';

function credentials(more: Partial<Settings> = {}) {
  const settings = { environment: 'sandbox', contextName: 'ci', profileId: 1001, token: TOKEN, ...more };
  return makeCredentials(settings as Settings);
}

describe('the token of a profile', () => {
  test('is that of the context, for its own profile', () => {
    expect(credentials().tokenFor(1001)).toBe(TOKEN);
    expect(credentials({ profileId: null }).tokenFor(7)).toBe(TOKEN);
  });

  test.each<[string, Partial<Settings>, number, string]>([
    ['another customer’s', {}, 1002, 'credentials-missing'],
    ['not set', { token: undefined }, 1001, 'credentials-missing'],
    ['empty', { token: '' }, 1001, 'credentials-missing'],
    ['with a newline from a file', { token: `${TOKEN}\n` }, 1001, 'credentials-unusable'],
    ['with a space', { token: `${TOKEN} x` }, 1001, 'credentials-unusable'],
    ['beyond ASCII', { token: `${TOKEN}é` }, 1001, 'credentials-unusable'],
    ['blank', { token: ' ' }, 1001, 'credentials-unusable'],
  ])('is none: %s', (_, settings, profileId, code) => {
    const ask = () => credentials(settings).tokenFor(profileId);
    expect(ask).toThrow(expect.objectContaining({ code, exitCode: 3 }));
    expect(ask).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('4711'),
        hint: expect.not.stringContaining('4711'),
      }),
    );
  });

  test('of local is never a real one', () => {
    const local = credentials({ environment: 'local', profileId: 1001 });
    expect(local.tokenFor(1002)).not.toContain('4711');
    expect(local.tokenFor(1001)).not.toContain('4711');
  });

  test('is known as a secret', () => {
    expect(credentials().secrets).toEqual([TOKEN]);
    expect(credentials({ token: '' }).secrets).toEqual([]);
  });
});

describe('the credentials of the application', () => {
  const client = { clientId: 'my-bank', clientSecret: TOKEN };

  test('are those of the environment variables', () => {
    expect(credentials(client).ofClient()).toEqual(client);
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
  ])('are none: %s', (_, settings, code, message) => {
    const ask = () => credentials(settings).ofClient();
    expect(ask).toThrow(
      expect.objectContaining({ code, exitCode: 3, message: expect.stringContaining(message) }),
    );
    expect(ask).toThrow(expect.objectContaining({ message: expect.not.stringContaining('4711') }));
  });

  test('of local are never real ones', () => {
    expect(Object.values(credentials({ ...client, environment: 'local' }).ofClient())).not.toContain(TOKEN);
  });

  test('are secrets, and so is the token that they give', () => {
    const all = credentials({ ...client, token: undefined });
    all.hide('learned-on-the-way');
    expect(all.secrets).toEqual([TOKEN, 'learned-on-the-way']);
  });
});
