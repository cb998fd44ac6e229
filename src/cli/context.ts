import type { Agent } from 'node:https';
import packageJson from '../../package.json' with { type: 'json' };
import { redact } from '../domain/redaction.ts';
import { printable } from '../domain/terminal-text.ts';
import type { Journal } from '../journal/journal.ts';
import { openSqliteJournal } from '../journal/sqlite-journal.ts';
import { Sandbox } from '../sandbox/sandbox.ts';
import { IN_MEMORY } from '../sqlite/database.ts';
import { PUBLISHED_KEYS } from '../webhooks/published-keys.ts';
import { makeAgent } from '../wise/agent.ts';
import { Client } from '../wise/client.ts';
import { WISE_CEILINGS } from '../wise/limiter.ts';
import type { Context, Environment } from '../workflows/context.ts';
import { type Credentials, makeCredentials } from './credentials/credentials.ts';
import { makeForgivingJournal } from './forgiving-journal.ts';
import { makeAsk } from './io/ask.ts';
import type { Io } from './io/io.ts';
import { interruption } from './io/signals.ts';
import { TerminalReport } from './output/report.ts';
import { openRunbook } from './runbook.ts';
import { findProxy, readCertificate, secretsOf } from './settings/network.ts';
import { loadSettings, type Settings } from './settings/settings.ts';
import type { SettingFlags } from './settings/sources.ts';

/**
 * What a command does to the world: only looks, keeps what it is told in the journal, changes only the settings of this
 * user, changes something, or something that only a sandbox has.
 */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'sandbox-only';

export interface ContextFlags extends SettingFlags {
  quiet?: boolean;
  verbose?: boolean;
  debug?: boolean;
  reason?: string | undefined;
  confirm?: string | undefined;
  yes?: boolean;
  'no-input'?: boolean;
  runbook?: string | undefined;
}

export const BASE_URLS: Record<Exclude<Environment, 'local'>, string> = {
  sandbox: 'https://api.wise-sandbox.com',
  production: 'https://api.wise.com',
};
/** Where a client certificate is asked for. */
const MUTUAL_TLS_URLS: typeof BASE_URLS = {
  sandbox: 'https://api-mtls.wise-sandbox.com',
  production: 'https://api-mtls.transferwise.com',
};

/** A context with what has to be put away after it. */
export interface OpenContext {
  context: Context;
  settings: Settings;
  credentials: Credentials;
  close(): Promise<void>;
}

/**
 * The composition root: makes everything that workflows need out of flags, environment and files. Nothing is opened or
 * started before a workflow uses it.
 * @throws Failure for settings that can't be used
 */
export async function openContext(
  flags: ContextFlags,
  { io, effect }: { io: Io; effect: Effect },
): Promise<OpenContext> {
  const settings = await loadSettings(flags);
  const report = new TerminalReport(io, flags.quiet ?? false);
  if (settings.project?.isForeign)
    report.warn(`${settings.project.file} belongs to another user and is not heard.`);
  const signal = interruption();
  const credentials = makeCredentials(settings, {
    now: () => io.clock.now(),
    signal,
    say: (line, isTrouble) => report[isTrouble ? 'warn' : 'note'](redact(line, credentials.secrets)),
    client: () => wise,
  });
  const server = lazily(() => startSandbox(settings));
  const journal = lazily(() => openJournal(settings, { io, effect, warn: (text) => report.warn(text) }));
  const wise = makeClient(flags, { settings, credentials, io, effect, server: server.get });
  const context: Context = {
    ...settled(settings),
    reason: flags.reason?.trim() || null,
    wise,
    get journal() {
      return journal.get();
    },
    clock: io.clock,
    signal,
    ask: makeAsk({ io, signal, yes: flags.yes ?? false, noInput: flags['no-input'] ?? false }),
    report,
    runbook: openRunbook({ given: flags.runbook, settings, warn: (text) => report.warn(text) }),
    authorize: async (profileId) => void (await (await credentials.sourceFor(profileId)).token.get()),
    clientKey: () => credentials.ofClient().clientId,
    webhookKey: async () => webhookKeyOf(settings.environment, server.get),
  };
  return {
    context,
    settings,
    credentials,
    close: async () => {
      journal.made()?.close();
      // One that could not be started has said so to whoever wanted it.
      await (await server.made()?.catch(() => undefined))?.sandbox.close();
    },
  };
}

/** What of a context the settings alone decide. */
function settled(settings: Settings) {
  return {
    name: settings.contextName,
    environment: settings.environment,
    profileId: settings.profileId,
    profileIsExplicit: settings.profileIsExplicit,
    kiosks: settings.kiosks,
    program: settings.program,
    invocation: { flags: followUpFlags(settings), kioskId: settings.kioskId },
    timing: settings.timing,
  };
}

