import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Left } from '../../src/wise/client.ts';
import { CachedToken, fetchClientToken, redeemCode, renewUserToken } from '../../src/wise/tokens.ts';
import { type Answer, inTurn, json, raw, SECRET, Vendor } from '../harness/server.ts';

const CREDENTIALS = { clientId: 'my-bank', clientSecret: SECRET };

function fetchFrom(vendor: Vendor) {
  return fetchClientToken(vendor.client({ token: async () => expect.fail('needs no token') }), {
    client: CREDENTIALS,
    source: 'the test',
  });
}

async function failureFrom(answer: Answer): Promise<unknown> {
  return fetchFrom(await Vendor.open(answer)).then(
    () => expect.fail('no failure'),
    (error: unknown) => error,
  );
}

describe.concurrent('the token of an application', () => {
  test('an application token is requested with client id and secret, as a form', async () => {
    const vendor = await Vendor.open(
      json(200, { access_token: 'tok', token_type: 'bearer', expires_in: 100 }),
    );
    expect(await fetchFrom(vendor)).toEqual({ token: 'tok', lifetime: 100_000 });
    const [asked] = vendor.asked;
    expect(asked).toMatchObject({
      method: 'POST',
      path: '/oauth/token',
      body: 'grant_type=client_credentials',
    });
    expect(asked?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from(`my-bank:${SECRET}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    });
  });

  test.each([undefined, null, 'soon', -1])('lasts twelve hours when the answer says %j', async (lifetime) => {
    const vendor = await Vendor.open(json(200, { access_token: 'tok', expires_in: lifetime }));
    expect((await fetchFrom(vendor)).lifetime).toBe(43_199_000);
  });

  test('an application token is requested again after a temporary error, because that changes nothing', async () => {
    const vendor = await Vendor.open(inTurn(raw(503, ''), json(200, { access_token: 'tok', expires_in: 1 })));
    expect((await fetchFrom(vendor)).token).toBe('tok');
    expect(vendor.asked).toHaveLength(2);
  });

  test.each<[string, Answer, string]>([
    ['a wrong secret', json(401, { error: 'invalid_client' }), 'credentials-refused'],
    ['a forbidden one', json(403, {}), 'credentials-refused'],
    ['a grant that is not allowed', json(400, { error: 'unauthorized_client' }), 'rejected'],
    ['no token in the answer', json(200, { token_type: 'bearer' }), 'answer-unreadable'],
    ['a token that no header can carry', json(200, { access_token: 'a\nb' }), 'answer-unreadable'],
    ['an answer that is none', raw(200, '<html>'), 'answer-unreadable'],
  ])('a token that the API does not issue is a failure with its own code: %s', async (_, answer, code) => {
    const failure = await failureFrom(answer);
    expect(failure).toMatchObject({ code });
    expect(JSON.stringify(failure)).not.toContain(SECRET);
    if (code === 'credentials-refused')
      expect(failure).toMatchObject({ exitCode: 3, hint: expect.stringContaining('KIOSKCTL_CLIENT_SECRET') });
  });
});

function keep() {
  const clock = { now: 0 };
  const asked: (() => Promise<{ token: string; lifetime: number }>)[] = [];
  let count = 0;
  const token = new CachedToken(
    async () => (await asked.shift()?.()) ?? { token: `token ${(count += 1)}`, lifetime: 3_600_000 },
    () => clock.now,
  );
  return { clock, token, asked };
}

describe('a cached token', () => {
  test('a cached token is requested once, even by concurrent callers, and again a minute before its expiry', async () => {
    const { clock, token } = keep();
    expect(await Promise.all([token.get(), token.get()])).toEqual(['token 1', 'token 1']);
    clock.now = 3_540_000;
    expect(await token.get()).toBe('token 1');
    clock.now += 1;
    expect(await token.get()).toBe('token 2');
  });

  test('a token that could not be requested is requested at the next use', async () => {
    const { token, asked } = keep();
    asked.push(() => Promise.reject(new Error('no')));
    await expect(token.get()).rejects.toThrow('no');
    expect(await token.get()).toBe('token 1');
  });
});

describe('the fetch of a token', () => {
  test('a token request may take as long as its most patient caller waits', async () => {
    const seen: Left[] = [];
    const token = new CachedToken(
      async (_, left) => {
        seen.push(left);
        await pause(50);
        return { token: 'late', lifetime: 3_600_000 };
      },
      () => 0,
    );
    const [brief, patient] = [token.get({ left: () => 10 }), token.get({ left: () => 20_000 })];
    await expect(brief).rejects.toMatchObject({ code: 'unreachable' });
    expect(seen.map((left) => left())).toEqual([20_000]);
    expect(await patient).toBe('late');
  });

  test('a token request gets the remaining time, and does not delay its caller any longer', async () => {
    const { token, asked } = keep();
    asked.push(() => new Promise(() => undefined));
    const late = { code: 'unreachable', message: expect.stringContaining('in time') };
    const calls = [
      token.get({ left: () => 20 }),
      token.get({ left: () => 40 }),
      token.replace('x', () => 30),
    ];
    await Promise.all(calls.map(async (call) => expect(call).rejects.toMatchObject(late)));
  });
});

describe('a token that is about to end', () => {
  test('a token that is about to expire is used for a request with an effect, because the read before it ensured its lifetime', async () => {
    const { clock, token } = keep();
    await token.get();
    clock.now = 3_590_000;
    expect(await token.get({ isAct: true })).toBe('token 1');
    clock.now += 1;
    expect(await token.get({ isAct: true })).toBe('token 2');
  });

  test('a token with a short lifetime is not requested again for each request', async () => {
    const { clock, token, asked } = keep();
    asked.push(async () => ({ token: 'short', lifetime: 40_000 }));
    await token.get();
    clock.now = 20_000;
    expect(await token.get()).toBe('short');
    clock.now = 20_001;
    expect(await token.get()).toBe('token 1');
  });
});

describe.concurrent('the token of a user', () => {
  const answered = { access_token: 'tok', expires_in: 100, refresh_token: SECRET };
  const client = CREDENTIALS;

  test('a user token is renewed with its refresh token', async () => {
    const vendor = await Vendor.open(json(200, answered));
    const renewed = await renewUserToken(vendor.client(), {
      client,
      source: 'the test',
      refreshToken: 'a b&c',
    });
    expect(renewed).toEqual({ token: 'tok', lifetime: 100_000, refreshToken: SECRET });
    expect(vendor.asked[0]?.body).toBe('grant_type=refresh_token&refresh_token=a+b%26c');
  });

  test('a user token is requested with an authorization code, once', async () => {
    const vendor = await Vendor.open(raw(503, ''));
    const redeemed = redeemCode(vendor.client(), {
      client,
      source: 'the test',
      code: 'abc',
      redirectUri: 'http://127.0.0.1:1/x',
    });
    await expect(redeemed).rejects.toMatchObject({ code: 'api-failing' });
    expect(vendor.asked).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(vendor.asked[0]?.body))).toEqual({
      grant_type: 'authorization_code',
      client_id: 'my-bank',
      code: 'abc',
      redirect_uri: 'http://127.0.0.1:1/x',
    });
  });

  test.each<[number, string, RegExp]>([
    [401, 'invalid_grant', /refresh token/],
    [400, 'invalid_grant', /refresh token/],
    [401, 'invalid_client', /client id and secret/],
  ])('is refused: %s %s', async (status, error, message) => {
    const vendor = await Vendor.open(json(status, { error, error_description: `not ${SECRET}` }));
    const failure: unknown = await renewUserToken(vendor.client(), {
      client,
      source: 'the test',
      refreshToken: SECRET,
    }).catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'credentials-refused', exitCode: 3 });
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect(JSON.stringify(failure)).not.toContain('4711');
  });
});
