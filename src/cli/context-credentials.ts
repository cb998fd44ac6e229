import { Failure } from '../domain/failure.ts';
import type { Settings } from './settings/settings.ts';

/** Any bearer token does in the embedded sandbox. */
const LOCAL_TOKEN = 'local';

/** Gives each profile its access token. */
export interface Credentials {
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  tokenFor(profileId: number): string;
  /** What must never be shown. */
  secrets: readonly string[];
}

export function makeCredentials(settings: Settings): Credentials {
  const { environment, contextName, profileId: own, token } = settings;
  return {
    secrets: token && environment !== 'local' ? [token] : [],
    tokenFor: (profileId) => {
      if (environment === 'local') return LOCAL_TOKEN;
      if (!token) throw missing(contextName, token);
      refuseUnusable(token);
      // One token belongs to one customer: another profile's card needs another.
      if (own !== null && own !== profileId) throw foreign(contextName, { own, profileId });
      return token;
    },
  };
}

function missing(contextName: string, token: string | undefined): Failure {
  const what = token === undefined ? 'is not set' : 'is empty';
  return new Failure(
    'credentials-missing',
    `There is no access token for context ${contextName}: KIOSKCTL_TOKEN ${what}.`,
    {
      hint: 'Set KIOSKCTL_TOKEN to an access token of the profile.',
    },
  );
}

/** A header can't carry line breaks, spaces or anything beyond ASCII. */
function refuseUnusable(token: string): void {
  if (/^[\u0021-\u007e]+$/.test(token)) return;
  throw new Failure(
    'credentials-unusable',
    'KIOSKCTL_TOKEN has a line break, a space or another character that no token has.',
    {
      hint: 'Set it to the bare token; a newline at its end often comes from reading a file.',
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
