import type * as v from 'valibot';
import { Failure, failure, Outage } from '../domain/errors/failure.ts';
import { LONGEST_TIMER_MS } from '../domain/times/duration.ts';
import { userTokenAnswer } from '../wire/tokens.ts';
import type { Client } from './client.ts';
import { type Left, UNLIMITED } from './try.ts';

export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

/** Remaining lifetime below which a token is renewed, in milliseconds. */
const MARGIN_MS = 60_000;
/**
 * Remaining lifetime below which a token is renewed before a request with an effect, in milliseconds. It can be short,
 * because the preceding read has already renewed a token that would expire soon.
 */
const ACT_MARGIN_MS = 10_000;
/** Default lifetime if a response contains none: 12 hours. Source: Wise's API reference. */
const LIFETIME_MS = 43_199_000;

export interface FetchedToken {
  token: string;
  /** Lifetime in milliseconds. */
  lifetime: number;
}

export interface UserToken extends FetchedToken {
  refreshToken: string | null;
}

interface GrantOptions {
  client: ClientCredentials;
  /** Source of the credentials, for messages. */
  source: string;
  signal?: AbortSignal | undefined;
  /** Remaining time. Default: unlimited. */
  left?: Left;
}

/**
 * Requests an application token (grant `client_credentials`).
 * @throws Failure `credentials-refused`, and the errors of `Client.read`
 */
export async function fetchClientToken(wise: Client, options: GrantOptions): Promise<FetchedToken> {
  return fetched(await grant(wise, { ...options, form: { grant_type: 'client_credentials' } }));
}

/**
 * Requests a new user token with a refresh token (grant `refresh_token`).
 * @throws Failure `credentials-refused`, and the errors of `Client.read`
 */
export async function renewUserToken(
  wise: Client,
  { refreshToken, ...options }: GrantOptions & { refreshToken: string },
): Promise<UserToken> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const answer = await grant(wise, { ...options, form });
  return { ...fetched(answer), refreshToken: answer.refresh_token };
}

/**
 * Requests a user token with an authorization code (grant `authorization_code`). Not retried, because a code can be
 * used only once.
 * @throws Failure `credentials-refused`, and the errors of `Client.read`
 */
export async function redeemCode(
  wise: Client,
  { code, redirectUri, ...options }: GrantOptions & { code: string; redirectUri: string },
): Promise<UserToken> {
  const { clientId } = options.client;
  const form = { grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: redirectUri };
  const answer = await grant(wise, { ...options, form, retry: false });
  return { ...fetched(answer), refreshToken: answer.refresh_token };
}

interface Grant extends GrantOptions {
  form: Readonly<Record<string, string>>;
  retry?: boolean;
}

async function grant(wise: Client, options: Grant): Promise<TokenAnswer> {
  const { client, form, signal, left, retry = true } = options;
  const pair = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64');
  try {
    return await wise.read(
      {
        method: 'POST',
        path: '/oauth/token',
        profileId: 'application',
        authorization: `Basic ${pair}`,
        form,
        schema: userTokenAnswer,
      },
      { signal, retry, left },
    );
  } catch (error) {
    throw error instanceof Failure && isRefusal(error) ? refused(error, options) : error;
  }
}

type TokenAnswer = v.InferOutput<typeof userTokenAnswer>;

function fetched({ access_token: token, expires_in: seconds }: TokenAnswer): FetchedToken {
  return { token, lifetime: seconds === null ? LIFETIME_MS : seconds * 1_000 };
}

/** Requests a token. @param refused the token that the API rejected; null for none */
type Fetch = (refused: string | null, left: Left) => Promise<FetchedToken>;

/** Waits for a token request that several callers share. @throws Outage if this caller's time is over first */
async function within(left: Left, fetch: Promise<string>): Promise<string> {
  const limit = left();
  if (limit > LONGEST_TIMER_MS) return fetch;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(notRenewedInTime()), Math.max(0, limit));
  return Promise.race([fetch, late]).finally(() => clearTimeout(timer));
}

