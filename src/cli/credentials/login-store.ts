import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { notRenewedInTime } from '../../wise/tokens.ts';
import type { Settings } from '../settings/settings.ts';
import { locked, PATIENCE_MS, type Waiting } from './file-lock.ts';
import { credentialFile, openKeyring, type Place } from './secret-store.ts';

const user = v.object({
  /** Profile of the token; null for the profile of the context. */
  profileId: v.nullable(v.number()),
  accessToken: v.string(),
  /** Expiry of the access token, in milliseconds since the epoch. */
  endsAt: v.number(),
  /** null if Wise returned none: the login then expires with its access token. */
  refreshToken: v.nullable(v.string()),
  /** Lifetime of the access token in milliseconds. */
  lifetime: v.optional(v.number()),
});

const login = v.object({
  client: v.optional(v.object({ clientId: v.string(), clientSecret: v.string() })),
  user: v.optional(user),
  /**
   * Renewed tokens by profile. Their original refresh tokens are stored elsewhere, for example in
   * KIOSKCTL_REFRESH_TOKEN.
   */
  successors: v.optional(v.record(v.string(), v.object({ originHash: v.string(), user }))),
});

/** Schema of a stored login. `api`: the only API to which its tokens may be sent. */
const stored = v.object({ ...login.entries, api: v.optional(v.string()) });

/** Stored login of a context: credentials of the application, tokens of a user, or both. */
export type Login = v.InferOutput<typeof login>;
export type StoredUser = v.InferOutput<typeof user>;

/** Stores the login of a context in the keyring, or in a file if there is none. */
export class Logins {
  readonly #waiting: Waiting;
  readonly #file: string;
  readonly #service: string;
  /**
   * Key of the login. It contains the environment, because contexts of different environments may have the same name.
   */
  readonly #account: string;
  readonly #api: string;

  constructor({ paths, environment, contextName, baseUrl }: LoginOwner, waiting: Waiting) {
    this.#waiting = waiting;
    this.#file = paths.credentials;
    // Each KIOSKCTL_HOME has separate logins.
    this.#service = `kioskctl ${dirname(paths.credentials)}`;
    this.#account = `${environment}/${contextName}`;
    this.#api = baseUrl === null ? environment : new URL(baseUrl).origin;
  }

  /** Returns the login; null for none, or for a login to another API. @throws Failure `credentials-unusable` */
  async find(): Promise<{ login: Login; place: Place } | null> {
    for (const place of await this.#places()) {
      const text = place.read(this.#account);
      if (text === null) continue;
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), stored), text);
      if (!parsed.success) throw unreadable(place);
      const { api, ...found } = parsed.output;
      if (api === this.#api) return { login: found, place };
    }
    return null;
  }

  /**
   * Merges a login into the stored one, writes it to the first available place, and removes it from other places. Call
   * it within `exclusively`.
   * @param isPlain uses the file even if there is a keyring
   * @throws Failure `storage-unusable`
   */
  async add(more: Login, { isPlain = false } = {}): Promise<Place> {
    const known = (await this.find())?.login ?? {};
    const secret = JSON.stringify({ ...known, ...more, api: this.#api });
    const place = await this.#write(this.#account, { secret, isPlain });
    for (const other of await this.#places())
      if (other.name !== place.name) await other.remove(this.#account);
    return place;
  }

  /**
   * Checks that a login can be stored, by writing and removing an empty entry. Call it within `exclusively`, before a
   * refresh token is used: the token may be valid only once, so its successor must be stored.
   * @throws Failure `storage-unusable`, `credentials-unusable`
   */
  async requireStorage({ isPlain = false } = {}): Promise<void> {
    const account = `${this.#account} (test)`;
    const place = await this.#write(account, { secret: '', isPlain });
    await place.remove(account);
  }

  /** Writes a secret to the first available place. */
  async #write(account: string, { secret, isPlain }: { secret: string; isPlain: boolean }): Promise<Place> {
    for (const place of await this.#places()) {
      if (isPlain && !place.isPlain) continue;
      if (await place.write(account, secret)) return place;
    }
    throw new TypeError('the file takes it, or says why not');
  }

  /**
   * Removes the login, for any API. Call it within `exclusively`.
   * @throws Failure `credentials-unusable`, `storage-unusable`
   */
  async remove(): Promise<Removal> {
    const removal: Removal = { removed: [], unasked: [] };
    for (const place of await this.#places()) {
      const outcome = await place.remove(this.#account);
      if (outcome !== 'absent') removal[outcome].push(place);
    }
    return removal;
  }

  /**
   * Runs work while no other process uses this login. Waits for other processes, but at most 30 seconds; then work is
   * run anyway.
   * @param left returns the remaining time of the command; default: unlimited
   * @throws Outage if `left` is below 30 seconds, and ends while another process still uses the login
   */
  async exclusively<Result>(work: () => Promise<Result>, left?: () => number): Promise<Result> {
    const late = left && left() < PATIENCE_MS ? { late: notRenewedInTime } : {};
    const name = createHash('sha256').update(this.#account).digest('hex').slice(0, 16);
    return locked(`${this.#file}.${name}`, { ...this.#waiting, left, ...late }, work);
  }

  async #places(): Promise<Place[]> {
    const keyring = await openKeyring(this.#service);
    return [...(keyring ? [keyring] : []), credentialFile(this.#file, this.#waiting)];
  }
}

/** Removes a login while no other process renews its tokens. @throws Failure like `remove` */
export async function forget(logins: Logins, warn: (text: string) => void): Promise<Removal> {
  const removal = await logins.exclusively(async () => logins.remove());
  for (const { name } of removal.unasked) warn(`A login may remain in ${name}, which could not be read.`);
  return removal;
}

export interface Removal {
  /** Places from which the login was removed. */
  removed: Place[];
  /** Places that could not be read. They may still contain the login. */
  unasked: Place[];
}

type LoginOwner = Pick<Settings, 'paths' | 'environment' | 'contextName' | 'baseUrl'>;

function unreadable({ name }: Place): Failure {
  return failure('credentials-unusable', `The login in ${name} can't be read.`, 'Log out and in again.');
}
