import type { TokenOrigin } from '../../context/context.ts';
import { budgetOf } from '../../context/poll.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { asFailure, type Failure, type FailureDocument, failure } from '../../domain/errors/failure.ts';
import type { Owner } from '../../wise/client.ts';
import { CachedToken, type ClientCredentials, fetchClientToken } from '../../wise/tokens.ts';
import type { GivenText } from '../settings/secret-variables.ts';
import type { Settings } from '../settings/settings.ts';
import type { Io } from '../terminal/io.ts';
import { Logins } from './login-store.ts';
import type { ChainWorld, CredentialWorld, Found, FoundClient, TokenSource } from './token-chain.ts';
import { CLIENT_ID, CLIENT_SECRET, makeChain, required, standing, TOKEN } from './token-sources.ts';

/** The credentials of a command. Each token comes from the first source that has one. */
export interface Credentials {
  /** Returns the source of an owner's token. @throws Failure `credentials-missing`, `credentials-unusable` */
  sourceFor(owner: Owner): Promise<TokenSource>;
  /** Returns client id and client secret. @throws Failure `credentials-missing`, `credentials-unusable` */
  ofClient(): Promise<ClientCredentials>;
  /** Values to redact in all output. */
  secrets: readonly string[];
  /** Adds a value to `secrets`. */
  hide(secret: string): void;
  /** The stored login of the context. */
  logins: Logins;
}

/** Token source for the embedded sandbox, which accepts any token. */
const LOCAL: Found = { own: null, name: 'the embedded sandbox', token: standing('local') };
const LOCAL_CLIENT = { client: { clientId: 'local', clientSecret: 'local' }, source: LOCAL.name };

/** Creates the credentials of a command. @throws Failure `usage` if a token is passed for the embedded sandbox */
export function makeCredentials(settings: Settings, world: CredentialWorld): Credentials {
  const { token, refreshToken, clientSecret } = settings;
  const isLocal = settings.environment === 'local';
  if (isLocal && (world.given.stdin || world.given.file !== undefined)) throw needless(settings);
  const secrets = isLocal ? [] : [token, refreshToken, clientSecret].filter(isText);
  const hide = (secret: string) => void secrets.push(secret);
  const logins = new Logins(settings, world);
  const client = async () => (isLocal ? LOCAL_CLIENT : findClient(settings, { logins, hide }));
  const chained: ChainWorld = { ...world, hide, logins, findClient: client };
  const application = new CachedToken(
    async (_, left) => {
      const fetched = await fetchClientToken(world.client(), {
        ...(await client()),
        signal: world.signal,
        left,
      });
      hide(fetched.token);
      return fetched;
    },
    () => world.calendar.now(),
  );
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
        // A token belongs to one customer, so it can't be used for other profiles.
        if (found && (found.own === null || found.own === owner)) return found;
        foreign ??= found;
      }
      throw missing(settings, owner, foreign);
    },
  };
}

function isText(secret: GivenText): secret is string {
  return typeof secret === 'string' && secret !== '';
}

function missing(
  { contextName, clientId, clientSecret }: Settings,
  profileId: number,
  foreign: Found | null,
): Failure {
  if (!foreign) {
    // They are unused without a refresh token, but an empty one is a secret that CI does not have.
    const empty = [clientId === '' && CLIENT_ID, clientSecret === '' && CLIENT_SECRET].filter(
      (one) => one !== false,
    );
    const why = ['KIOSKCTL_TOKEN is not set', ...empty.map(({ variable }) => `${variable} is empty`)].join(
      ', ',
    );
    const message = `There is no token for context ${contextName}: ${why}, and there is no login.`;
    return failure('credentials-missing', message, TOKEN.hint);
  }
  const message = `The token of ${foreign.name} is for profile ${foreign.own}, not for ${profileId}.`;
  return failure(
    'credentials-missing',
    message,
    `Set KIOSKCTL_PROFILE_ID=${profileId} and the token of that profile. For several profiles, use a credential command.`,
  );
}

function needless({ contextName }: Settings): Failure {
  return failure(
    'usage',
    `Context ${contextName} is the embedded sandbox, which needs no token.`,
    'Set the context of the token with --context, or leave out the token.',
  );
}

/**
 * Returns client id and client secret: from environment variables, otherwise from the stored login.
 * @throws Failure `credentials-missing`, `credentials-unusable`
 */
async function findClient(
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

/** An owner, and the source of its token. */
export interface Identity {
  owner: Owner;
  /** Source in messages; null for none. */
  source: string | null;
  /** Expiry of the token in milliseconds since the epoch; null if unknown. */
  endsAt: number | null;
  error: FailureDocument | null;
  exitCode: ExitCode;
}

/**
 * Obtains the tokens of the application and of the profile, with their sources. If there is a profile, a missing
 * application token is no error, because cards don't need it.
 */
export async function identify(
  { profileId, environment }: Settings,
  credentials: Credentials,
): Promise<Identity[]> {
  const application = await identityOf('application', credentials);
  const isUnused = application.source === null && profileId !== null;
  const unused = isUnused ? { ...application, error: null, exitCode: 0 as const } : application;
  if (profileId === null) return [unused];
  const profile = await identityOf(profileId, credentials);
  return environment === 'local' ? [profile] : [profile, unused];
}

async function identityOf(owner: Owner, credentials: Credentials): Promise<Identity> {
  let source: string | null = null;
  try {
    const { name, token } = await credentials.sourceFor(owner);
    source = name;
    await token.get();
    return { owner, source, endsAt: token.endsAt, error: null, exitCode: 0 };
  } catch (error) {
    const failure = asFailure(error);
    return { owner, source, endsAt: null, error: failure.toDocument(), exitCode: failure.exitCode };
  }
}

/** Obtains the token of a profile. @returns source and expiry @throws Failure `credentials-…` */
export async function authorize(
  { credentials, settings, io }: { credentials: Credentials; settings: Settings; io: Io },
  profileId: number,
): Promise<TokenOrigin> {
  const { name: source, token, isLast = false } = await credentials.sourceFor(profileId);
  await token.get({ left: budgetOf(io.stopwatch, io.stopwatch.after(settings.timing.timeout)) });
  return { source, endsAt: token.endsAt, isLast };
}

/** Returns the application's client key: from the settings, otherwise its client id. */
export async function clientKeyOf({ clientKey }: Settings, credentials: Credentials): Promise<string> {
  const { clientId } = await credentials.ofClient();
  return clientKey ?? clientId;
}
