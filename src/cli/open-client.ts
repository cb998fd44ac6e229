import { createHash } from 'node:crypto';
import type { Agent } from 'node:https';
import packageJson from '../../package.json' with { type: 'json' };
import type { Environment, Webhooks } from '../context/context.ts';
import type { PlanTerms } from '../detached/plan-terms.ts';
import { failure } from '../domain/errors/failure.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { RateLimit } from '../domain/times/rate-limit.ts';
import { loadServerRates } from '../journal/postgres-journal.ts';
import { SharedRates } from '../journal/shared-rates.ts';
import { isJournalUrl } from '../postgres/journal-url.ts';
import { Client } from '../wise/client.ts';
import { makeAgent } from '../wise/proxy-agent.ts';
import { WISE_RATE_LIMITS } from '../wise/rate-limiter.ts';
import type { SharedLimits } from '../wise/shared-permits.ts';
import type { Credentials } from './credentials/credentials.ts';
import type { Effect } from './production-guard.ts';
import { journalAddressOf } from './settings/journal-address.ts';
import { findProxy, readCertificate, secretsOf } from './settings/network.ts';
import type { Settings } from './settings/settings.ts';
import type { ContextFlags, RateLimitFlags } from './settings/sources.ts';
import type { Io } from './terminal/io.ts';
import type { Log } from './terminal/log-report.ts';

export const BASE_URLS: Record<Exclude<Environment, 'local'>, string> = {
  sandbox: 'https://api.wise-sandbox.com',
  production: 'https://api.wise.com',
};
/** Base URLs that require a client certificate. */
const MUTUAL_TLS_URLS: typeof BASE_URLS = {
  sandbox: 'https://api-mtls.wise-sandbox.com',
  production: 'https://api-mtls.transferwise.com',
};

/** Returns the base URL of the API; null for the embedded sandbox, which gets its URL when it is started. */
export function vendorUrlOf({ environment, baseUrl, certificate }: Settings): string | null {
  if (baseUrl !== null || environment === 'local') return baseUrl;
  return (certificate ? MUTUAL_TLS_URLS : BASE_URLS)[environment];
}

/**
 * Creates the API client, with the tokens of profiles and of the application.
 * @throws Failure `usage` for invalid rate limits
 */
export async function makeClient(
  { verbose, debug, ...flags }: ContextFlags,
  world: {
    settings: Settings;
    credentials: Credentials;
    io: Io;
    effect: Effect;
    server: () => Promise<{ url: string }>;
    log: Log | null;
  },
): Promise<Client> {
  const { settings, credentials, io, effect, server, log } = world;
  const rateLimits = rateLimitsOf(flags, settings);
  const sharedLimits = await sharedLimitsOf(settings, credentials);
  const tell = (line: string) => {
    const message = printable(redact(line, credentials.secrets));
    if (log) log({ level: 'debug', message });
    else io.err(`${message}\n`);
  };
  return new Client({
    baseUrl: async () => vendorUrlOf(settings) ?? (await server()).url,
    apiVersion: settings.apiVersion,
    token: async (owner, options) => (await credentials.sourceFor(owner)).token.get(options),
    replaceToken: async (owner, ...refused) => (await credentials.sourceFor(owner)).token.replace(...refused),
    tokenSource: async (owner) => (await credentials.sourceFor(owner)).name,
    mayAct: mayAct(effect, settings.environment),
    userAgent: `kioskctl/${packageJson.version} (node ${process.version})`,
    agent: async (url) => openAgent(url, { settings, credentials, now: io.calendar.now() }),
    ...(rateLimits && { rateLimits }),
    ...(sharedLimits && { sharedLimits }),
    ...((verbose || debug) && { onExchange: tell }),
    ...(debug && { onDebug: (lines) => lines.forEach(tell) }),
  });
}

/** Creates the HTTPS agent for a URL. @throws Failure for an unusable proxy or certificate */
async function openAgent(
  url: string,
  { settings, credentials, now }: { settings: Settings; credentials: Credentials; now: number },
): Promise<Agent> {
  const proxy = findProxy(url);
  for (const secret of proxy ? secretsOf(proxy) : []) credentials.hide(secret);
  const certificate = settings.certificate && readCertificate(settings.certificate, now);
  return makeAgent({ proxy, certificate });
}

