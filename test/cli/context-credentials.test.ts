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
