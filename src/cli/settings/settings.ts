import { dirname, resolve } from 'node:path';
import type { Environment, Timing } from '../../context/context.ts';
import { Failure } from '../../domain/errors/failure.ts';
import type { RunbookSource } from '../../domain/runbook.ts';
import { parseDuration } from '../../domain/times/duration.ts';
import { type Choice, chooseContext, chooseName } from './choose-context.ts';
import { findValues, originsOf, type SettingKey, valuesOf } from './find-values.ts';
import { findPaths, type Paths } from './paths.ts';
import { findProjectFile, type ProjectFile } from './project-file.ts';
import { toSpeed } from './setting-table.ts';
import { readSettingsFile } from './settings-file.ts';
import { asName, byDefault, type Origin, type SettingFlags, Sources } from './sources.ts';

/** Everything that flags, environment variables, project file and settings file decide. */
export interface Settings {
  contextName: string;
  environment: Environment;
  /** Who chose the context. */
  chosenBy: Origin;
  /** The project file, also one that is not heard. */
  project: ProjectFile | null;
  /** Where each value comes from. */
  origins: Readonly<Record<SettingKey | 'baseUrl', Origin>>;
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
  /** KIOSKCTL_REFRESH_TOKEN, the same. */
  refreshToken: string | undefined;
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
  ['KIOSKCTL_REFRESH_TOKEN', 'with what a token is fetched, with client id and secret (no flag takes it)'],
  ['KIOSKCTL_CLIENT_ID', 'the client id of the application, for webhooks and refresh tokens'],
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

const PACE: Record<Environment, Omit<Timing, 'timeout'>> = {
  local: { firstPause: 40, interval: 400, settleWindow: 3_000 },
  sandbox: { firstPause: 1_000, interval: 5_000, settleWindow: 30_000 },
  production: { firstPause: 2_000, interval: 10_000, settleWindow: 120_000 },
};

/**
 * Works out the settings of a command: flag, environment variable, project file, context, default, in this order.
 * @param project the project file, where one was found
 * @throws Failure for what contradicts itself or can't be read
 */
export function readSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv = process.env,
  project: ProjectFile | null = null,
): Settings {
  const paths = findPaths(env);
  const sources = new Sources(flags, env);
  const chosen = chooseContext(sources, { file: readSettingsFile(paths.settings), project });
  const { environment } = chosen;
  const found = findValues(sources, { chosen, project });
  const kiosk = sources.find({ flag: 'kiosk' }, asName) ?? found.kiosk;
  return {
    contextName: chosen.name,
    environment,
    chosenBy: chosen.origin,
    project,
    origins: { baseUrl: chosen.baseUrl?.origin ?? byDefault(null).origin, ...originsOf({ ...found, kiosk }) },
    baseUrl: chosen.baseUrl?.value.href ?? null,
    baseUrlIsGiven: chosen.baseUrlIsGiven,
    ...valuesOf(found),
    profileIsExplicit: flags['profile-id'] !== undefined,
    kioskId: kiosk.value,
    produceKiosk: sources.read({ flag: 'kiosk', variable: 'KIOSKCTL_KIOSK' }, asName) ?? kiosk.value,
    timing: readTiming(sources, environment),
    sandboxSpeed: sources.read({ variable: 'KIOSKCTL_SANDBOX_SPEED' }, toSpeed) ?? 1,
    token: env.KIOSKCTL_TOKEN,
    refreshToken: env.KIOSKCTL_REFRESH_TOKEN,
    clientId: env.KIOSKCTL_CLIENT_ID,
    clientSecret: env.KIOSKCTL_CLIENT_SECRET,
    paths,
  };
}

/** Finds the runbook of a context; a relative path starts at the folder of the settings. */
export function runbookOf({
  runbook,
  origins,
  paths,
}: Pick<Settings, 'runbook' | 'origins' | 'paths'>): RunbookSource | null {
  if (runbook === null) return null;
  const file = resolve(dirname(paths.settings), runbook);
  return { file, isFromProject: origins.runbook.source === 'project-file' };
}

/** The same, with the project file of the working folder. */
export async function loadSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Settings> {
  return readSettings(flags, env, await findProjectFile());
}

/** Which context a command would use, also where its settings can't be used. @throws Failure where none is chosen */
export async function loadChoice(flags: SettingFlags, env: NodeJS.ProcessEnv = process.env): Promise<Choice> {
  const file = readSettingsFile(findPaths(env).settings);
  return chooseName(new Sources(flags, env), { file, project: await findProjectFile() });
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
