import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { answerFailure } from '../../src/wise/client.ts';
import { CachedToken } from '../../src/wise/tokens.ts';
import { type Answer, json, Vendor } from '../harness/server.ts';

const READ = { method: 'GET', path: '/v3/spend/x', profileId: 7, schema: v.object({}) } as const;
const ACT = { method: 'PUT', path: '/v3/spend/x', profileId: 7, body: {} } as const;

/** Refuses all tokens but one. */
const accepting =
  (good: string): Answer =>
  (response, turn, asked) =>
    json(asked.headers.authorization === `Bearer ${good}` ? 200 : 401, { error: 'invalid_token' })(
      response,
      turn,
      asked,
    );

/** A client that replaces its token by the next of a list. */
async function stand(good: string, tokens: string[]) {
  const vendor = await Vendor.open(accepting(good));
  const left = [...tokens];
  const fetch = async () => ({ token: left.shift() ?? 'none', lifetime: 3_600_000 });
  const kept = new CachedToken(fetch, () => 0);
  const client = vendor.client({
    token: async (_, options) => kept.get(options),
    replaceToken: async (_, refused) => kept.replace(refused),
    tokenSource: async () => 'the vault',
  });
  const shown = () => vendor.asked.map(({ headers }) => headers.authorization?.replace('Bearer ', ''));
  return { client, shown, left };
}

describe('a token that the API refuses', () => {
  test('a rejected token is replaced, and the read is repeated', async () => {
    const { client, shown } = await stand('new', ['old', 'new']);
    await client.read(READ);
    await client.read(READ);
    expect(shown()).toEqual(['old', 'new', 'new']);
  });

  test('a rejected token is replaced once, even if several reads use it', async () => {
    const { client, left } = await stand('new', ['old', 'new', 'newer']);
    await Promise.all([client.read(READ), client.read(READ), client.read(READ)]);
    expect(left).toEqual(['newer']);
  });

  test('a second rejected token ends the read, and the failure names its source', async () => {
    const { client, shown } = await stand('good', ['old', 'new', 'newer']);
    await expect(client.read(READ)).rejects.toMatchObject({
      code: 'credentials-refused',
      exitCode: 3,
      message: 'The API refused the token of the vault (401).',
    });
    expect(shown()).toEqual(['old', 'new']);
  });

  test('a rejected token is not replaced if there is no other', async () => {
    const { client, shown } = await stand('good', ['old', 'old']);
    await expect(client.read(READ)).rejects.toMatchObject({ code: 'credentials-refused' });
    expect(shown()).toEqual(['old']);
  });

  test('a rejected token never causes a request with an effect to be repeated', async () => {
    const { client, shown } = await stand('new', ['old', 'new']);
    const sent = await client.send(ACT);
    expect(sent).toMatchObject({ kind: 'answered', httpStatus: 401 });
    if (sent.kind === 'answered') expect(answerFailure(sent).message).toContain('the token of the vault');
    expect(shown()).toEqual(['old']);
  });

  test('a token without permission (403) is not replaced', async () => {
    const vendor = await Vendor.open(json(403, {}));
    const client = vendor.client({
      replaceToken: () => expect.fail('replaced'),
      tokenSource: async () => 'X',
    });
    await expect(client.read(READ)).rejects.toMatchObject({
      message: 'No access to this profile: Wise does not allow this with the token of X (403).',
    });
    expect(vendor.asked).toHaveLength(1);
  });
});
