import { describe, expect, test } from 'vitest';
import { at, type Json, type Reply, TestSandbox } from '../harness/sandbox.ts';

const PROGRAMS = 'GET /v3/spend/profiles/1001/card-orders/availability';
const BASIC = `Basic ${Buffer.from('client:secret').toString('base64')}`;

function grant(
  sandbox: TestSandbox,
  fields: Readonly<Record<string, string | undefined>>,
  authorization: string | undefined = BASIC,
): Promise<Reply> {
  return sandbox.call('POST /oauth/token', {
    raw: new URLSearchParams(JSON.parse(JSON.stringify(fields))).toString(),
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
  });
}

async function statusWith(sandbox: TestSandbox, authorization: string | undefined): Promise<[number, Json]> {
  const { status, body } = await sandbox.call(PROGRAMS, { headers: { authorization } });
  return [status, body];
}

describe('bearer tokens', () => {
  test('a request needs a bearer token', async () => {
    const sandbox = await TestSandbox.open();
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', BASIC, 'some-token', 'Bearer a b'])
      expect(await statusWith(sandbox, authorization)).toEqual([
        401,
        { error: 'invalid_token', error_description: 'A bearer token is required' },
      ]);
    expect((await statusWith(sandbox, 'bearer whatever'))[0]).toBe(200);
  });

  test('a declared token has its declared state', async () => {
    const sandbox = await TestSandbox.open();
    const token = 'secret/token?';
    const declare = (state: string) => sandbox.control(`PUT tokens/${encodeURIComponent(token)}`, { state });
    await declare('expired');
    expect(await statusWith(sandbox, `Bearer ${token}`)).toEqual([
      401,
      { error: 'invalid_token', error_description: 'Access token expired' },
    ]);
    await declare('refused');
    expect((await statusWith(sandbox, `Bearer ${token}`))[1].error_description).toBe('Invalid access token');
    await declare('good');
    expect((await statusWith(sandbox, `Bearer ${token}`))[0]).toBe(200);
  });

  test('with the policy “listed” only declared and issued tokens are valid', async () => {
    const sandbox = await TestSandbox.open();
    await sandbox.control('PUT token-policy', { policy: 'listed' });
    await sandbox.control('PUT tokens/mine', { state: 'good' });
    expect((await statusWith(sandbox, 'Bearer mine'))[0]).toBe(200);
    expect((await statusWith(sandbox, 'Bearer theirs'))[0]).toBe(401);
    const issued = (await grant(sandbox, { grant_type: 'client_credentials' })).body.access_token;
    expect((await statusWith(sandbox, `Bearer ${issued}`))[0]).toBe(200);
    expect((await grant(sandbox, { grant_type: 'refresh_token', refresh_token: 'theirs' })).status).toBe(401);
    await sandbox.control('PUT token-policy', { policy: 'any' });
    expect((await statusWith(sandbox, 'Bearer theirs'))[0]).toBe(200);
  });

  test('a refused request changes nothing', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    await sandbox.control('PUT tokens/some-token', { state: 'refused' });
    expect((await sandbox.produce(token)).status).toBe(401);
    await sandbox.control('PUT tokens/some-token', { state: 'good' });
    expect((await sandbox.production(token)).body.status).toBe('READY');
  });
});

