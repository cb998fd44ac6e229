import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { notRenewedInTime } from '../../wise/tokens.ts';
import type { Settings } from '../settings/settings.ts';
import { locked, PATIENCE_MS, type Waiting } from './file-lock.ts';
import { credentialFile, openKeyring, type Place } from './secret-store.ts';

const user = v.object({
  /** The profile of the token; null for that of the context. */
  profileId: v.nullable(v.number()),
  accessToken: v.string(),
  /** In milliseconds since the epoch. */
  endsAt: v.number(),
  /** null if Wise returned none: the login then ends with its token. */
  refreshToken: v.nullable(v.string()),
  /** Lifetime of the access token in milliseconds. */
  lifetime: v.optional(v.number()),
});

const login = v.object({
  client: v.optional(v.object({ clientId: v.string(), clientSecret: v.string() })),
  user: v.optional(user),
  /** By profile: what replaced a refresh token that is not stored itself, like that of a variable. */
  successors: v.optional(v.record(v.string(), v.object({ originHash: v.string(), user }))),
});

/** The stored form: a login with its API, the only one to which it is sent. */
const stored = v.object({ ...login.entries, api: v.optional(v.string()) });

/** Stored login of a context: the credentials of the application, the tokens of a user, or both. */
export type Login = v.InferOutput<typeof login>;
export type StoredUser = v.InferOutput<typeof user>;

/** Stores the login of one context: in the keyring, otherwise in a file. */
export class Logins {
  readonly #waiting: Waiting;
  readonly #file: string;
  readonly #service: string;
  /** The name of the login: contexts with the same name in different environments have different logins. */
  readonly #account: string;
  readonly #api: string;

  constructor({ paths, environment, contextName, baseUrl }: LoginOwner, waiting: Waiting) {
    this.#waiting = waiting;
    this.#file = paths.credentials;
    // Each KIOSKCTL_HOME has its own.
    this.#service = `kioskctl ${dirname(paths.credentials)}`;
    this.#account = `${environment}/${contextName}`;
    this.#api = baseUrl === null ? environment : new URL(baseUrl).origin;
  }

  /** Finds the login; logins for other APIs are ignored. @throws Failure `credentials-unusable` */
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
   * Adds to the stored login, in the first place that accepts it, and removes it from the others. Call it in `exclusively`.
   * @param isPlain stores it in the file even if there is a keyring
   * @throws Failure `storage-unusable`
   */
  async add(more: Login, { isPlain = false } = {}): Promise<Place> {
    const known = (await this.find())?.login ?? {};
    const secret = JSON.stringify({ ...known, ...more, api: this.#api });
    const places = await this.#places();
    for (const place of places) {
      if (isPlain && !place.isPlain) continue;
      if (!(await place.write(this.#account, secret))) continue;
      for (const other of places) if (other !== place) await other.remove(this.#account);
      return place;
    }
    throw new TypeError('the file takes it, or says why not');
  }

  /** Removes the login, for any API. Call it in `exclusively`. @throws Failure `credentials-unusable`, `storage-unusable` */
  async remove(): Promise<Removal> {
    const removal: Removal = { removed: [], unasked: [] };
    for (const place of await this.#places()) {
      const outcome = await place.remove(this.#account);
      if (outcome !== 'absent') removal[outcome].push(place);
    }
    return removal;
  }

  /**
   * Runs work on this login while no other process does.
   * @param left returns the time left, which limits the wait for other processes
   * @throws Outage if another process is not ready in the time left, and that is less than 30 seconds
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

/** Removes a login while no other process renews it. @throws Failure as `remove` */
export async function forget(logins: Logins, warn: (text: string) => void): Promise<Removal> {
  const removal = await logins.exclusively(async () => logins.remove());
  for (const { name } of removal.unasked) warn(`A login may remain in ${name}, which could not be read.`);
  return removal;
}

export interface Removal {
  /** Places from which it was removed. */
  removed: Place[];
  /** Places that could not be read, and may still have it. */
  unasked: Place[];
}

type LoginOwner = Pick<Settings, 'paths' | 'environment' | 'contextName' | 'baseUrl'>;

function unreadable({ name }: Place): Failure {
  return failure('credentials-unusable', `The login in ${name} can't be read.`, 'Log out and in again.');
}