export function notRenewedInTime(): Outage {
  const hint = 'Allow more time with --timeout, or see why with --debug.';
  return new Outage('unreachable', 'The token was not renewed in time.', { hint });
}

/** A token that is requested at its first use, and renewed before it expires. Concurrent callers share one request. */
export class CachedToken {
  readonly #fetch: Fetch;
  readonly #now: () => number;
  #cached: { token: string; endsAt: number; lifetime: number } | null = null;
  #pending: Promise<string> | null = null;
  /** Remaining times of the callers that wait for the pending request. The longest one limits the request. */
  #budgets: Left[] = [];

  /** @param now returns milliseconds since the epoch */
  constructor(fetch: Fetch, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Expiry of the cached token in milliseconds since the epoch; null without a token, or if it does not expire. */
  get endsAt(): number | null {
    return this.#cached && Number.isFinite(this.#cached.endsAt) ? this.#cached.endsAt : null;
  }

  /**
   * Returns a valid token.
   * @param isAct true for a request with an effect, which a renewal should not delay: the token is then renewed only in
   * its last seconds
   * @throws the error of the token request; the next call tries again
   */
  async get({ isAct = false, left = UNLIMITED } = {}): Promise<string> {
    if (this.#pending) return this.#renew(null, left);
    const cached = this.#cached;
    // Halved for short-lived tokens, which would otherwise be renewed for each request.
    const margin = Math.min(isAct ? ACT_MARGIN_MS : MARGIN_MS, (cached?.lifetime ?? 0) / 2);
    if (cached && this.#now() <= cached.endsAt - margin) return cached.token;
    return this.#renew(null, left);
  }

  /** Replaces a rejected token, unless another caller already has. @returns true if there is a new token */
  async replace(refused: string, left: Left = UNLIMITED): Promise<boolean> {
    const current = await (this.#pending ? this.#renew(refused, left) : this.#cached?.token);
    const isOther = current !== undefined && current !== refused;
    return isOther || (await this.#renew(refused, left)) !== refused;
  }

  async #renew(refused: string | null, left: Left): Promise<string> {
    this.#budgets.push(left);
    const longest = () => Math.max(...this.#budgets.map((one) => one()));
    this.#pending ??= this.#fetchNow(refused, longest).finally(() => {
      this.#pending = null;
      this.#budgets = [];
    });
    return within(left, this.#pending);
  }

  async #fetchNow(refused: string | null, left: Left): Promise<string> {
    this.#cached = null;
    const { token, lifetime } = await this.#fetch(refused, left);
    this.#cached = { token, endsAt: this.#now() + lifetime, lifetime };
    return token;
  }
}

/** True if Wise rejected the grant. OAuth requires the status 400, but Wise sends 401. */
function isRefusal({ code, details }: Failure): boolean {
  return code === 'credentials-refused' || details?.errorCode === 'invalid_grant';
}

const REFUSED = {
  client: {
    what: 'client id and secret',
    hint: 'Check KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET (or log in again), and that they belong to this environment.',
  },
  refresh_token: {
    what: 'refresh token',
    hint: 'It may be used up (each use may replace it), withdrawn, or of another application or environment: get another one, or log in again.',
  },
  authorization_code: {
    what: 'authorization code',
    hint: 'A code can be used once, within a short time: log in again.',
  },
};

function refused({ details }: Failure, { form, source }: Grant): Failure {
  const { grant_type: type } = form;
  const isOfGrant = details?.errorCode === 'invalid_grant';
  const isUsers = type === 'refresh_token' || type === 'authorization_code';
  const { what, hint } = REFUSED[isOfGrant && isUsers ? type : 'client'];
  const message = `The API refused the ${what} of ${source}.`;
  return failure('credentials-refused', message, hint, details);
}
