import { Failure } from '../domain/failure.ts';
import type { ClientCredentials } from '../wise/tokens.ts';
import type { Settings } from './settings/settings.ts';

/** Any bearer token does in the embedded sandbox. */
const LOCAL_TOKEN = 'local';
const LOCAL_CLIENT = { clientId: 'local', clientSecret: 'local' };

/** Gives each profile its access token, and the application its credentials. */
export interface Credentials {
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  tokenFor(profileId: number): string;
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  ofClient(): ClientCredentials;
  /** What must never be shown. */
  secrets: readonly string[];
  /** Another secret, which was learned on the way. */
  hide(secret: string): void;
}

export function makeCredentials(settings: Settings): Credentials {
  const { environment, contextName, profileId: own, token, clientId, clientSecret } = settings;
  const isLocal = environment === 'local';
  const secrets = isLocal ? [] : [token, clientSecret].flatMap((secret) => secret || []);
  return {
    secrets,
    hide: (secret) => void secrets.push(secret),
    tokenFor: (profileId) => {
      if (isLocal) return LOCAL_TOKEN;
      const usable = required(token, { ...TOKEN, contextName });
      // One token belongs to one customer: another profile's card needs another.
      if (own !== null && own !== profileId) throw foreign(contextName, { own, profileId });
      return usable;
    },
    ofClient: () => {
      if (isLocal) return LOCAL_CLIENT;
      return {
        clientId: required(clientId, { ...CLIENT_ID, contextName }),
        clientSecret: required(clientSecret, { ...CLIENT_SECRET, contextName }),
      };
    },
  };
}

/** A credential of an environment variable. */
interface Credential {
  variable: string;
  what: string;
  /** A header can't carry line breaks, spaces or anything beyond ASCII. */
  shape: RegExp;
  /** How to come to one. */
  hint: string;
}

const PLAIN = /^[\u0021-\u007e]+$/;
const CLIENT_HINT = 'Set KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, which Wise gave your application.';

const TOKEN: Credential = {
  variable: 'KIOSKCTL_TOKEN',
  what: 'token',
  shape: PLAIN,
  hint: 'Set KIOSKCTL_TOKEN to an access token of the profile.',
};
const CLIENT_ID: Credential = {
  variable: 'KIOSKCTL_CLIENT_ID',
  what: 'client id',
  // A colon ends it where it is sent together with its secret.
  shape: /^[\u0021-\u0039\u003b-\u007e]+$/,
  hint: CLIENT_HINT,
};
const CLIENT_SECRET: Credential = {
  variable: 'KIOSKCTL_CLIENT_SECRET',
  what: 'client secret',
  shape: PLAIN,
  hint: CLIENT_HINT,
};

/** @throws Failure `credentials-missing`, `credentials-unusable` */
function required(
  value: string | undefined,
  { variable, what, shape, hint, contextName }: Credential & { contextName: string },
): string {
  if (!value) {
    const why = value === undefined ? 'is not set' : 'is empty';
    const message = `There is no ${what} for context ${contextName}: ${variable} ${why}.`;
    throw new Failure('credentials-missing', message, { hint });
  }
  if (shape.test(value)) return value;
  throw new Failure(
    'credentials-unusable',
    `${variable} has a line break, a space or another character that no ${what} has.`,
    { hint: `Set it to the bare ${what}; a newline at its end often comes from reading a file.` },
  );
}

function foreign(contextName: string, { own, profileId }: { own: number; profileId: number }): Failure {
  return new Failure(
    'credentials-missing',
    `The token of context ${contextName} is for profile ${own}, not for ${profileId}.`,
    {
      hint: `Set KIOSKCTL_PROFILE_ID=${profileId} and the token of that profile.`,
    },
  );
}
