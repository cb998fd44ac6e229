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
      const usable = required('KIOSKCTL_TOKEN', token, {
        what: 'access token',
        contextName,
        hint: 'Set KIOSKCTL_TOKEN to an access token of the profile.',
      });
      // One token belongs to one customer: another profile's card needs another.
      if (own !== null && own !== profileId) throw foreign(contextName, { own, profileId });
      return usable;
    },
    ofClient: () => {
      if (isLocal) return LOCAL_CLIENT;
      const hint = 'Set KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, which Wise gave your application.';
      return {
        clientId: required('KIOSKCTL_CLIENT_ID', clientId, { what: 'client id', contextName, hint }),
        clientSecret: required('KIOSKCTL_CLIENT_SECRET', clientSecret, {
          what: 'client secret',
          contextName,
          hint,
        }),
      };
    },
  };
}

/** @throws Failure `credentials-missing`, `credentials-unusable` */
function required(
  variable: string,
  value: string | undefined,
  { what, contextName, hint }: { what: string; contextName: string; hint: string },
): string {
  if (value) return refuseUnusable(variable, value);
  const why = value === undefined ? 'is not set' : 'is empty';
  const message = `There is no ${what} for context ${contextName}: ${variable} ${why}.`;
  throw new Failure('credentials-missing', message, { hint });
}

/** A header can't carry line breaks, spaces or anything beyond ASCII. */
function refuseUnusable(variable: string, value: string): string {
  // A colon ends the client id where it is sent together with its secret.
  const isUsable =
    /^[\u0021-\u007e]+$/.test(value) && !(variable === 'KIOSKCTL_CLIENT_ID' && value.includes(':'));
  if (isUsable) return value;
  throw new Failure(
    'credentials-unusable',
    `${variable} has a line break, a space or another character that can't be in it.`,
    {
      hint: 'Set it to the bare value; a newline at its end often comes from reading a file.',
    },
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
