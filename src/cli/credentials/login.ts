import type { Context } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import { isLoopback } from '../../domain/text/words.ts';
import { LONGEST_TIMER_MS } from '../../domain/times/duration.ts';
import {
  type ClientCredentials,
  fetchClientToken,
  redeemCode,
  renewUserToken,
  type UserToken,
} from '../../wise/tokens.ts';
import { withoutCredentials } from '../settings/network.ts';
import type { Settings } from '../settings/settings.ts';
import type { Io } from '../terminal/io.ts';
import { askSecret } from '../terminal/prompts.ts';
import { loginInBrowser } from './browser-login.ts';
import type { Credentials } from './credentials.ts';
import type { Login } from './login-store.ts';
import { CLIENT_ID, CLIENT_SECRET, type GivenSecret, REFRESH_TOKEN, required } from './token-sources.ts';

export type Way = 'client' | 'refresh-token' | 'browser';

interface LoginOptions {
  way: Way;
  clientId: string | undefined;
  redirectUri: string;
  /** True to open the authorization page in the browser. Its URL is shown in any case. */
  openBrowser: boolean;
  /** True to store the login in the file, even if there is a keyring. */
  plainFile: boolean;
  noInput: boolean;
}

interface LoginWorld {
  context: Context;
  settings: Settings;
  credentials: Credentials;
  io: Io;
}

export interface LoggedIn {
  way: Way;
  /** null for the application, and if the profile is unknown. */
  profileId: number | null;
  endsAt: number | null;
  place: string;
  isPlain: boolean;
  /** A source that takes precedence over this login; null for none. */
  hiddenBy: string | null;
}

/** Wise's web sites with the authorization page. */
const SITES = { sandbox: 'https://wise-sandbox.com', production: 'https://wise.com' } as const;

/** Source of the credentials, for messages. */
const SOURCE = 'this login';

/**
 * Prompts for credentials, verifies them with the API, and stores them for the context. Rejected credentials are not
 * stored.
 * @throws Failure
 */
export async function login(world: LoginWorld, options: LoginOptions): Promise<LoggedIn> {
  const { settings, credentials } = world;
  const { way } = options;
  if (settings.environment === 'local') {
    throw failure(
      'usage',
      `Context ${settings.contextName} is the embedded sandbox, which needs no login.`,
      'Set the context of the login: --context NAME.',
    );
  }
  const { logins } = credentials;
  const place = { isPlain: options.plainFile };
  await logins.exclusively(async () => logins.requireStorage(place));
  const gained = await (way === 'client' ? loginClient : loginUser)(world, options);
  const stored = await logins.exclusively(async () => logins.add(gained, place));
  return {
    way,
    profileId: gained.user?.profileId ?? settings.profileId,
    endsAt: gained.user?.endsAt ?? null,
    place: stored.name,
    isPlain: stored.isPlain,
    hiddenBy: hiderOf(settings, way),
  };
}

async function loginClient(world: LoginWorld, options: LoginOptions): Promise<Login> {
  const { wise, signal } = world.context;
  const client = await readClient(world, options);
  const { token } = await fetchClientToken(wise, { client, source: SOURCE, signal });
  world.credentials.hide(token);
  return { client };
}

async function loginUser(world: LoginWorld, options: LoginOptions): Promise<Login> {
  const { context, credentials, settings } = world;
  // Requesting and renewing tokens requires client credentials. Known ones are reused.
  const known = await credentials.ofClient().catch((error: unknown) => {
    if (!world.io.isInteractive || options.noInput) throw error;
    return null;
  });
  const client = known ?? (await readClient(world, options));
  const grant = options.way === 'browser' ? grantInBrowser : renewOnce;
  const { token, refreshToken, lifetime, profileId } = await grant(world, options, client);
  for (const secret of [token, refreshToken ?? '']) credentials.hide(secret);
  if (profileId !== null && settings.profileId !== null && profileId !== settings.profileId) {
    throw failure(
      'profile-mismatch',
      `Access was granted for profile ${profileId}, but context ${settings.contextName} is of ${settings.profileId}.`,
      'Choose the profile of the context in the browser, or use another context.',
    );
  }
  const user = {
    profileId: profileId ?? settings.profileId,
    accessToken: token,
    refreshToken,
    endsAt: context.calendar.now() + lifetime,
    lifetime,
  };
  return { user, ...(!known && { client }) };
}

