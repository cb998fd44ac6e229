import { dirname, resolve } from 'node:path';
import type { Environment, Timing } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { type KioskId, parseKioskId } from '../../domain/ids.ts';
import type { RunbookSource } from '../../domain/runbook.ts';
import { parseDuration } from '../../domain/times/duration.ts';
import {
  type Choice,
  type ChosenContext,
  chooseContext,
  chooseName,
  contextOrigin,
} from './choose-context.ts';
import { findJournal, findPaths, type Paths } from './paths.ts';
import { findProjectFile, type ProjectFile } from './project-file.ts';
import { type GivenText, readSecretVariable } from './secret-variables.ts';
import {
  SETTING_LIST,
  SETTINGS,
  type SettingKey,
  type SettingValues,
  type ValueOf,
} from './setting-table.ts';
import { toSpeed } from './setting-values.ts';
import { readSettingsFile } from './settings-file.ts';
import { byDefault, type Found, type Origin, readGiven, type SettingFlags, Sources } from './sources.ts';

/** The effective settings of a command, from flags, environment variables, project file and settings file. */
export interface Settings extends SettingValues {
  contextName: string;
  environment: Environment;
  /** Origin of the selected context. */
  chosenBy: Origin;
  /** The project file, even if it is ignored. */
  project: ProjectFile | null;
  origins: Readonly<Record<SettingKey, Origin>>;
  /** True if a flag or variable sets the base URL. Commands in hints then repeat it. */
  baseUrlIsGiven: boolean;
  profileIsExplicit: boolean;
  timing: Timing;
  sandboxSpeed: number;
  /** Paths of kioskctl's files, with the journal of this command. */
  paths: Paths;
  /** Secrets from the environment, not validated. */
  token: GivenText;
  refreshToken: GivenText;
  clientId: GivenText;
  clientSecret: GivenText;
}

const DEFAULT_TIMEOUT_MS = 600_000;

/** Maximum pause while the usual end of a step is further away than the interval. */
const LONGEST_PAUSE_MS = 30_000;

export const PACE: Record<Environment, Omit<Timing, 'timeout' | 'longestPause'>> = {
  local: { firstPause: 40, interval: 400, settleWindow: 3_000, killedWindow: 3_000 },
  sandbox: { firstPause: 1_000, interval: 5_000, settleWindow: 30_000, killedWindow: 120_000 },
  production: { firstPause: 2_000, interval: 10_000, settleWindow: 120_000, killedWindow: 300_000 },
};

/**
 * Reads the settings of a command. Precedence: flag, environment variable, project file, context, default.
 * @throws Failure for contradictory or unreadable settings
 */
export function readSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv = process.env,
  project: ProjectFile | null = null,
): Settings {
  const paths = findPaths(env);
  const sources = new Sources(flags, env);
  const chosen = chooseContext(sources, { file: readSettingsFile(paths.settings), project });
  const found = findValues(sources, { chosen, project });
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value is of the type that its setting declares
    ...(mapValues(found, ({ value }) => value) as unknown as SettingValues),
    origins: mapValues(found, ({ origin }) => origin),
    contextName: chosen.name,
    environment: chosen.environment,
    chosenBy: chosen.origin,
    project,
    baseUrlIsGiven: chosen.baseUrlIsGiven,
    profileIsExplicit: flags['profile-id'] !== undefined,
    timing: readTiming(sources, chosen.environment),
    sandboxSpeed: sources.read({ variable: 'KIOSKCTL_SANDBOX_SPEED' }, toSpeed) ?? 1,
    token: readSecretVariable(env, 'KIOSKCTL_TOKEN'),
    refreshToken: readSecretVariable(env, 'KIOSKCTL_REFRESH_TOKEN'),
    clientId: readSecretVariable(env, 'KIOSKCTL_CLIENT_ID'),
    clientSecret: readSecretVariable(env, 'KIOSKCTL_CLIENT_SECRET'),
    paths: { ...paths, journal: found.journal.value ?? paths.journal },
  };
}

type FoundValues = Record<SettingKey, Found<unknown>> & { journal: Found<string | null> };

function mapValues<Mapped>(
  found: FoundValues,
  map: (found: Found<unknown>) => Mapped,
): Record<SettingKey, Mapped> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same keys
  return Object.fromEntries(Object.entries(found).map(([key, one]) => [key, map(one)])) as Record<
    SettingKey,
    Mapped
  >;
}

interface Files {
  chosen: ChosenContext;
  project: ProjectFile | null;
}

function findValues(sources: Sources, files: Files): FoundValues {
  const { baseUrl, environment } = files.chosen;
  const found = SETTING_LIST.map(({ key, parse, flag, variable, local, fallback, isRechecked }) => {
    // These are read separately: see findDestination and findJournal.
    const isReadElsewhere = key === 'kiosk' || key === 'journal';
    const set = isReadElsewhere
      ? undefined
      : sources.find({ flag, variable: variable?.[0] }, (text) => parse([text]));
    const stored = ofProject(key, files.project) ?? ofContext(key, files.chosen);
    if (isRechecked && typeof stored?.value === 'string') parse([stored.value]);
    const usual = environment === 'local' && local !== undefined ? local : fallback;
    return [key, set ?? stored ?? byDefault(usual)];
  });
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
    ...(Object.fromEntries(found) as FoundValues),
    baseUrl: baseUrl ? { ...baseUrl, value: baseUrl.value.href } : byDefault(null),
    ...findKiosks(files),
    journal: findJournal(sources, { environment, stored: ofContext('journal', files.chosen) }),
  };
}

