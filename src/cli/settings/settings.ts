import { parseDuration } from '../../domain/duration.ts';
import { Failure } from '../../domain/failure.ts';
import { parseId } from '../../domain/reference.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { Environment, Timing } from '../../workflows/context.ts';
import { chooseContext } from './choose-context.ts';
import { findPaths, type Paths } from './paths.ts';
import { readSettingsFile } from './settings-file.ts';
import { asName, type SettingFlags, Sources } from './sources.ts';

/** Everything that flags, environment variables and the settings file decide. */
export interface Settings {
  contextName: string;
  environment: Environment;
  /** null: the environment's own. */
  baseUrl: string | null;
  /** By flag or variable, so that follow-up commands need it, too. */
  baseUrlIsGiven: boolean;
  apiVersion: string;
  profileId: number | null;
  profileIsExplicit: boolean;
  kiosks: readonly string[];
  kioskId: string | null;
  /** The same for `produce`, which also hears KIOSKCTL_KIOSK. */
  produceKiosk: string | null;
  program: string | null;
  clientKey: string | null;
  /** A program and its arguments; `{profileId}` in them stands for the profile. */
  credentialCommand: readonly string[] | null;
  /** Files in PEM, for mutual TLS. */
  certificate: { certFile: string; keyFile: string } | null;
  /** The file of the team's runbook. */
  runbook: string | null;
  /** The file of the key with which webhooks are signed. */
  publicKey: string | null;
  timing: Timing;
  sandboxSpeed: number;
  /** KIOSKCTL_TOKEN as it is, empty or not. */
  token: string | undefined;
  /** KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, the same. */
  clientId: string | undefined;
  clientSecret: string | undefined;
  paths: Paths;
}

/** The environment variables that settings come from, for the help. */
export const ENVIRONMENT_VARIABLES: readonly [name: string, meaning: string][] = [
  ['KIOSKCTL_CONTEXT', 'the context, like --context'],
  ['KIOSKCTL_ENVIRONMENT', 'local, sandbox or production, like --environment'],
  ['KIOSKCTL_BASE_URL', 'where the API is, like --base-url'],
  ['KIOSKCTL_PROFILE_ID', 'the profile of references that name none, like --profile-id'],
  ['KIOSKCTL_TOKEN', 'the access token (no flag takes one)'],
  ['KIOSKCTL_CLIENT_ID', 'the client id of the application, for webhooks'],
  ['KIOSKCTL_CLIENT_SECRET', 'its secret (no flag takes one)'],
  ['KIOSKCTL_KIOSK', 'the kiosk, for produce only, like --kiosk'],
  ['KIOSKCTL_PROGRAM', 'the card program, like order --program'],
  ['KIOSKCTL_API_VERSION', 'legacy (the default) or a calendar version like 2026Q4'],
  ['KIOSKCTL_TIMEOUT', 'the deadline of a command, like --timeout'],
  ['KIOSKCTL_SETTLE', 'how long after its sending a lost request may still show up'],
  ['KIOSKCTL_SANDBOX_SPEED', 'how many times faster the embedded sandbox goes'],
  ['KIOSKCTL_HOME', 'one folder for settings, journal, sandbox and cache'],
  ['HTTPS_PROXY, NO_PROXY', 'the proxy to the API, and the hosts that are reached without it'],
  ['NODE_EXTRA_CA_CERTS', 'a file of authorities to trust, in PEM'],
  ['NO_COLOR, CI, TERM=dumb', 'no colour and nothing that moves'],
];

const DEFAULT_TIMEOUT_MS = 600_000;
const LOCAL_PROFILE = 1001;
const LOCAL_KIOSKS = ['WIS00001', 'WIS00002', 'WIS00003'];

const PACE: Record<Environment, Omit<Timing, 'timeout'>> = {
  local: { firstPause: 40, interval: 400, settleWindow: 3_000 },
  sandbox: { firstPause: 1_000, interval: 5_000, settleWindow: 30_000 },
  production: { firstPause: 2_000, interval: 10_000, settleWindow: 120_000 },
};

/**
 * Works out the settings of a command: flag, environment variable, context, default, in this order.
 * @throws Failure for what contradicts itself or can't be read
 */
