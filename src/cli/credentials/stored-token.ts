import { createHash } from 'node:crypto';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import type { Left } from '../../wise/client.ts';
import { CachedToken, type FetchedToken, renewUserToken } from '../../wise/tokens.ts';
import type { Login, StoredUser } from './login-store.ts';
import type { ChainWorld } from './token-chain.ts';

/** Remaining lifetime below which a token is renewed, in milliseconds. */
const MARGIN_MS = 60_000;
/** Timeout of a renewal, in milliseconds. It is below 30 seconds, after which other processes ignore the lock. */
const PATIENCE_MS = 15_000;
/** Minimum timeout of a renewal, even near the command's deadline: a lost response may invalidate the refresh token. */
const LEAST_PATIENCE_MS = 5_000;

/** Where the tokens of a user are stored within a login. */
interface Slot {
  /**
   * Returns the tokens; null for none.
   * @param login null if no login is stored
   * @throws Failure if the original refresh token is unusable
   */
  read(login: Login | null): StoredUser | null;
  /** Returns the login with renewed tokens; null if they need not be stored. */
  write(user: StoredUser, login: Login | null): Login | null;
  /** True if the tokens can be used without the stored login. A login that is unreadable is then ignored. */
  isOptional: boolean;
  /** False if renewed tokens are used only by this command. */
  isStored: boolean;
}

export const LOGIN_SLOT: Slot = {
  read: (login) => login?.user ?? null,
  write: (user) => ({ user }),
  isOptional: false,
  isStored: true,
};

/**
 * Creates a slot for a refresh token from the user's environment. The slot stores the renewed tokens, because the
 * original may be valid only once.
 * @param given returns the original refresh token
 * @throws Failure
 */
export function successorSlot(
  given: () => string,
  { profileId, isStored }: { profileId: number | null; isStored: boolean },
): Slot {
  const key = String(profileId);
  const hash = () => createHash('sha256').update(given()).digest('hex');
  return {
    read: (login) => {
      const found = login?.successors?.[key];
      const unused = { profileId, accessToken: '', endsAt: 0, refreshToken: given() };
      return found?.originHash === hash() ? found.user : unused;
    },
    write: (user, login) =>
      user.refreshToken === given()
        ? null
        : { successors: { ...login?.successors, [key]: { originHash: hash(), user } } },
    isOptional: true,
    isStored,
  };
}

/**
 * A user token that is renewed with a refresh token, which may be valid only once. One process at a time renews the
 * token and stores it; the others use the stored one. Neither a deadline nor the first signal aborts a renewal.
 */
export class StoredToken {
  readonly token: CachedToken;
  readonly #name: string;
  readonly #slot: Slot;
  readonly #world: ChainWorld;
  /** Renewed tokens that could not be stored; null for none. */
  #unstored: StoredUser | null = null;

  constructor(name: string, slot: Slot, world: ChainWorld) {
    this.#name = name;
    this.#slot = slot;
    this.#world = world;
    this.token = new CachedToken(
      async (refused, left) => this.#fetch(refused, left),
      () => world.calendar.now(),
    );
  }

  async #fetch(refused: string | null, left: Left): Promise<FetchedToken> {
    const { logins } = this.#world;
    const user = await this.#read();
    if (this.#isGood(user, refused)) return this.#asFetched(user);
    if (!this.#slot.isStored) {
      this.#unstored = await this.#renew(user, left);
      return this.#asFetched(this.#unstored);
    }
    return logins.exclusively(async () => {
      // Another process may have renewed the token meanwhile.
      const latest = await this.#read();
      if (this.#isGood(latest, refused)) return this.#asFetched(latest);
      const renewed = await this.#renew(latest, left);
      await this.#store(renewed, latest.refreshToken);
      return this.#asFetched(renewed);
    }, left);
  }

  /**
   * Stores renewed tokens. If this fails, the command still uses them.
   * @param renewedFrom the refresh token with which they were requested
   */
  async #store(user: StoredUser, renewedFrom: string | null): Promise<void> {
    const { logins, say } = this.#world;
    try {
      const found = await this.#find();
      const login = found?.login ?? null;
      // The user may have logged out, or logged in again, meanwhile.
      if (!this.#unstored && this.#slot.read(login)?.refreshToken !== renewedFrom) return;
      const renewed = this.#slot.write(user, login);
      if (renewed === null) return;
      this.#unstored = user;
      const place = await logins.add(renewed, { isPlain: found?.place.isPlain });
      this.#unstored = null;
      if (place.isPlain && found && !found.place.isPlain)
        say(`The keyring can't be written: the login is now in plain text in ${place.name}.`, true);
    } catch (error) {
      const { message } = asFailure(error);
      say(`The renewed token can't be stored: ${message}`, !this.#slot.isOptional);
    }
  }

  #isGood({ accessToken, endsAt, lifetime }: StoredUser, refused: string | null): boolean {
    // Halved for short-lived tokens, which every command would otherwise renew.
    const margin = Math.min(MARGIN_MS, (lifetime ?? Number.POSITIVE_INFINITY) / 2);
    return accessToken !== refused && endsAt - this.#world.calendar.now() > margin;
  }

  async #read(): Promise<StoredUser> {
    if (this.#unstored) return this.#unstored;
    const found = await this.#find();
    const user = this.#slot.read(found?.login ?? null);
    if (!user) throw this.#gone('it was logged out');
    for (const secret of found ? secretsOf(found.login) : []) this.#world.hide(secret);
    return user;
  }

  async #find(): ReturnType<ChainWorld['logins']['find']> {
    const found = this.#world.logins.find();
    return this.#slot.isOptional ? found.catch(() => null) : found;
  }

  async #renew(user: StoredUser, left: Left): Promise<StoredUser> {
    const { findClient, client, calendar, stopwatch, hide } = this.#world;
    const { refreshToken } = user;
    if (refreshToken === null) throw this.#gone('its token has expired, and it has no refresh token');
    const { client: application } = await findClient();
    const end = stopwatch.after(Math.min(PATIENCE_MS, Math.max(LEAST_PATIENCE_MS, left())));
    const renewed = await renewUserToken(client(), {
      client: application,
      refreshToken,
      source: this.#name,
      left: () => stopwatch.until(end),
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

/** Returns the secrets in a login, for redaction. */
function secretsOf({ client, user, successors = {} }: Login): string[] {
  const users = [user, ...Object.values(successors).map((one) => one.user)];
  const tokens = users.flatMap((one) => [one?.accessToken, one?.refreshToken]);
  return [client?.clientSecret, ...tokens].flatMap((secret) => secret ?? []);
}