describe('POST /oauth/token', () => {
  test('client credentials return a token that expires by the virtual clock', async () => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await grant(sandbox, { grant_type: 'client_credentials' });
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 43_199,
      expires_at: at(43_199_000),
      scope: 'transfers',
    });
    sandbox.instance.advance(43_198_999);
    expect((await statusWith(sandbox, `Bearer ${body.access_token}`))[0]).toBe(200);
    sandbox.instance.advance(1);
    expect((await statusWith(sandbox, `Bearer ${body.access_token}`))[1].error_description).toBe(
      'Access token expired',
    );
  });

  test.each([
    { grant_type: 'refresh_token', refresh_token: 'any' },
    {
      grant_type: 'authorization_code',
      client_id: 'client',
      code: 'c',
      redirect_uri: 'https://bank.example',
    },
    { grant_type: 'registration_code', client_id: 'client', email: 'a@bank.example', registration_code: 'c' },
  ])('$grant_type gives a user token', async (fields) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await grant(sandbox, fields);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: 'bearer',
      refresh_token: expect.any(String),
      refresh_token_expires_in: 628_639_555,
      refresh_token_expires_at: at(628_639_555_000),
      created_at: at(0),
    });
    const again = await grant(sandbox, { grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(again.body.access_token).not.toBe(body.access_token);
    // Each kind is valid for its own purpose only.
    expect((await statusWith(sandbox, `Bearer ${body.refresh_token}`))[0]).toBe(401);
    expect(
      (await grant(sandbox, { grant_type: 'refresh_token', refresh_token: body.access_token })).status,
    ).toBe(401);
  });

  test('a refresh token that was declared invalid, or is 20 years old, is refused', async () => {
    const sandbox = await TestSandbox.open();
    await sandbox.control('PUT tokens/old', { state: 'expired' });
    const refused = await grant(sandbox, { grant_type: 'refresh_token', refresh_token: 'old' });
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_grant']);
    const { body } = await grant(sandbox, { grant_type: 'refresh_token', refresh_token: 'any' });
    sandbox.instance.advance(628_639_555_000);
    expect(
      (await grant(sandbox, { grant_type: 'refresh_token', refresh_token: body.refresh_token })).status,
    ).toBe(401);
  });

  test.each([
    [{}, 'invalid_request'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token' }, 'invalid_request'],
    [{ grant_type: 'authorization_code', code: 'c' }, 'invalid_request'],
    [
      { grant_type: 'registration_code', client_id: 'c', email: 'nobody', registration_code: 'c' },
      'invalid_request',
    ],
  ])('%j is 400 %s', async (fields, error) => {
    const sandbox = await TestSandbox.open();
    const { status, body } = await grant(sandbox, fields);
    expect([status, body.error]).toEqual([400, error]);
  });

  test('a token request needs client id and secret, and a form', async () => {
    const sandbox = await TestSandbox.open();
    for (const authorization of [
      'Bearer x',
      'Basic',
      'Basic ???',
      `Basic ${Buffer.from('client').toString('base64')}`,
      `Basic ${Buffer.from(':s').toString('base64')}`,
    ]) {
      const { status, body } = await grant(sandbox, { grant_type: 'client_credentials' }, authorization);
      expect([status, body.error]).toEqual([401, 'invalid_client']);
    }
    const json = await sandbox.call('POST /oauth/token', { body: {}, headers: { authorization: BASIC } });
    expect(json.status).toBe(415);
  });
});

async function visit(sandbox: TestSandbox, query: Record<string, string>): Promise<Response> {
  const address = `${sandbox.url}/oauth/authorize/?${new URLSearchParams(query).toString()}`;
  return fetch(address, { redirect: 'manual' });
}

describe('the authorization page', () => {
  const TARGET = 'http://127.0.0.1:8976/callback?kept=yes';

  async function codeOf(sandbox: TestSandbox): Promise<string> {
    const { headers } = await visit(sandbox, { client_id: 'client', redirect_uri: TARGET });
    return new URL(headers.get('location') ?? '').searchParams.get('code') ?? '';
  }

  const redeem = (sandbox: TestSandbox, code: string) =>
    grant(sandbox, { grant_type: 'authorization_code', client_id: 'client', code, redirect_uri: TARGET });

  test('the authorization page redirects with a code, the state and a profile', async () => {
    const sandbox = await TestSandbox.open();
    const { status, headers } = await visit(sandbox, {
      client_id: 'client',
      redirect_uri: TARGET,
      state: 'a b',
    });
    expect(status).toBe(302);
    const location = new URL(headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe('http://127.0.0.1:8976/callback');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      kept: 'yes',
      code: expect.any(String),
      state: 'a b',
      profileId: '1001',
    });
  });

  test('the authorization page issues a code that is valid once, for half an hour, and only for a token', async () => {
    const sandbox = await TestSandbox.open();
    await sandbox.control('PUT token-policy', { policy: 'listed' });
    const code = await codeOf(sandbox);
    expect((await statusWith(sandbox, `Bearer ${code}`))[0]).toBe(401);
    expect((await redeem(sandbox, code)).status).toBe(200);
    expect((await redeem(sandbox, code)).body.error).toBe('invalid_grant');
    const late = await codeOf(sandbox);
    sandbox.instance.advance(1_800_000);
    expect((await redeem(sandbox, late)).status).toBe(401);
    expect((await redeem(sandbox, 'made-up')).status).toBe(401);
  });

  test.each([{}, { client_id: 'client' }, { client_id: 'client', redirect_uri: 'nowhere' }])(
    'an authorization request with %j is 400',
    async (query) => {
      expect((await visit(await TestSandbox.open(), query)).status).toBe(400);
    },
  );
});
