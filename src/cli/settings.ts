import { parseDuration } from '../domain/duration.ts';
import { Failure } from '../domain/failure.ts';
import { parseId } from '../domain/reference.ts';
import type { Environment, Timing } from '../workflows/context.ts';
import { checkBaseUrl } from './settings-base-url.ts';
import { chooseContext, type SettingFlags } from './settings-context.ts';
import { readSettingsFile } from './settings-file.ts';
import { findPaths, type Paths } from './settings-paths.ts';

/** Everything that flags, environment variables and the settings file decide. */
export interface Settings {
  contextName: string;
  environment: Environment;
  /** null: the environment's own. */
  baseUrl: string | null;
  apiVersion: string;
  profileId: number | null;
  profileIsExplicit: boolean;
  kiosks: readonly string[];
  kioskId: string | null;
  /** The same for `produce`, which also hears KIOSKCTL_KIOSK. */
  produceKiosk: string | null;
  program: string | null;
  timing: Timing;
  sandboxSpeed: number;
  /** KIOSKCTL_TOKEN as it is, empty or not. */
  token: string | undefined;
  paths: Paths;
}

/** The environment variables that settings come from, for the help. */
export const ENVIRONMENT_VARIABLES: readonly [name: string, meaning: string][] = [
  ['KIOSKCTL_CONTEXT', 'the context, like --context'],
  ['KIOSKCTL_ENVIRONMENT', 'local, sandbox or production, like --environment'],
  ['KIOSKCTL_BASE_URL', 'where the API is, like --base-url'],
  ['KIOSKCTL_PROFILE_ID', 'the profile of references that name none, like --profile-id'],
  ['KIOSKCTL_TOKEN', 'the access token (no flag takes one)'],
  ['KIOSKCTL_KIOSK', 'the kiosk, for produce only, like --kiosk'],
  ['KIOSKCTL_PROGRAM', 'the card program, like order --program'],
  ['KIOSKCTL_API_VERSION', 'legacy (the default) or a calendar version like 2026Q4'],
  ['KIOSKCTL_TIMEOUT', 'the deadline of a command, like --timeout'],
  ['KIOSKCTL_SETTLE', 'how long after its sending a lost request may still show up'],
  ['KIOSKCTL_SANDBOX_SPEED', 'how many times faster the embedded sandbox goes'],
  ['KIOSKCTL_HOME', 'one folder for settings, journal, sandbox and cache'],
  ['NO_COLOR, CI, TERM=dumb', 'no colour and nothing that moves'],
];

const DEFAULT_TIMEOUT = '10m';
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
  const baseUrl = checkBaseUrl(flags['base-url'] ?? env.KIOSKCTL_BASE_URL);
  const chosen = chooseContext({ flags, env, baseUrl, file: readSettingsFile(paths.settings) });
  const { environment, settings } = chosen;
  const isLocal = environment === 'local';
  const profile = flags['profile-id'] ?? env.KIOSKCTL_PROFILE_ID;
  return {
    contextName: chosen.name,
    environment,
    baseUrl: chosen.baseUrl?.href ?? null,
    apiVersion: checkApiVersion(env.KIOSKCTL_API_VERSION ?? settings?.apiVersion ?? 'legacy'),
    profileId:
      profile === undefined ? (settings?.profileId ?? (isLocal ? LOCAL_PROFILE : null)) : toProfile(profile),
    profileIsExplicit: flags['profile-id'] !== undefined,
    kiosks: settings?.kiosks.length ? settings.kiosks : isLocal ? LOCAL_KIOSKS : [],
    kioskId: checkName(flags.kiosk, '--kiosk') ?? settings?.kiosks[0] ?? null,
    produceKiosk:
      flags.kiosk ?? checkName(env.KIOSKCTL_KIOSK, 'KIOSKCTL_KIOSK') ?? settings?.kiosks[0] ?? null,
    program: checkName(env.KIOSKCTL_PROGRAM, 'KIOSKCTL_PROGRAM') ?? settings?.program ?? null,
    timing: readTiming(environment, { flags, env }),
    sandboxSpeed: toSpeed(env.KIOSKCTL_SANDBOX_SPEED ?? '1'),
    token: env.KIOSKCTL_TOKEN,
    paths,
  };
}

function readTiming(
  environment: Environment,
  { flags, env }: { flags: SettingFlags; env: NodeJS.ProcessEnv },
): Timing {
  const pace = PACE[environment];
  const interval = flags.interval === undefined ? pace.interval : Math.max(1, parseDuration(flags.interval));
  return {
    firstPause: Math.min(pace.firstPause, interval),
    interval,
    timeout: parseDuration(flags.timeout ?? env.KIOSKCTL_TIMEOUT ?? DEFAULT_TIMEOUT),
    settleWindow: env.KIOSKCTL_SETTLE === undefined ? pace.settleWindow : parseDuration(env.KIOSKCTL_SETTLE),
  };
}

function toProfile(text: string): number {
  if (text !== '') return parseId(text, 'profile id');
  throw new Failure('usage', 'KIOSKCTL_PROFILE_ID is empty.', {
    hint: 'Set it to a profile id, or unset it.',
  });
}

/** @throws Failure `usage` for an empty name, which in a script is a variable that was not set */
export function checkName(text: string | undefined, source: string): string | undefined {
  if (text?.trim() !== '') return text;
  throw new Failure('usage', `${source} is empty.`, { hint: 'Give it a value, or leave it out.' });
}

function checkApiVersion(text: string): string {
  if (text === 'legacy' || /^20\d\dQ[1-4]$/.test(text)) return text;
  throw new Failure('usage', `“${text}” is not an API version.`, {
    hint: 'Use legacy, or a version like 2026Q4.',
  });
}

/** How many times faster than life the embedded sandbox goes. @throws Failure `usage` */
export function toSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0 && speed <= 1_000_000) return speed;
  throw new Failure('usage', `“${text}” is not a speed of the sandbox.`, {
    hint: 'Give a number above 0, like 10.',
  });
}
