import { createHash } from 'node:crypto';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import type { Left } from '../../wise/client.ts';
import { CachedToken, type FetchedToken, renewUserToken } from '../../wise/tokens.ts';
import type { Login, StoredUser } from './login-store.ts';
import type { ChainWorld } from './token-chain.ts';

/** A token that expires sooner is renewed. */
const MARGIN_MS = 60_000;
/** The time limit of a renewal: after 30 seconds, other processes ignore its lock. */
const PATIENCE_MS = 15_000;
/** The least time for a renewal, whatever is left for the command: without its answer, the refresh token may be used up. */
const LEAST_PATIENCE_MS = 5_000;

/** The place of a user's tokens in a stored login. */
export interface Slot {
  /** Finds the tokens. @param login null if nothing is stored @throws Failure for an origin that can't be used */
  read(login: Login | null): StoredUser | null;
  /** Returns the part of a login with renewed tokens; null if they need not be stored. */
  write(user: StoredUser, login: Login | null): Login | null;
  /** True if tokens are there without a login, which then may be unreadable. */
  isOptional: boolean;
  /** False if renewed tokens are only used by this command. */
  isStored: boolean;
}

export const LOGIN_SLOT: Slot = {
  read: (login) => login?.user ?? null,
  write: (user) => ({ user }),
  isOptional: false,
  isStored: true,
};

/**
 * Makes the slot for a refresh token that the user passes: it stores what replaced this token, so that the next command
 * does not use a token that was valid once.
 * @param given returns the refresh token @throws Failure
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
 * A token that is renewed with a refresh token, which may be valid once. One process at a time renews it and stores the
 * answer, and the others use that. A renewal is cut neither by a deadline nor by the first signal.
 */
export class StoredToken {
  readonly token: CachedToken;
  readonly #name: string;
  readonly #slot: Slot;
  readonly #world: ChainWorld;
  /** Renewed tokens that could not be stored. */
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
      // Another process may have renewed it meanwhile.
      const latest = await this.#read();
      if (this.#isGood(latest, refused)) return this.#asFetched(latest);
      const renewed = await this.#renew(latest, left);
      await this.#store(renewed, latest.refreshToken);
      return this.#asFetched(renewed);
    }, left);
  }

  /**
   * Stores renewed tokens. If they can't be written, this command still uses them.
   * @param renewedFrom the refresh token with which they were fetched
   */
  async #store(user: StoredUser, renewedFrom: string | null): Promise<void> {
    const { logins, say } = this.#world;
    try {
      const found = await this.#find();
      const login = found?.login ?? null;
      // The user may have logged out, or in again, meanwhile.
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
    // A token that never lasts longer must not be renewed by each command.
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

/** Returns the parts of a login that must never be shown. */
function secretsOf({ client, user, successors = {} }: Login): string[] {
  const users = [user, ...Object.values(successors).map((one) => one.user)];
  const tokens = users.flatMap((one) => [one?.accessToken, one?.refreshToken]);
  return [client?.clientSecret, ...tokens].flatMap((secret) => secret ?? []);
}
