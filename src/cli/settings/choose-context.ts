import type { Environment } from '../../context/context.ts';
import { type Failure, failure, notA } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import type { ProjectFile } from './project-file.ts';
import { SECRET_NAMES } from './secret-variables.ts';
import { type BaseUrl, toBaseUrl } from './setting-values.ts';
import { type ContextSettings, findContext, type SettingsFile } from './settings-file.ts';
import { asName, byDefault, type Found, type Origin, type Sources } from './sources.ts';

export interface ChosenContext {
  name: string;
  environment: Environment;
  origin: Origin;
  /** Base URL from a flag, variable or context; null for the default of the environment. */
  baseUrl: Found<BaseUrl> | null;
  baseUrlIsGiven: boolean;
  /** null for an implicit context, whose settings come only from flags and environment variables. */
  settings: ContextSettings | null;
}

export type Choice = Omit<ChosenContext, 'baseUrl' | 'baseUrlIsGiven'>;

interface Files {
  file: SettingsFile;
  project: ProjectFile | null;
}

export const ENVIRONMENTS: readonly Environment[] = ['local', 'sandbox', 'production'];

/** Variables that imply a real API. If one is set, the embedded sandbox is not the default. */
const TELLING_VARIABLES = [...SECRET_NAMES, 'KIOSKCTL_PROFILE_ID', 'KIOSKCTL_BASE_URL'];

/**
 * Selects the context of a command, and its environment.
 * @throws Failure `usage` for contradictions, `environment-not-chosen`
 */
export function chooseContext(sources: Sources, files: Files): ChosenContext {
  const given = findBaseUrl(sources);
  const chosen = chooseName(sources, files);
  const own = chosen.settings?.baseUrl;
  const baseUrl =
    given ?? (own === undefined ? null : { value: toBaseUrl(own), origin: contextOrigin(chosen.name) });
  if (baseUrl) checkBaseUrl(baseUrl.value, chosen.environment);
  return { ...chosen, baseUrl, baseUrlIsGiven: given !== null };
}

function findBaseUrl(sources: Sources): Found<BaseUrl> | null {
  return sources.find({ flag: 'base-url', variable: 'KIOSKCTL_BASE_URL' }, toBaseUrl) ?? null;
}

/** Checks that a base URL is allowed in the environment. @throws Failure `usage` */
export function checkBaseUrl(baseUrl: BaseUrl, environment: Environment): BaseUrl {
  const isWrongHost = baseUrl.isProduction && environment !== 'production';
  const isRemoteLocal = !baseUrl.isLoopback && environment === 'local';
  if (!isWrongHost && !isRemoteLocal) return baseUrl;
  throw failure(
    'usage',
    `The base URL ${baseUrl.href} does not belong to environment ${environment}.`,
    isWrongHost
      ? 'That host is production. Use --environment production, or another base URL.'
      : 'Set the environment: --environment sandbox or --environment production.',
  );
}

/** Returns the origin of values that a context sets. */
export function contextOrigin(name: string): Origin {
  return { source: 'context', from: name };
}

/** Selects the context, even if its settings are unusable. @throws Failure like `chooseContext` */
export function chooseName(sources: Sources, { file, project }: Files): Choice {
  const baseUrl = findBaseUrl(sources);
  const { environment, name } = readChoice(sources, file);
  if (name) return { ...named(name.value, file, environment?.value ?? null), origin: name.origin };
  if (environment) return { ...ofEnvironment(environment.value, file), origin: environment.origin };
  if (baseUrl?.value.isProduction) return { ...ofEnvironment('production', file), origin: baseUrl.origin };
  const isHere = baseUrl === null || baseUrl.value.isLoopback;
  // A project file, which may be somebody else's, must not decide which environment a base URL belongs to.
  const kept = (isHere ? ofProject(project, file) : null) ?? ofSettings(file);
  const telling = TELLING_VARIABLES.find((variable) => sources.has(variable));
  if (kept && telling !== undefined) checkIsUsers(kept, { file, telling });
  if (kept && kept.environment !== 'local') return kept;
  if (telling === undefined && isHere)
    return kept ?? { ...ofEnvironment('local', file), origin: byDefault(null).origin };
  throw failure(
    'environment-not-chosen',
    `${telling ?? '--base-url'} is set, but no environment is set.`,
    'Use --environment sandbox (or local, production), or set KIOSKCTL_ENVIRONMENT or KIOSKCTL_CONTEXT.',
  );
}