/** The vendor's API, for profiles with their tokens and for the application with its own. */
function makeClient(
  { verbose, debug }: ContextFlags,
  world: {
    settings: Settings;
    credentials: Credentials;
    io: Io;
    effect: Effect;
    server: () => Promise<{ url: string }>;
  },
): Client {
  const { settings, credentials, io, effect, server } = world;
  const tell = (line: string) => io.err(`${printable(redact(line, credentials.secrets))}\n`);
  return new Client({
    baseUrl: async () => vendorUrlOf(settings) ?? (await server()).url,
    apiVersion: settings.apiVersion,
    token: async (owner) => (await credentials.sourceFor(owner)).token.get(),
    mayAct: mayAct(effect, settings.environment),
    userAgent: `kioskctl/${packageJson.version} (node ${process.version})`,
    agent: async (url) => openAgent(url, { settings, credentials, now: io.clock.now() }),
    // The embedded sandbox has no ceilings.
    ...(settings.environment !== 'local' && { ceilings: WISE_CEILINGS }),
    ...((verbose || debug) && { onExchange: tell }),
    ...(debug && { onDebug: (lines) => lines.forEach(tell) }),
  });
}

/** @throws Failure for a proxy or a certificate that can't be used */
async function openAgent(
  url: string,
  { settings, credentials, now }: { settings: Settings; credentials: Credentials; now: number },
): Promise<Agent> {
  const proxy = await findProxy(url);
  for (const secret of proxy ? secretsOf(proxy) : []) credentials.hide(secret);
  const certificate = settings.certificate && readCertificate(settings.certificate, now);
  return makeAgent({ proxy, certificate });
}

/** A listener subscribes itself to the events of the embedded sandbox, which is nobody else's. */
function mayAct(effect: Effect, environment: Environment): boolean {
  if (effect === 'records') return environment === 'local';
  return effect === 'writes' || effect === 'sandbox-only';
}

export interface SandboxChoice {
  stateFile?: string | undefined;
  speed?: number | undefined;
  kiosks?: number | undefined;
  seed?: number | undefined;
}

/** The embedded sandbox; its code is loaded where it is used. @throws Failure `storage-unusable` */
export async function openSandbox(settings: Settings, choice: SandboxChoice = {}): Promise<Sandbox> {
  const { stateFile = settings.paths.sandboxState, speed = settings.sandboxSpeed, ...more } = choice;
  return new Sandbox({ stateFile, speed, ...more });
}

/** Where `next` and hints lead: to the same context and server; the profile is in each reference. */
function followUpFlags({ contextName, baseUrl, baseUrlIsGiven }: Settings): string[] {
  return ['--context', contextName, ...(baseUrlIsGiven && baseUrl ? ['--base-url', baseUrl] : [])];
}

/** The sandbox signs with a key of its own, the vendor with those that it publishes. */
async function webhookKeyOf(
  environment: Environment,
  server: () => Promise<{ sandbox: Sandbox }>,
): Promise<{ pem: string; source: string }> {
  if (environment !== 'local')
    return { pem: PUBLISHED_KEYS[environment], source: `the published key of ${environment}` };
  return { pem: (await server()).sandbox.publicKey(), source: 'the key of the embedded sandbox' };
}

/** Where the API is; null for the embedded sandbox, which has an address once it is started. */
export function vendorUrlOf({ environment, baseUrl, certificate }: Settings): string | null {
  if (baseUrl !== null || environment === 'local') return baseUrl;
  return (certificate ? MUTUAL_TLS_URLS : BASE_URLS)[environment];
}

async function startSandbox(settings: Settings): Promise<{ sandbox: Sandbox; url: string }> {
  const sandbox = await openSandbox(settings);
  return { sandbox, url: await sandbox.listen({ host: '127.0.0.1', port: 0 }) };
}

/**
 * A webhook has to be answered within 5 seconds, also where another process keeps the journal to itself. Nothing else
 * happens while a statement waits, and a few may wait one after the other.
 */
const RECORDING_PATIENCE_MS = 1_000;

/** An act is not done without its record; a look is. */
function openJournal(
  { paths, environment }: Settings,
  { io, effect, warn }: { io: Io; effect: Effect; warn: (text: string) => void },
): Journal {
  const patience = effect === 'records' ? RECORDING_PATIENCE_MS : undefined;
  const open = (file: string) =>
    openSqliteJournal({ file, environment, now: () => io.clock.now(), patience });
  if (effect !== 'reads') return open(paths.journal);
  return makeForgivingJournal({ open: () => open(paths.journal), instead: () => open(IN_MEMORY) }, warn);
}

interface Lazy<Value> {
  get: () => Value;
  made: () => Value | undefined;
}

function lazily<Value>(make: () => Value): Lazy<Value> {
  let value: Value | undefined;
  return {
    get: () => (value ??= make()),
    made: () => value,
  };
}