export function readSettings(flags: SettingFlags, env: NodeJS.ProcessEnv = process.env): Settings {
  const paths = findPaths(env);
  const sources = new Sources(flags, env);
  const chosen = chooseContext(sources, readSettingsFile(paths.settings));
  const { environment, settings } = chosen;
  const isLocal = environment === 'local';
  // Of several kiosks nobody is to guess one: the card would be printed where nobody waits.
  const only = settings?.kiosks.length === 1 ? settings.kiosks[0] : undefined;
  const kiosk = sources.read({ flag: 'kiosk' }, asName) ?? only ?? null;
  const profileId = sources.read({ flag: 'profile-id', variable: 'KIOSKCTL_PROFILE_ID' }, toProfile);
  return {
    contextName: chosen.name,
    environment,
    baseUrl: chosen.baseUrl?.href ?? null,
    baseUrlIsGiven: chosen.baseUrlIsGiven,
    apiVersion:
      sources.read({ variable: 'KIOSKCTL_API_VERSION' }, toApiVersion) ??
      toApiVersion(settings?.apiVersion ?? 'legacy'),
    profileId: profileId ?? settings?.profileId ?? (isLocal ? LOCAL_PROFILE : null),
    profileIsExplicit: flags['profile-id'] !== undefined,
    kiosks: settings?.kiosks.length ? settings.kiosks : isLocal ? LOCAL_KIOSKS : [],
    kioskId: kiosk,
    produceKiosk: sources.read({ flag: 'kiosk', variable: 'KIOSKCTL_KIOSK' }, asName) ?? kiosk,
    program: sources.read({ variable: 'KIOSKCTL_PROGRAM' }, asName) ?? settings?.program ?? null,
    clientKey: settings?.clientKey ?? null,
    credentialCommand: settings?.credentialCommand ?? null,
    certificate: settings?.certificate ?? null,
    runbook: settings?.runbook ?? null,
    publicKey: settings?.publicKey ?? null,
    timing: readTiming(sources, environment),
    sandboxSpeed: sources.read({ variable: 'KIOSKCTL_SANDBOX_SPEED' }, toSpeed) ?? 1,
    token: env.KIOSKCTL_TOKEN,
    clientId: env.KIOSKCTL_CLIENT_ID,
    clientSecret: env.KIOSKCTL_CLIENT_SECRET,
    paths,
  };
}

function readTiming(sources: Sources, environment: Environment): Timing {
  const pace = PACE[environment];
  const interval = Math.max(1, sources.read({ flag: 'interval' }, parseDuration) ?? pace.interval);
  return {
    firstPause: Math.min(pace.firstPause, interval),
    interval,
    timeout:
      sources.read({ flag: 'timeout', variable: 'KIOSKCTL_TIMEOUT' }, parseDuration) ?? DEFAULT_TIMEOUT_MS,
    settleWindow:
      sources.read({ variable: 'KIOSKCTL_SETTLE' }, toSettleWindow(environment)) ?? pace.settleWindow,
  };
}

/** In production a shorter window could let a card be printed twice. */
function toSettleWindow(environment: Environment): (text: string) => number {
  return (text) => {
    const window = parseDuration(text);
    const { settleWindow } = PACE[environment];
    if (environment !== 'production' || window >= settleWindow) return window;
    throw new Failure('usage', `a settle window of ${text} is too short for production.`, {
      hint: `There it is at least ${settleWindow / 1_000}s, because a lost request may show up that late.`,
    });
  };
}

function toProfile(text: string): number {
  return parseId(text, 'profile id');
}

function toApiVersion(text: string): string {
  if (text === 'legacy' || /^20\d\dQ[1-4]$/.test(text)) return text;
  throw new Failure('usage', `“${printable(text)}” is not an API version.`, {
    hint: 'Use legacy, or a version like 2026Q4.',
  });
}

/** How many times faster than life the embedded sandbox goes. @throws Failure `usage` */
export function toSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0 && speed <= 1_000_000) return speed;
  throw new Failure('usage', `“${printable(text)}” is not a speed of the sandbox.`, {
    hint: 'Give a number above 0, like 10.',
  });
}
