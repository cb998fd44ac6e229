import { Failure } from '../../domain/failure.ts';
import type { Client, Owner } from '../../wise/client.ts';
import { type ClientCredentials, fetchClientToken, KeptToken } from '../../wise/tokens.ts';
import type { Settings } from '../settings/settings.ts';
import { CredentialCommand } from './credential-command.ts';
import { CLIENT_ID, CLIENT_SECRET, required, TOKEN } from './given-secret.ts';

/** Any bearer token does in the embedded sandbox. */
const LOCAL_TOKEN = 'local';
const ofLocalClient = () => ({ clientId: 'local', clientSecret: 'local' });

/** Where tokens for one owner come from. */
export interface TokenSource {
  /** In words: `KIOSKCTL_TOKEN`, `the credential command of context …`. */
  name: string;
  token: Pick<KeptToken, 'get' | 'replace' | 'endsAt'>;
}

/** Gives each profile and the application their tokens, from the first source that has one. */
export interface Credentials {
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  sourceFor(owner: Owner): Promise<TokenSource>;
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  ofClient(): ClientCredentials;
  /** What must never be shown. */
  secrets: readonly string[];
  /** Another secret, which was learned on the way. */
  hide(secret: string): void;
}

/** What credentials need from outside. */
export interface CredentialWorld {
  now: () => number;
  signal: AbortSignal;
  /** Shows a line to people, which quiet ones see only if there is trouble. */
  say: (line: string, isTrouble: boolean) => void;
  /** With which tokens are fetched. */
  client: () => Client;
}

/** A source for a profile's token; null where it has none for that profile. */
type Find = (profileId: number) => TokenSource | null;

export function makeCredentials(settings: Settings, world: CredentialWorld): Credentials {
  const { contextName, clientId, clientSecret, token } = settings;
  if (settings.environment === 'local') return localCredentials(world);
  const secrets = [token, clientSecret].flatMap((secret) => secret || []);
  const hide = (secret: string) => void secrets.push(secret);
  const ofClient = () => ({
    clientId: required(clientId, { ...CLIENT_ID, contextName }),
    clientSecret: required(clientSecret, { ...CLIENT_SECRET, contextName }),
  });
  const application = applicationSource(ofClient, { ...world, hide });
  const chain = [variableToken(settings), commandToken(settings, { ...world, hide })];
  return {
    secrets,
    hide,
    sourceFor: async (owner) => {
      if (owner === 'application') return application;
      for (const find of chain) {
        const source = find(owner);
        if (source) return source;
      }
      throw missing(settings, owner);
    },
    ofClient,
  };
}

function localCredentials(world: CredentialWorld): Credentials {
  const application = applicationSource(ofLocalClient, { ...world, hide: () => undefined });
  const profile = { name: 'the embedded sandbox', token: standing(LOCAL_TOKEN) };
  return {
    secrets: [],
    hide: () => undefined,
    sourceFor: async (owner) => (owner === 'application' ? application : profile),
    ofClient: ofLocalClient,
  };
}

function applicationSource(
  ofClient: () => ClientCredentials,
  { now, client, hide }: CredentialWorld & { hide: (secret: string) => void },
): TokenSource {
  const fetch = async () => {
    const fetched = await fetchClientToken(client(), ofClient());
    hide(fetched.token);
    return fetched;
  };
  return { name: 'KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET', token: new KeptToken(fetch, now) };
}

/** One token belongs to one customer: another profile's card needs another. */
function variableToken({ token, profileId: own, contextName }: Settings): Find {
  return (profileId) => {
    if (token === undefined) return null;
    const usable = required(token, { ...TOKEN, contextName });
    if (own !== null && own !== profileId) return null;
    return { name: 'KIOSKCTL_TOKEN', token: standing(usable) };
  };
}

function commandToken(
  { credentialCommand, contextName }: Settings,
  world: CredentialWorld & { hide: (secret: string) => void },
): Find {
  if (!credentialCommand) return () => null;
  const command = new CredentialCommand(credentialCommand, { ...world, contextName });
  return (profileId) => ({ name: command.source, token: command.of(profileId) });
}

/** A token that nobody can renew. */
function standing(token: string): TokenSource['token'] {
  return { get: async () => token, replace: async () => false, endsAt: null };
}

function missing({ token, profileId: own, contextName }: Settings, profileId: number): Failure {
  if (token === undefined) {
    const message = `There is no token for context ${contextName}: KIOSKCTL_TOKEN is not set.`;
    return new Failure('credentials-missing', message, { hint: TOKEN.hint });
  }
  const message = `The token of context ${contextName} is for profile ${own}, not for ${profileId}.`;
  return new Failure('credentials-missing', message, {
    hint: `Set KIOSKCTL_PROFILE_ID=${profileId} and the token of that profile.`,
  });
}