/** Returns the parts of a webhook server. Each is loaded where it is used. */
export function openWebhooks(credentials: Credentials): Webhooks {
  return {
    openReceiver: async (options) => new (await import('../webhooks/receiver.ts')).Receiver(options),
    openForwarder: async (options) => new (await import('../webhooks/forwarder.ts')).Forwarder(options),
    openAdminServer: async (options) => new (await import('../http/admin-server.ts')).AdminServer(options),
    openAgent: async ({ href, protocol }) => {
      const proxy = protocol === 'https:' ? findProxy(href) : null;
      if (!proxy) return null;
      for (const secret of secretsOf(proxy)) credentials.hide(secret);
      return makeAgent({ proxy, certificate: null });
    },
  };
}

/**
 * True if a command may send requests with an effect. This includes `listen` in `local`, which subscribes itself to the
 * sandbox.
 */
function mayAct(effect: Effect, environment: Environment): boolean {
  if (effect === 'records') return environment === 'local';
  return effect === 'writes' || effect === 'executes' || effect === 'sandbox-only';
}

const WINDOWS = [
  { flag: 'limit-rps', within: 1_000 },
  { flag: 'limit-rpm', within: 60_000 },
] as const;

/**
 * Returns the rate limits of a command. Wise's limits always apply. The embedded sandbox has none by default; limits
 * set for it apply to its virtual time (at speed 6, a minute lasts 10 seconds).
 * @returns undefined for no limits
 * @throws Failure `usage`
 */
export function rateLimitsOf(
  flags: RateLimitFlags,
  { environment, sandboxSpeed }: Pick<Settings, 'environment' | 'sandboxSpeed'>,
): readonly RateLimit[] | undefined {
  const isLocal = environment === 'local';
  const set = WINDOWS.flatMap(({ flag, within }) => {
    const text = flags[flag];
    if (text === undefined) return [];
    return [{ requests: toRequests(flag, text), within: isLocal ? within / sandboxSpeed : within }];
  });
  if (!isLocal) return [...WISE_RATE_LIMITS, ...set];
  return set.length === 0 ? undefined : set;
}

/**
 * Returns Wise's rate limits, which all processes with the same journal and client key share; undefined for the
 * embedded sandbox. Limits that flags set are not shared.
 */
async function sharedLimitsOf(
  { environment, clientKey, paths: { journal } }: Settings,
  credentials: Credentials,
): Promise<SharedLimits | undefined> {
  if (environment === 'local') return undefined;
  const shared = { environment, client: clientKey ?? '', limits: WISE_RATE_LIMITS };
  if (!isJournalUrl(journal)) return new SharedRates({ journal, ...shared });
  return loadServerRates({ address: () => journalAddressOf(journal, credentials), ...shared });
}

function toRequests(flag: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw failure(
    'usage',
    `--${flag}: “${printable(text)}” is not a number of requests.`,
    `Use a whole number from 1, like --${flag} 10.`,
  );
}

interface PlanSettings {
  settings: Settings;
  credentials: Credentials;
}

/**
 * Returns the terms on which detached plans are handed over and accepted.
 * @throws Failure `credentials-…`
 */
export async function planTermsOf({ settings, credentials }: PlanSettings): Promise<PlanTerms> {
  return {
    context: settings.contextName,
    api: vendorUrlOf(settings) ?? settings.environment,
    credentials: await identifyCredentials({ settings, credentials }),
    major: Number(packageJson.version.split('.')[0]),
  };
}

/**
 * Identifies the application of the credentials; without one, the profile and the source of its token. The token itself
 * may be renewed while a server is running.
 */
async function identifyCredentials({ settings, credentials }: PlanSettings): Promise<string> {
  const { clientKey, profileId } = settings;
  const client = clientKey ?? (await credentials.ofClient().catch(() => null))?.clientId ?? null;
  if (client !== null) return hash(`client ${client}`);
  if (profileId === null)
    throw failure(
      'credentials-missing',
      'Detached plans need a client key, or a profile with a token.',
      'Set it: kioskctl context set client-key <KEY>',
    );
  const { name, token } = await credentials.sourceFor(profileId);
  // A server without a token would accept plans that it can't carry out.
  await token.get();
  return hash(`profile ${profileId}, ${name}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
