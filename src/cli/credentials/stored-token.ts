import { asFailure, Failure } from '../../domain/failure.ts';
import { type FetchedToken, KeptToken, renewUserToken } from '../../wise/tokens.ts';
import type { ChainWorld } from './chain.ts';
import type { Login, StoredUser } from './logins.ts';

/** One that ends sooner is renewed; in milliseconds. */
const MARGIN_MS = 60_000;

/**
 * The token of a login. It is renewed where it is stored, by one process at a time: the next one takes what the first
 * one fetched, because renewing may end the token that was there.
 */
export class StoredToken {
  readonly kept: KeptToken;
  readonly #name: string;
  readonly #world: ChainWorld;

  constructor(name: string, world: ChainWorld) {
    this.#name = name;
    this.#world = world;
    this.kept = new KeptToken(
      async (refused) => this.#fetch(refused),
      () => world.clock.now(),
    );
  }

  async #fetch(refused: string | null): Promise<FetchedToken> {
    const { logins } = this.#world;
    const { user } = await this.#read();
    if (this.#isGood(user, refused)) return this.#asFetched(user);
    return logins.exclusively(async () => {
      // Meanwhile another process may have renewed it.
      const { user: latest, isPlain } = await this.#read();
      if (this.#isGood(latest, refused)) return this.#asFetched(latest);
      const renewed = await this.#renew(latest);
      await this.#keep(renewed, isPlain);
      return this.#asFetched(renewed);
    });
  }

  /** Where nothing can be written, this command goes on with the token; the next one renews it again. */
  async #keep(user: StoredUser, isPlain: boolean): Promise<void> {
    try {
      await this.#world.logins.add({ user }, { isPlain });
    } catch (error) {
      this.#world.say(`The renewed token can't be kept: ${asFailure(error).message}`, true);
    }
  }

  #isGood({ accessToken, endsAt }: StoredUser, refused: string | null): boolean {
    return accessToken !== refused && endsAt - this.#world.clock.now() > MARGIN_MS;
  }

  async #read(): Promise<{ user: StoredUser; isPlain: boolean }> {
    const found = await this.#world.logins.find();
    const user = found?.login.user;
    if (!found || !user) throw this.#gone('it was logged out');
    for (const secret of secretsOf(found.login)) this.#world.hide(secret);
    return { user, isPlain: found.place.isPlain };
  }

  async #renew(user: StoredUser): Promise<StoredUser> {
    const { findClient, client, clock, signal, hide } = this.#world;
    const { refreshToken } = user;
    if (refreshToken === null) throw this.#gone('its token has ended, and it has none to renew it with');
    const { client: application } = await findClient();
    const renewed = await renewUserToken(client(), {
      client: application,
      refreshToken,
      source: this.#name,
      signal,
    });
    hide(renewed.token);
    if (renewed.refreshToken !== null) hide(renewed.refreshToken);
    return {
      ...user,
      accessToken: renewed.token,
      endsAt: clock.now() + renewed.lifetime,
      refreshToken: renewed.refreshToken ?? refreshToken,
    };
  }

  #asFetched({ accessToken, endsAt }: StoredUser): FetchedToken {
    return { token: accessToken, lifetime: endsAt - this.#world.clock.now() };
  }

  #gone(why: string): Failure {
    return new Failure('credentials-unusable', `There is no token in ${this.#name}: ${why}.`, {
      hint: 'Log in again: kioskctl login',
    });
  }
}

/** All that must never be shown of a login. */
export function secretsOf({ client, user }: Login): string[] {
  return [client?.clientSecret, user?.accessToken, user?.refreshToken].flatMap((secret) => secret ?? []);
}
