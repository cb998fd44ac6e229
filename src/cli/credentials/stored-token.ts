import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import type { Left } from '../../wise/client.ts';
import { CachedToken, type FetchedToken, renewUserToken } from '../../wise/tokens.ts';
import type { Login, StoredUser } from './login-store.ts';
import type { ChainWorld } from './token-chain.ts';

/** A token that expires sooner is renewed. */
const MARGIN_MS = 60_000;
/** The time limit of a renewal: after 30 seconds, other processes ignore its lock. */
const PATIENCE_MS = 15_000;

/**
 * The token of a stored login. One process at a time renews it, and the others use the new token, because renewing may
 * end the old one.
 */
export class StoredToken {
  readonly token: CachedToken;
  readonly #name: string;
  readonly #world: ChainWorld;

  constructor(name: string, world: ChainWorld) {
    this.#name = name;
    this.#world = world;
    this.token = new CachedToken(
      async (refused, left) => this.#fetch(refused, left),
      () => world.calendar.now(),
    );
  }

  async #fetch(refused: string | null, left: Left): Promise<FetchedToken> {
    const { logins } = this.#world;
    const { user } = await this.#read();
    if (this.#isGood(user, refused)) return this.#asFetched(user);
    return logins.exclusively(async () => {
      // Another process may have renewed it meanwhile.
      const { user: latest, isPlain } = await this.#read();
      if (this.#isGood(latest, refused)) return this.#asFetched(latest);
      const renewed = await this.#renew(latest, left);
      await this.#store(renewed, { renewedFrom: latest.refreshToken, isPlain });
      return this.#asFetched(renewed);
    }, left);
  }

  /** Stores a renewed token. If it can't be written, this command still uses it, and the next one renews it again. */
  async #store(user: StoredUser, { renewedFrom, isPlain }: StoreOptions): Promise<void> {
    const { logins, say } = this.#world;
    try {
      // The user may have logged out, or in again, meanwhile.
      if ((await logins.find())?.login.user?.refreshToken !== renewedFrom) return;
      const place = await logins.add({ user }, { isPlain });
      if (place.isPlain && !isPlain)
        say(`The keyring can't be written: the login is now in plain text in ${place.name}.`, true);
    } catch (error) {
      say(`The renewed token can't be kept: ${asFailure(error).message}`, true);
    }
  }

  #isGood({ accessToken, endsAt, lifetime }: StoredUser, refused: string | null): boolean {
    // A token that never lasts longer must not be renewed by each command.
    const margin = Math.min(MARGIN_MS, (lifetime ?? Number.POSITIVE_INFINITY) / 2);
    return accessToken !== refused && endsAt - this.#world.calendar.now() > margin;
  }

  async #read(): Promise<{ user: StoredUser; isPlain: boolean }> {
    const found = await this.#world.logins.find();
    const user = found?.login.user;
    if (!found || !user) throw this.#gone('it was logged out');
    for (const secret of secretsOf(found.login)) this.#world.hide(secret);
    return { user, isPlain: found.place.isPlain };
  }

  async #renew(user: StoredUser, left: Left): Promise<StoredUser> {
    const { findClient, client, calendar, stopwatch, signal, hide } = this.#world;
    const { refreshToken } = user;
    if (refreshToken === null) throw this.#gone('its token has ended, and it has none to renew it with');
    const { client: application } = await findClient();
    const end = stopwatch.after(PATIENCE_MS);
    const renewed = await renewUserToken(client(), {
      client: application,
      refreshToken,
      source: this.#name,
      signal,
      left: () => Math.min(left(), stopwatch.until(end)),
    });
    hide(renewed.token);
    if (renewed.refreshToken !== null) hide(renewed.refreshToken);
    return {
      ...user,
      accessToken: renewed.token,
      endsAt: calendar.now() + renewed.lifetime,
      lifetime: renewed.lifetime,
      refreshToken: renewed.refreshToken ?? refreshToken,
    };
  }

  #asFetched({ accessToken, endsAt }: StoredUser): FetchedToken {
    return { token: accessToken, lifetime: endsAt - this.#world.calendar.now() };
  }

  #gone(why: string): Failure {
    return failure(
      'credentials-unusable',
      `There is no token in ${this.#name}: ${why}.`,
      'Log in again: kioskctl login',
    );
  }
}

interface StoreOptions {
  /** The refresh token with which the token was fetched. */
  renewedFrom: string | null;
  /** True if the old token was in the file. */
  isPlain: boolean;
}

/** Returns the parts of a login that must never be shown. */
function secretsOf({ client, user }: Login): string[] {
  return [client?.clientSecret, user?.accessToken, user?.refreshToken].flatMap((secret) => secret ?? []);
}
