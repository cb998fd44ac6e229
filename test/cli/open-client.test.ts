import { describe, expect, test } from 'vitest';
import { planTermsOf, rateLimitsOf } from '../../src/cli/open-client.ts';
import type { Settings } from '../../src/cli/settings/settings.ts';
import { differenceOf } from '../../src/detached/plan-terms.ts';
import { WISE_RATE_LIMITS } from '../../src/wise/rate-limiter.ts';
import { TestCredentials } from './credentials/test-credentials.ts';

const LOCAL = { environment: 'local', sandboxSpeed: 1 } as const;
const both = { 'limit-rps': '5', 'limit-rpm': '200' };

describe('the rate limits of a command', () => {
  test('the rate limits of the embedded sandbox are those that are set, in its time', () => {
    expect(rateLimitsOf({}, LOCAL)).toBeUndefined();
    expect(rateLimitsOf(both, LOCAL)).toEqual([
      { requests: 5, within: 1_000 },
      { requests: 200, within: 60_000 },
    ]);
    expect(rateLimitsOf({ 'limit-rpm': '1000' }, { ...LOCAL, sandboxSpeed: 6 })).toEqual([
      { requests: 1_000, within: 10_000 },
    ]);
    expect(rateLimitsOf({ 'limit-rps': '1' }, { ...LOCAL, sandboxSpeed: 0.5 })).toEqual([
      { requests: 1, within: 2_000 },
    ]);
  });

  test.each(['sandbox', 'production'] as const)(
    'the rate limits of %s are those of Wise and those that are set',
    (environment) => {
      const settings = { environment, sandboxSpeed: 6 };
      expect(rateLimitsOf({}, settings)).toEqual(WISE_RATE_LIMITS);
      expect(rateLimitsOf(both, settings)).toEqual([
        ...WISE_RATE_LIMITS,
        { requests: 5, within: 1_000 },
        { requests: 200, within: 60_000 },
      ]);
    },
  );

  test.each(['0', '-1', '1.5', 'many', '', ' 5', '1e3', '99999999'])('“%s” is no rate limit', (text) => {
    expect(() => rateLimitsOf({ 'limit-rps': text }, LOCAL)).toThrow(
      expect.objectContaining({
        code: 'usage',
        exitCode: 2,
        hint: expect.stringContaining('--limit-rps 10'),
      }),
    );
    expect(() => rateLimitsOf({ 'limit-rpm': text }, { ...LOCAL, environment: 'production' })).toThrow(
      '--limit-rpm',
    );
  });
});

const client = (clientId: string) => ({ clientId, clientSecret: 'secret' });

describe('the credentials of detached plans', () => {
  const BANK = { token: 'token-1', profileId: 1001 };
  /** Prints another token each time. */
  const command = ['sh', '-c', 'echo "{\\"access_token\\": \\"token-$$\\"}"', '{profileId}'];
  const COMMAND = { token: undefined, credentialCommand: command };

  test.each<[string, Partial<Settings>, Partial<Settings>, string | null]>([
    ['a renewed token of the same variable', {}, { token: 'token-2' }, null],
    ['the token of another profile', {}, { profileId: 1003 }, 'other credentials'],
    ['a renewed token of the same credential command', COMMAND, COMMAND, null],
    ['a token from another source', {}, COMMAND, 'other credentials'],
    ['the same client id with another token', client('a'), { ...client('a'), token: 'token-2' }, null],
    ['another client id', client('a'), client('b'), 'other credentials'],
    ['a client key that is the client id', client('a'), { clientKey: 'a' }, null],
  ])('a server compares %s with its own credentials', async (_, server, command, difference) => {
    const bank = await TestCredentials.open();
    const [own, other] = [server, command].map((more) => bank.open({ ...BANK, ...more }));
    if (!own || !other) throw new Error('two commands');
    expect(differenceOf(await planTermsOf(other), await planTermsOf(own))).toBe(difference);
  });
});
