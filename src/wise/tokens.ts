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
): Promise<{ token: string; lifetime: number }> {
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

/** The application's token, fetched at its first use and again before it expires. */
export class ClientToken {
  readonly #fetch: () => Promise<{ token: string; lifetime: number }>;
  readonly #now: () => number;
  #fetched: Promise<string> | null = null;
  #expiresAt = 0;

  /** @param now milliseconds since the epoch */
  constructor(fetch: () => Promise<{ token: string; lifetime: number }>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** @throws what fetching it throws; the next call tries again */
  get(): Promise<string> {
    if (!this.#fetched || this.#now() > this.#expiresAt) this.#fetched = this.#renew();
    return this.#fetched;
  }

  async #renew(): Promise<string> {
    this.#expiresAt = Number.POSITIVE_INFINITY;
    try {
      const { token, lifetime } = await this.#fetch();
      this.#expiresAt = this.#now() + lifetime - MARGIN_MS;
      return token;
    } catch (error) {
      this.#fetched = null;
      throw error;
    }
  }
}

function refused({ details }: Failure): Failure {
  return new Failure('credentials-refused', 'The API refused the client id and secret.', {
    hint: 'Check KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, and that they belong to this environment.',
    ...(details && { details }),
  });
}
