import packageJson from '../../package.json' with { type: 'json' };
import type { Context, Report } from '../context/context.ts';
import { type Files, readPublicKey } from '../context/files.ts';
import { failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import { completeCommands } from '../domain/next-command.ts';
import { redact } from '../domain/text/redaction.ts';
import type { Journal } from '../journal/journal.ts';
import { JOURNAL_SCHEMA } from '../journal/open-journal.ts';
import { RemoteSandbox } from '../sandbox/control-client.ts';
import { Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts';
import type { IncidentSetup } from '../support/incident.ts';
import { openRunbook } from '../support/runbook-file.ts';
import { PUBLISHED_KEYS, type PublicKey } from '../webhooks/signature.ts';
import type { Client } from '../wise/client.ts';
import { findJournal, findJournalPlace, type JournalLocation } from './command-journal.ts';
import { authorize, type Credentials, clientKeyOf, makeCredentials } from './credentials/credentials.ts';
import { BASE_URLS, makeClient, openWebhooks } from './open-client.ts';
import type { Effect } from './production-guard.ts';
import { findDestination, loadSettings, runbookOf, type Settings } from './settings/settings.ts';
import type { ContextFlags } from './settings/sources.ts';
import type { CardNames } from './terminal/card-names.ts';
import { makeFiles } from './terminal/files.ts';
import type { Io } from './terminal/io.ts';
import { type Log, LogReport } from './terminal/log-report.ts';
import { TerminalReport } from './terminal/progress-display.ts';
import { makeAsk } from './terminal/prompts.ts';
import { forcedEnd, interruption } from './terminal/signals.ts';

/** A context with its settings and credentials, which workflows must not see. */
export interface OpenContext {
  context: Context;
  settings: Settings;
  credentials: Credentials;
  /** True if a request with an effect was sent, or the embedded sandbox was changed. */
  mayHaveSent(): boolean;
  close(): Promise<void>;
}

interface OpenOptions {
  io: Io;
  /** Short names of cards in messages. */
  names: CardNames;
  effect: Effect;
  isServer: boolean;
  hasDestination: boolean;
  /** Receives all messages instead of a person; null to show them on standard error. */
  log: Log | null;
}

/**
 * Creates everything that workflows need, from flags, environment and files (composition root). Nothing is opened or
 * started before its first use.
 * @throws Failure for unusable settings
 */
export async function openContext(
  flags: ContextFlags,
  { io, names, effect, isServer, hasDestination, log }: OpenOptions,
): Promise<OpenContext> {
  const settings = await loadSettings(flags);
  const known = toContextParts(settings, (hasDestination ? findDestination(flags) : null) ?? settings.kiosk);
  const complete = (text: string) => completeCommands(text, known.invocation);
  const report = openReport(io, { log, isQuiet: flags.quiet ?? false, names, complete });
  const warn = (text: string) => report.warn(text);
  if (settings.project?.isForeign) warn(`${settings.project.file} belongs to another user and is ignored.`);
  const signal = interruption();
  const files = makeFiles(io);
  const credentials = openCredentials(flags, { settings, io, report, client: () => wise });
  const server = lazily(() => startSandbox(settings));
  const journal = lazily(await findJournal(locate(settings, io), { effect, isServer, warn, credentials }));
  const wise = await makeClient(flags, { settings, credentials, io, effect, server: server.get, log });
  const control = lazily(() => controlOf(settings, server.get));
  const context: Context = {
    ...known,
    // Redacts a token that was typed here by mistake, so that the journal does not store it.
    reason: redact(flags.reason?.trim() ?? '', credentials.secrets) || null,
    secrets: credentials.secrets,
    wise,
    get journal() {
      return journal.get();
    },
    ...findJournalPlace(locate(settings, io), credentials),
    files,
    calendar: io.calendar,
    stopwatch: io.stopwatch,
    uptime: io.uptime,
    signal,
    cut: forcedEnd(),
    unanswered: new Set(),
    ask: makeAsk({ io, names, signal, yes: flags.yes ?? false, noInput: flags['no-input'] ?? false }),
    report,
    sandboxControl: control.get,
    runbook: openRunbook({ given: flags.runbook, configured: runbookOf(settings), files, warn }),
    authorize: async (profileId) => authorize({ credentials, settings, io }, profileId),
    webhooks: openWebhooks(credentials),
    clientKey: async () => clientKeyOf(settings, credentials),
    webhookKey: async () => webhookKeyOf(settings, { files, server: server.get }),
  };
  return {
    context,
    settings,
    credentials,
    mayHaveSent: () => control.made() !== undefined || wise.mayHaveSent,
    close: async () => close({ wise, journal: journal.made(), server: server.made() }),
  };
}

type Messages = Pick<OpenOptions, 'log' | 'names'> & { isQuiet: boolean; complete: (text: string) => string };

function openReport(io: Io, { log, ...shown }: Messages): Report {
  return log ? new LogReport(log, shown) : new TerminalReport(io, shown);
}

interface Opened {
  wise: Client;
  journal: Journal | undefined;
  server: Promise<{ sandbox: Sandbox }> | undefined;
}

async function close({ wise, journal, server }: Opened): Promise<void> {
  await wise.close();
  await journal?.close();
  await (await server?.catch(() => undefined))?.sandbox.close();
}

function openCredentials(
  flags: ContextFlags,
  world: { settings: Settings; io: Io; report: Report; client: () => Client },
): Credentials {
  const { settings, io, report, client } = world;
  const signal = interruption();
  const credentials = makeCredentials(settings, {
    calendar: io.calendar,
    stopwatch: io.stopwatch,
    signal,
    say: (line, isProblem) => report[isProblem ? 'warn' : 'note'](redact(line, credentials.secrets)),
    client,
    given: { file: flags['token-file'], stdin: flags['token-stdin'] },
    readStdin: async () => io.readStdin(signal),
  });
  return credentials;
}

/** Returns the parts of a context that depend only on settings. */
function toContextParts(settings: Settings, kioskId: KioskId | null) {
  return {
    name: settings.contextName,
    environment: settings.environment,
    profileId: settings.profileId,
    profileIsExplicit: settings.profileIsExplicit,
    kiosks: settings.kiosks,
    program: settings.program,
    invocation: {
      flags: followUpFlags(settings),
      kioskId,
      profileFlag: settings.profileIsExplicit ? ['--profile-id', String(settings.profileId)] : [],
    },
    timing: settings.timing,
  };
}

/**
 * Returns the flags with which a suggested command uses the same context and server. The profile needs no flag, because
 * references of cards contain it.
 */
function followUpFlags({ contextName, baseUrl, baseUrlIsGiven }: Settings): string[] {
  return ['--context', contextName, ...(baseUrlIsGiven && baseUrl ? ['--base-url', baseUrl] : [])];
}

/** Opens the embedded sandbox. @throws Failure `storage-unusable` */
export async function openSandbox(
  settings: Settings,
  choice: Partial<SandboxOptions> = {},
): Promise<Sandbox> {
  return new Sandbox({ stateFile: settings.paths.sandboxState, speed: settings.sandboxSpeed, ...choice });
}

/** Returns the public key for webhooks: from the context (for a gateway), from Wise, or from the embedded sandbox. */
async function webhookKeyOf(
  { environment, publicKey }: Settings,
  { files, server }: { files: Files; server: () => Promise<{ sandbox: Sandbox }> },
): Promise<PublicKey> {
  if (publicKey !== null) return readPublicKey(files, publicKey);
  if (environment !== 'local')
    return { pem: PUBLISHED_KEYS[environment], source: `the published key of ${environment}` };
  return { pem: (await server()).sandbox.publicKey(), source: 'the key of the embedded sandbox' };
}

/** Creates the control client of the embedded sandbox. @throws Failure `sandbox-only` */
function controlOf(
  { environment, baseUrl }: Settings,
  server: () => Promise<{ url: string }>,
): RemoteSandbox {
  if (environment === 'local') return new RemoteSandbox(async () => baseUrl ?? (await server()).url);
  throw failure(
    'sandbox-only',
    `This works only in the embedded sandbox, not in ${environment}.`,
    'Use environment local: --context local.',
  );
}

async function startSandbox(settings: Settings): Promise<{ sandbox: Sandbox; url: string }> {
  const sandbox = await openSandbox(settings);
  return { sandbox, url: await sandbox.listen({ host: '127.0.0.1', port: 0 }) };
}

function locate({ paths, journal, environment, timing }: Settings, { calendar }: Io): JournalLocation {
  return {
    ...timing,
    file: paths.journal,
    isNamed: journal !== null,
    environment,
    now: () => calendar.now(),
  };
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

/**
 * Describes version and settings for an incident. Contains no paths or credentials, and only the host of the base URL.
 */
export function describeSetup(settings: Settings): IncidentSetup {
  const { environment, contextName, baseUrl, apiVersion, timing } = settings;
  const own = environment === 'local' ? null : BASE_URLS[environment];
  const url = baseUrl ?? own;
  return {
    kioskctl: packageJson.version,
    node: process.version,
    apiVersion,
    journalSchema: JOURNAL_SCHEMA,
    context: contextName,
    environment,
    apiHost: url === null ? null : new URL(url).host,
    timeoutMs: timing.timeout,
    intervalMs: timing.interval,
    settleWindowMs: timing.settleWindow,
  };
}