type Gained = UserToken & { profileId: number | null };

async function renewOnce(
  world: LoginWorld,
  options: LoginOptions,
  client: ClientCredentials,
): Promise<Gained> {
  const { wise } = world.context;
  const refreshToken = await readHidden(REFRESH_TOKEN, world, options);
  const renewed = await renewUserToken(wise, { client, refreshToken, source: SOURCE });
  return { ...renewed, refreshToken: renewed.refreshToken ?? refreshToken, profileId: null };
}

async function grantInBrowser(
  { context, settings, credentials, io }: LoginWorld,
  { redirectUri, openBrowser: isOpened }: LoginOptions,
  client: ClientCredentials,
): Promise<Gained> {
  const { signal, timing, environment } = context;
  const { baseUrl } = settings;
  const isMock = baseUrl !== null && isLoopback(new URL(baseUrl).hostname);
  const granted = await loginInBrowser({
    site: isMock ? baseUrl : SITES[environment === 'production' ? 'production' : 'sandbox'],
    clientId: client.clientId,
    redirectUri,
    show: (address) => {
      io.err(`Grant access in a browser on this machine:\n  ${address}\n`);
      if (isOpened) void openBrowser(address);
    },
    signal,
    timeout: Math.min(timing.timeout ?? LONGEST_TIMER_MS, LONGEST_TIMER_MS),
  });
  credentials.hide(granted.code);
  const token = await redeemCode(context.wise, { client, ...granted, source: SOURCE, signal });
  return { ...token, profileId: granted.profileId };
}

/** Opens the browser. Without a browser, the user can use the printed URL. */
async function openBrowser(address: string): Promise<void> {
  const { default: open } = await import('open');
  const browser = await withoutCredentials(() => open(address)).catch(() => null);
  browser?.once('error', () => undefined);
}

async function readClient(world: LoginWorld, options: LoginOptions): Promise<ClientCredentials> {
  const { ask } = world.context;
  const { contextName, clientId: usual } = world.settings;
  const clientId =
    options.clientId ??
    usual ??
    (await ask.type('The client id of the application:', { flag: '--client-id <ID>' }));
  return {
    clientId: required(clientId, { ...CLIENT_ID, variable: 'The client id', contextName }),
    clientSecret: await readHidden(CLIENT_SECRET, world, options),
  };
}

/** Reads a secret, and adds it to the values to redact. */
async function readHidden(
  secret: GivenSecret,
  { context, settings, credentials, io }: LoginWorld,
  { noInput }: LoginOptions,
): Promise<string> {
  const { signal } = context;
  const text = await readSecret(secret, { io, signal, noInput, contextName: settings.contextName });
  credentials.hide(text);
  return text;
}

/** Returns the source that takes precedence over a login; null for none. */
function hiderOf(settings: Settings, way: Way): string | null {
  if (way === 'client') return (settings.clientId ?? settings.clientSecret) ? 'KIOSKCTL_CLIENT_ID' : null;
  if (settings.token !== undefined) return 'KIOSKCTL_TOKEN';
  if (settings.refreshToken !== undefined) return 'KIOSKCTL_REFRESH_TOKEN';
  return settings.credentialCommand ? 'the credential command of the context' : null;
}

interface SecretReading {
  io: Io;
  signal: AbortSignal;
  /** True for `--no-input`: never prompt. */
  noInput: boolean;
  contextName: string;
}

/**
 * Reads a secret from a hidden prompt or from standard input.
 * @throws Failure `input-required`, `credentials-missing`, `credentials-unusable`
 */
export async function readSecret(
  secret: GivenSecret,
  { io, signal, noInput, contextName }: SecretReading,
): Promise<string> {
  const isAsked = io.isInteractive && !noInput;
  // Without a prompt, the terminal would show the typed secret.
  if (!isAsked && io.isStdinTerminal) {
    throw failure(
      'input-required',
      `The ${secret.what} is required in a non-interactive session.`,
      'Pipe it into standard input.',
    );
  }
  const text = isAsked ? await askSecret(`The ${secret.what}:`, { io, signal }) : await io.readStdin(signal);
  const variable = isAsked ? 'The answer' : 'Standard input';
  return required(withoutLineEnds(text), { ...secret, variable, contextName });
}
