import { Failure } from '../../domain/errors/failure.ts';
import type { Owner } from '../../wise/client.ts';
import { CachedToken, type ClientCredentials, fetchClientToken } from '../../wise/tokens.ts';
import type { Settings } from '../settings/settings.ts';
import { Logins } from './login-store.ts';
import type { ChainWorld, CredentialWorld, Found, FoundClient, TokenSource } from './token-chain.ts';
import { CLIENT_ID, CLIENT_SECRET, makeChain, required, standing, TOKEN } from './token-sources.ts';

/** Gives each profile and the application their tokens, from the first source that has one. */
export interface Credentials {
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  sourceFor(owner: Owner): Promise<TokenSource>;
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  ofClient(): Promise<ClientCredentials>;
  /** Texts that must never be shown. */
  secrets: readonly string[];
  /** Another secret, which was learned on the way. */
  hide(secret: string): void;
  /** The logins that `kioskctl login` stored for this context. */
  logins: Logins;
}

/** Any token and any client do in the embedded sandbox. */
const LOCAL: Found = { own: null, name: 'the embedded sandbox', token: standing('local') };
const LOCAL_CLIENT = { client: { clientId: 'local', clientSecret: 'local' }, source: LOCAL.name };

/** @throws Failure `usage` for a token that is given where none is needed: it was meant for somewhere else */
export function makeCredentials(settings: Settings, world: CredentialWorld): Credentials {
  const { token, refreshToken, clientSecret } = settings;
  const isLocal = settings.environment === 'local';
  if (isLocal && (world.given.stdin || world.given.file !== undefined)) throw needless(settings);
  const secrets = isLocal ? [] : [token, refreshToken, clientSecret].flatMap((secret) => secret || []);
  const hide = (secret: string) => void secrets.push(secret);
  const logins = new Logins(settings, world);
  const client = async () => (isLocal ? LOCAL_CLIENT : findClient(settings, { logins, hide }));
  const chained: ChainWorld = { ...world, hide, logins, findClient: client };
  const application = applicationToken(client, chained);
  const chain = isLocal ? [async () => LOCAL] : makeChain(settings, chained);
  return {
    secrets,
    hide,
    logins,
    ofClient: async () => (await client()).client,
    sourceFor: async (owner) => {
      if (owner === 'application') return { name: (await client()).source, token: application };
      let foreign: Found | null = null;
      for (const link of chain) {
        const found = await link(owner);
        // One token belongs to one customer: another profile's card needs another.
        if (found && (found.own === null || found.own === owner)) return found;
        foreign ??= found;
      }
      throw missing(settings, owner, foreign);
    },
  };
}

function missing({ contextName }: Settings, profileId: number, foreign: Found | null): Failure {
  if (!foreign) {
    const message = `There is no token for context ${contextName}: KIOSKCTL_TOKEN is not set, and nobody has logged in.`;
    return new Failure('credentials-missing', message, { hint: TOKEN.hint });
  }
  const message = `The token of ${foreign.name} is for profile ${foreign.own}, not for ${profileId}.`;
  return new Failure('credentials-missing', message, {
    hint: `Set KIOSKCTL_PROFILE_ID=${profileId} and the token of that profile; a credential command serves several.`,
  });
}

function needless({ contextName }: Settings): Failure {
  return new Failure('usage', `Context ${contextName} is the embedded sandbox, which needs no token.`, {
    hint: 'Say which context the token is for, with --context, or leave it out.',
  });
}

/**
 * Finds client id and secret: in the environment variables, else in the login.
 * @throws Failure `credentials-missing`, `credentials-unusable`
 */
export async function findClient(
  { clientId, clientSecret, contextName }: Settings,
  { logins, hide }: { logins: Logins; hide: (secret: string) => void },
): Promise<FoundClient> {
  const areSet = clientId !== undefined || clientSecret !== undefined;
  const stored = areSet ? undefined : (await logins.find())?.login.client;
  if (stored) {
    hide(stored.clientSecret);
    return { client: stored, source: `the login of context ${contextName}` };
  }
  const client = {
    clientId: required(clientId, { ...CLIENT_ID, contextName }),
    clientSecret: required(clientSecret, { ...CLIENT_SECRET, contextName }),
  };
  return { client, source: 'KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET' };
}

/** The application's own token, which is fetched anew when it ends. */
export function applicationToken(find: () => Promise<FoundClient>, world: ChainWorld): CachedToken {
  return new CachedToken(
    async () => {
      const fetched = await fetchClientToken(world.client(), { ...(await find()), signal: world.signal });
      world.hide(fetched.token);
      return fetched;
    },
    () => world.calendar.now(),
  );
}
