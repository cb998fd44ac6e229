import * as v from 'valibot';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { tokenRequest } from '../../wire/tokens.ts';
import { type Moment, readSandboxRow } from '../state/tables/clock.ts';
import { drawUuid, findToken, putToken, type TokenRow } from '../state/tables/tokens.ts';
import { type Answer, oauthError } from './answers.ts';
import type { Call } from './input.ts';

/** Lifetime of an access token in seconds: 12 hours, as Wise returns it. */
const ACCESS_LIFETIME_S = 43_199;

/** Lifetime of a refresh token in seconds: about 20 years, as Wise returns it. */
const REFRESH_LIFETIME_S = 628_639_555;

/** Lifetime of an authorization code in seconds: 30 minutes. Source: Wise's guide to its authorization page. */
const CODE_LIFETIME_S = 1_800;

/** The profile to which the authorization page grants access. */
const GRANTING_PROFILE = 1001;

/** Schema of a token request. As in Wise's schema, a registration must have an email address. */
const grant = v.pipe(
  tokenRequest,
  v.forward(
    v.check((fields) => !('email' in fields) || /^\S+@\S+$/.test(fields.email), 'must be an email address'),
    ['email'],
  ),
);

/** Accepts any valid bearer token, whichever client it was issued to. @throws Refusal 401 */
export function checkBearer(moment: Moment, authorization: string | undefined): void {
  const token = bearerOf(authorization);
  if (token === undefined) throw invalidToken('A bearer token is required');
  const verdict = judge(moment, token, 'access');
  if (verdict === 'expired') throw invalidToken('Access token expired');
  if (verdict === 'refused') throw invalidToken('Invalid access token');
}

/** Returns the client to which the request's bearer token was issued; null if this sandbox did not issue it. */
export function clientOf({ db, headers }: Call): string | null {
  return findToken(db, bearerOf(headers.authorization) ?? '')?.clientId ?? null;
}

/** Accepts any client id and secret. @throws Refusal 401 */
export function checkBasic(authorization: string | undefined): void {
  if (basicClientOf(authorization) === null)
    throw oauthError(401, 'invalid_client', 'Client id and secret are required');
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/** Returns the client id of basic authentication; null if id or secret is missing. */
function basicClientOf(authorization: string | undefined): string | null {
  const [, encoded = ''] = /^Basic +([\w+/]+={0,2})$/i.exec(authorization ?? '') ?? [];
  return /^([^:]+):.+$/s.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1] ?? null;
}

/** `POST /oauth/token` */
export function createToken(call: Call): Answer {
  const request = grantOf(call.body);
  if (request.grant_type === 'client_credentials')
    return { status: 200, body: issueAccess(call), effect: true };
  if (request.grant_type === 'refresh_token' && judge(call, request.refresh_token, 'refresh') !== 'good')
    throw oauthError(401, 'invalid_grant', 'Invalid refresh token');
  if (request.grant_type === 'authorization_code') redeem(call, request.code);
  return {
    status: 200,
    body: { ...issueAccess(call), ...issueRefresh(call), created_at: utcTime(call.at) },
    effect: true,
  };
}

/** `GET /oauth/authorize/`, the authorization page of Wise. Grants access immediately. @throws Refusal 400 */
export function authorize(call: Call): Answer {
  const target = call.query.get('redirect_uri') ?? '';
  if (!call.query.get('client_id') || !URL.canParse(target))
    throw oauthError(400, 'invalid_request', 'Missing client id or redirect URI');
  const expiresAt = call.at + CODE_LIFETIME_S * 1_000;
  const location = new URL(target);
  location.searchParams.set('code', issue(call, { kind: 'code', state: 'good', expiresAt }));
  const state = call.query.get('state');
  if (state !== null) location.searchParams.set('state', state);
  location.searchParams.set('profileId', String(GRANTING_PROFILE));
  return { status: 302, headers: { Location: location.href }, effect: true };
}

/** Consumes an authorization code. @throws Refusal 401 */
function redeem(call: Call, code: string): void {
  if (judge(call, code, 'code') !== 'good')
    throw oauthError(401, 'invalid_grant', 'Invalid authorization code');
  putToken(call.db, code, { kind: 'code', state: 'refused', expiresAt: null, clientId: null });
}

/** Validates a token request. @throws Refusal 400 with an OAuth error body */
function grantOf(body: unknown): v.InferOutput<typeof tokenRequest> {
  const result = v.safeParse(grant, body);
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0]) ?? '';
  const grantType = v.is(v.object({ grant_type: v.string() }), body);
  if (!grantType) throw oauthError(400, 'invalid_request', 'Missing grant type');
  if (field === 'grant_type') throw oauthError(400, 'unsupported_grant_type', 'Unsupported grant type');
  throw oauthError(400, 'invalid_request', `Missing or invalid ${field}`);
}

function issueAccess(call: Call): Record<string, unknown> {
  const expiresAt = call.at + ACCESS_LIFETIME_S * 1_000;
  return {
    access_token: issue(call, { kind: 'access', state: 'good', expiresAt }),
    token_type: 'bearer',
    expires_in: ACCESS_LIFETIME_S,
    expires_at: utcTime(expiresAt),
    scope: 'transfers',
  };
}

function issueRefresh(call: Call): Record<string, unknown> {
  const expiresAt = call.at + REFRESH_LIFETIME_S * 1_000;
  return {
    refresh_token: issue(call, { kind: 'refresh', state: 'good', expiresAt }),
    refresh_token_expires_in: REFRESH_LIFETIME_S,
    refresh_token_expires_at: utcTime(expiresAt),
  };
}

function issue({ db, headers }: Call, row: Omit<TokenRow, 'clientId'>): string {
  const token = drawUuid(db);
  putToken(db, token, { ...row, clientId: basicClientOf(headers.authorization) });
  return token;
}

/** Returns the state of a token. The token policy decides on unknown tokens. */
function judge({ db, at }: Moment, token: string, kind: TokenRow['kind']): TokenRow['state'] {
  const row = findToken(db, token);
  if (!row) return readSandboxRow(db).token_policy === 'any' ? 'good' : 'refused';
  if (row.kind !== null && row.kind !== kind) return 'refused';
  return row.expiresAt !== null && row.expiresAt <= at ? 'expired' : row.state;
}

function invalidToken(description: string): Error {
  return oauthError(401, 'invalid_token', description);
}
