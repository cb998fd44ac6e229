import type * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import { userTokenAnswer } from '../wire/tokens.ts';
import type { Client } from './client.ts';

/** What an application shows for itself. */
export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

/** A token that is this close to its end is not used any more; milliseconds. */
const MARGIN_MS = 60_000;
/** The same for an act, whose look was made right before it. */
const ACT_MARGIN_MS = 10_000;
/** 12 hours, for an answer that doesn't say. Source: the vendor's reference. */
const LIFETIME_MS = 43_199_000;

/** A token as it was fetched; its lifetime is in milliseconds, from now on. */
export interface FetchedToken {
  token: string;
  lifetime: number;
}

/** A user's token, and with what it is renewed. */
export interface UserToken extends FetchedToken {
  refreshToken: string | null;
}

export interface GrantOptions {
  client: ClientCredentials;
  /** Where what is shown comes from, for messages. */
  source: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds for all tries: none is begun after them. */
  patience?: number;
}

/**
 * Fetches the token of an application (grant `client_credentials`).
 * @throws Failure `credentials-refused`, and what `Client.read` throws
 */
export async function fetchClientToken(wise: Client, options: GrantOptions): Promise<FetchedToken> {
  return fetched(await grant(wise, { ...options, form: { grant_type: 'client_credentials' } }));
}

/**
 * Renews a user's token (grant `refresh_token`).
 * @throws Failure `credentials-refused`, and what `Client.read` throws
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
 * Fetches a user's token for the code that came back from the vendor's authorization page (grant `authorization_code`).
 * A code is good for once, so this is not repeated.
 * @throws Failure `credentials-refused`, and what `Client.read` throws
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
  const { client, form, signal, patience, retry = true } = options;
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
      { signal, retry, ...(patience !== undefined && { patience }) },
    );
  } catch (error) {
    throw error instanceof Failure && isRefusal(error) ? refused(error, options) : error;
  }
}

type TokenAnswer = v.InferOutput<typeof userTokenAnswer>;

function fetched({ access_token: token, expires_in: seconds }: TokenAnswer): FetchedToken {
  return { token, lifetime: seconds === null ? LIFETIME_MS : seconds * 1_000 };
}

/** A token that is fetched at its first use, and again before it ends. Who wants it meanwhile shares the fetching. */
export class KeptToken {
  readonly #fetch: (refused: string | null) => Promise<FetchedToken>;
  readonly #now: () => number;
  #kept: { token: string; endsAt: number; lifetime: number } | null = null;
  #pending: Promise<string> | null = null;

  /**
   * @param fetch is told the token that the API refused, if that is why
   * @param now milliseconds since the epoch
   */
  constructor(fetch: (refused: string | null) => Promise<FetchedToken>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** When the token that is kept ends, in milliseconds since the epoch; null where none was fetched or it never ends. */
  get endsAt(): number | null {
    return this.#kept && Number.isFinite(this.#kept.endsAt) ? this.#kept.endsAt : null;
  }

  /**
   * @param isAct nothing slow may come between the last look at a card and its sending: the look made sure already that
   * the token lasts a minute
   * @throws what fetching it throws; the next call tries again
   */
  async get({ isAct = false } = {}): Promise<string> {
    if (this.#pending) return this.#pending;
    const kept = this.#kept;
    // One that never lasts longer is not fetched for each request.
    const margin = Math.min(isAct ? ACT_MARGIN_MS : MARGIN_MS, (kept?.lifetime ?? 0) / 2);
    if (kept && this.#now() <= kept.endsAt - margin) return kept.token;
    return this.#renew(null);
  }

  /**
   * Fetches another token in place of one that the API refused, unless that happened already.
   * @returns whether there is another one
   */
  async replace(refused: string): Promise<boolean> {
    const current = await (this.#pending ?? this.#kept?.token);
    const isOther = current !== undefined && current !== refused;
    return isOther || (await this.#renew(refused)) !== refused;
  }

  async #renew(refused: string | null): Promise<string> {
    this.#pending ??= this.#fetchNow(refused).finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #fetchNow(refused: string | null): Promise<string> {
    this.#kept = null;
    const { token, lifetime } = await this.#fetch(refused);
    this.#kept = { token, endsAt: this.#now() + lifetime, lifetime };
    return token;
  }
}

/** OAuth says 400 for a grant that is none; the vendor says 401. */
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
    hint: 'It may have been withdrawn, or belong to another application or environment: get another one, or log in again.',
  },
  authorization_code: {
    what: 'authorization code',
    hint: 'A code is good once, and for a short time: log in again.',
  },
};

function refused({ details }: Failure, { form, source }: Grant): Failure {
  const { grant_type: type } = form;
  const isOfGrant = details?.errorCode === 'invalid_grant';
  const isUsers = type === 'refresh_token' || type === 'authorization_code';
  const { what, hint } = REFUSED[isOfGrant && isUsers ? type : 'client'];
  const message = `The API refused the ${what} of ${source}.`;
  return new Failure('credentials-refused', message, { hint, ...(details && { details }) });
}