/**
 * Rejects credentials from the environment for a context that only the project file selected. The repository may be
 * somebody else's, and must not decide to which API credentials are sent.
 * @throws Failure `environment-not-chosen`
 */
function checkIsUsers(
  { name, origin }: Choice,
  { file, telling }: { file: SettingsFile; telling: string },
): void {
  if (origin.source !== 'project-file' || name === file.currentContext) return;
  const shown = printable(name);
  throw failure(
    'environment-not-chosen',
    `${telling} is set, but only ${printable(origin.from ?? '')} selects context ${shown}.`,
    `Use --context ${shown}, set KIOSKCTL_CONTEXT, or make it your default: kioskctl context use ${shown}.`,
  );
}

function ofSettings(file: SettingsFile): Choice | null {
  const name = file.currentContext;
  return name === undefined
    ? null
    : { ...named(name, file, null), origin: { source: 'settings-file', from: 'currentContext' } };
}

/**
 * Returns the context that a project file names; null if it names none. The context must be `local`, or in the user's
 * settings file.
 * @throws Failure for any other context
 */
function ofProject(project: ProjectFile | null, file: SettingsFile): Choice | null {
  const name = project?.context;
  if (!project || name === undefined) return null;
  const origin: Origin = { source: 'project-file', from: project.file };
  if (name === 'local' || findContext(file, name)) return { ...named(name, file, null), origin };
  throw project.mistake('context', {
    why: `the settings have no context “${printable(name)}”`,
    hint: `Create it: kioskctl context add ${printable(name)}. Or choose another with --context or --environment.`,
  });
}

/** Reads context and environment. A flag overrides both variables, so that `--context local` works in any shell. */
function readChoice(
  sources: Sources,
  file: SettingsFile,
): { environment: Found<Environment> | undefined; name: Found<string> | undefined } {
  const environment = sources.find({ flag: 'environment' }, toEnvironment);
  const name = sources.find({ flag: 'context' }, asName);
  if (name) return { environment, name };
  const usual = sources.find({ variable: 'KIOSKCTL_CONTEXT' }, asName);
  if (!environment)
    return { environment: sources.find({ variable: 'KIOSKCTL_ENVIRONMENT' }, toEnvironment), name: usual };
  const fits = usual && environmentOf(usual.value, file) === environment.value;
  return { environment, name: fits ? usual : undefined };
}

export function environmentOf(name: string, file: SettingsFile): Environment | undefined {
  return findContext(file, name)?.environment ?? ENVIRONMENTS.find((known) => known === name);
}

export function toEnvironment(text: string): Environment {
  const environment = ENVIRONMENTS.find((known) => known === text);
  if (environment) return environment;
  throw notA('an environment', text, `Use one of ${ENVIRONMENTS.join(', ')}.`);
}

/** Returns a context of the settings file, or an implicit context, which has the name of its environment. */
function named(name: string, file: SettingsFile, wanted: Environment | null): Omit<Choice, 'origin'> {
  const settings = findContext(file, name) ?? null;
  const environment = environmentOf(name, file);
  if (!environment) throw noContext(file, name);
  if (wanted && wanted !== environment) {
    throw failure(
      'usage',
      `Context ${printable(name)} belongs to environment ${environment}, not ${wanted}.`,
      'Leave out one of --context (KIOSKCTL_CONTEXT) and --environment (KIOSKCTL_ENVIRONMENT).',
    );
  }
  return { name, environment, settings };
}

/** Creates the failure for an unknown context, with similar names. */
export function noContext({ contexts }: SettingsFile, name: string): Failure {
  const known = [...new Set([...Object.keys(contexts), ...ENVIRONMENTS])];
  const near = nearestOf(name, known);
  return failure(
    'usage',
    `There is no context “${printable(name)}”.`,
    near.length > 0
      ? `Did you mean ${near.map(printable).join(', ')}?`
      : `Use one of ${known.map(printable).join(', ')}.`,
  );
}

/**
 * Returns the context with the name of an environment. If the settings file has a context with this name, but for
 * another environment, returns the implicit context.
 */
function ofEnvironment(environment: Environment, file: SettingsFile): Omit<Choice, 'origin'> {
  const namesake = findContext(file, environment);
  return {
    name: environment,
    environment,
    settings: namesake?.environment === environment ? namesake : null,
  };
}