function ofProject<Key extends SettingKey>(
  key: Key,
  project: ProjectFile | null,
): Found<ValueOf<Key>> | undefined {
  const value = project?.values[key];
  if (!project || value === undefined || value === null) return undefined;
  return { value, origin: { source: 'project-file', from: project.file } };
}

function ofContext<Key extends SettingKey>(
  key: Key,
  { name, settings }: ChosenContext,
): Found<ValueOf<Key>> | undefined {
  const value = settings?.[key];
  return value === undefined || value === null ? undefined : { value, origin: contextOrigin(name) };
}

/**
 * Returns the kiosks, and the default kiosk: the configured one, or the only kiosk. kioskctl never guesses one of
 * several kiosks, because a card might be printed at the wrong place.
 */
function findKiosks({ chosen, project }: Files): {
  kiosks: Found<readonly KioskId[]>;
  kiosk: Found<KioskId | null>;
} {
  const { local, fallback } = SETTINGS.kiosks;
  const set = [ofProject('kiosks', project), ofContext('kiosks', chosen)].find(
    (found) => found?.value.length,
  );
  const kiosks = set ?? byDefault((chosen.environment === 'local' && local) || fallback);
  const usual = ofContext('kiosk', chosen);
  // The context's default kiosk does not apply if the project lists other kiosks.
  const isOfOthers =
    kiosks.origin.source === 'project-file' && !(usual && kiosks.value.includes(usual.value));
  const kiosk = ofProject('kiosk', project) ?? (isOfOthers ? undefined : usual);
  if (!kiosk) {
    const [only = null, ...others] = kiosks.value;
    return { kiosks, kiosk: others.length === 0 ? { ...kiosks, value: only } : byDefault(null) };
  }
  const all = kiosks.value.includes(kiosk.value) ? kiosks.value : [...kiosks.value, kiosk.value];
  return { kiosks: { ...kiosks, value: all }, kiosk };
}

/** Returns the destination kiosk from flag or variable. @throws Failure `usage` */
export function findDestination(
  { kiosk }: { kiosk?: string | readonly string[] | undefined },
  env: NodeJS.ProcessEnv = process.env,
): KioskId | null {
  const flag = typeof kiosk === 'string' ? kiosk : undefined;
  const [variable = ''] = SETTINGS.kiosk.variable ?? [];
  return readGiven(flag, '--kiosk', parseKioskId) ?? readGiven(env[variable], variable, parseKioskId) ?? null;
}

/** Returns the runbook of a context. A relative path is resolved against the folder of the settings. */
export function runbookOf({
  runbook,
  origins,
  paths,
}: Pick<Settings, 'runbook' | 'origins' | 'paths'>): RunbookSource | null {
  if (runbook === null) return null;
  const file = resolve(dirname(paths.settings), runbook);
  return { file, isFromProject: origins.runbook.source === 'project-file' };
}

/** Reads the settings of a command, with the project file of the working folder. @throws Failure like `readSettings` */
export async function loadSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Settings> {
  return readSettings(flags, env, await findProjectFile());
}

/** Selects the context of a command, even if its settings are unusable. @throws Failure if no context is selected */
export async function loadChoice(flags: SettingFlags, env: NodeJS.ProcessEnv = process.env): Promise<Choice> {
  const file = readSettingsFile(findPaths(env).settings);
  return chooseName(new Sources(flags, env), { file, project: await findProjectFile() });
}

function readTiming(sources: Sources, environment: Environment): Timing {
  const pace = PACE[environment];
  const settle = sources.read({ variable: 'KIOSKCTL_SETTLE' }, toSettleWindow(environment));
  const wanted = sources.read({ flag: 'interval' }, parseDuration);
  const interval = Math.max(1, wanted ?? pace.interval);
  return {
    firstPause: Math.min(pace.firstPause, interval),
    interval,
    longestPause: wanted === undefined && environment !== 'local' ? LONGEST_PAUSE_MS : interval,
    timeout:
      sources.read({ flag: 'timeout', variable: 'KIOSKCTL_TIMEOUT' }, parseDuration) ?? DEFAULT_TIMEOUT_MS,
    settleWindow: settle ?? pace.settleWindow,
    // A value from the user applies to both windows. In production, the value can only lengthen them.
    killedWindow:
      settle === undefined || environment === 'production'
        ? Math.max(settle ?? 0, pace.killedWindow)
        : settle,
  };
}

/**
 * Creates the parser of the settle window. In production, the parser rejects a window below the default, with which a
 * card could be printed twice.
 */
function toSettleWindow(environment: Environment): (text: string) => number {
  return (text) => {
    const window = parseDuration(text);
    const { settleWindow } = PACE[environment];
    if (environment !== 'production' || window >= settleWindow) return window;
    throw failure(
      'usage',
      `a settle window of ${text} is too short for production.`,
      `The minimum is ${settleWindow / 1_000}s, because a lost request may still arrive until then.`,
    );
  };
}
