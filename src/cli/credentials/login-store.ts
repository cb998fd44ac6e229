import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import type { Settings } from '../settings/settings.ts';
import { locked, type Waiting } from './file-lock.ts';
import { credentialFile, openKeyring, type Place } from './secret-store.ts';

const user = v.object({
  /** Whose token it is; null where the context says it. */
  profileId: v.nullable(v.number()),
  accessToken: v.string(),
  /** In milliseconds since the epoch. */
  endsAt: v.number(),
  /** null where the vendor gave none: the login then ends with its token. */
  refreshToken: v.nullable(v.string()),
  /** The lifetime of the access token, in milliseconds. */
  lifetime: v.optional(v.number()),
});

const login = v.object({
  client: v.optional(v.object({ clientId: v.string(), clientSecret: v.string() })),
  user: v.optional(user),
});

/** As it is stored: with the API that it is for, which alone is ever shown it. */
const stored = v.object({ ...login.entries, api: v.optional(v.string()) });

/** The stored login of a context: the credentials of the application, the tokens of a user, or both. */
export type Login = v.InferOutput<typeof login>;
export type StoredUser = v.InferOutput<typeof user>;

/** The stored login of one context: in the keyring, else in a file. */
export class Logins {
  readonly #waiting: Waiting;
  readonly #file: string;
  readonly #service: string;
  /** Another environment's context of the same name has another login. */
  readonly #account: string;
  readonly #api: string;

  constructor({ paths, environment, contextName, baseUrl }: LoginOwner, waiting: Waiting) {
    this.#waiting = waiting;
    this.#file = paths.credentials;
    // Each home has its own.
    this.#service = `kioskctl ${dirname(paths.credentials)}`;
    this.#account = `${environment}/${contextName}`;
    this.#api = baseUrl === null ? environment : new URL(baseUrl).origin;
  }

  /** One for another API is none. @throws Failure `credentials-unusable` */
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
   * Adds to what is stored, in the first place that takes it, and only there. To be done exclusively.
   * @param isPlain keeps it in the file though there may be a keyring
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

  /** Whatever API it is for. To be done exclusively. @throws Failure `credentials-unusable`, `storage-unusable` */
  async remove(): Promise<Removal> {
    const removal: Removal = { removed: [], unasked: [] };
    for (const place of await this.#places()) {
      const outcome = await place.remove(this.#account);
      if (outcome !== 'absent') removal[outcome].push(place);
    }
    return removal;
  }

  /** Runs work on this login while no other process does. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const name = createHash('sha256').update(this.#account).digest('hex').slice(0, 16);
    return locked(`${this.#file}.${name}`, this.#waiting, work);
  }

  async #places(): Promise<Place[]> {
    const keyring = await openKeyring(this.#service);
    return [...(keyring ? [keyring] : []), credentialFile(this.#file, this.#waiting)];
  }
}

/** Removes a login while no other process renews it. @throws Failure as `remove` does */
export async function forget(logins: Logins, warn: (text: string) => void): Promise<Removal> {
  const removal = await logins.exclusively(async () => logins.remove());
  for (const { name } of removal.unasked) warn(`A login may remain in ${name}: it could not be asked.`);
  return removal;
}

/** The result of the removal of a login. */
export interface Removal {
  /** Where something was. */
  removed: Place[];
  /** The places that could not be checked, and may still have it. */
  unasked: Place[];
}

type LoginOwner = Pick<Settings, 'paths' | 'environment' | 'contextName' | 'baseUrl'>;

function unreadable({ name }: Place): Failure {
  return new Failure('credentials-unusable', `The login in ${name} can't be read.`, {
    hint: 'Log out and in again.',
  });
}
