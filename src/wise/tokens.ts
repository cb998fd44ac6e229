import { Failure } from '../domain/failure.ts';
import { tokenAnswer } from '../wire/tokens.ts';
import type { Client } from './client.ts';

/** What an application shows for itself. */
export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

/** A token that is this close to its end is not used any more; milliseconds. */
const MARGIN_MS = 60_000;
/** 12 hours, for an answer that doesn't say. Source: the vendor's reference. */
const LIFETIME_MS = 43_199_000;

/**
 * Fetches the token of an application (grant `client_credentials`).
 * @returns the token, and how long it lasts in milliseconds
 * @throws Failure `credentials-refused`, and what `Client.read` throws
 */
export async function fetchClientToken(
  client: Client,
  { clientId, clientSecret }: ClientCredentials,
): Promise<FetchedToken> {
  const pair = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  try {
    const answer = await client.read({
      method: 'POST',
      path: '/oauth/token',
      profileId: 'application',
      authorization: `Basic ${pair}`,
      form: { grant_type: 'client_credentials' },
      schema: tokenAnswer,
    });
    const { access_token: token, expires_in: seconds } = answer;
    return { token, lifetime: seconds === null ? LIFETIME_MS : seconds * 1_000 };
  } catch (error) {
    throw error instanceof Failure && error.code === 'credentials-refused' ? refused(error) : error;
  }
}

/** A token as it was fetched; its lifetime is in milliseconds, from now on. */
export interface FetchedToken {
  token: string;
  lifetime: number;
}

/** A token that is fetched at its first use, and again before it ends. Who wants it meanwhile shares the fetching. */
export class KeptToken {
  readonly #fetch: (refused: string | null) => Promise<FetchedToken>;
  readonly #now: () => number;
  #kept: { token: string; endsAt: number; renewAt: number } | null = null;
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
   * the token doesn't end soon
   * @throws what fetching it throws; the next call tries again
   */
  async get({ isAct = false } = {}): Promise<string> {
    if (this.#pending) return this.#pending;
    const kept = this.#kept;
    if (kept && this.#now() <= (isAct ? kept.endsAt : kept.renewAt)) return kept.token;
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
    const endsAt = this.#now() + lifetime;
    // One that lasts two minutes is not fetched for each request.
    this.#kept = { token, endsAt, renewAt: endsAt - Math.min(MARGIN_MS, lifetime / 2) };
    return token;
  }
}

function refused({ details }: Failure): Failure {
  return new Failure('credentials-refused', 'The API refused the client id and secret.', {
    hint: 'Check KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, and that they belong to this environment.',
    ...(details && { details }),
  });
}
