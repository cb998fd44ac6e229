import { Failure } from '../../domain/failure.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { Environment } from '../../workflows/context.ts';
import { type BaseUrl, toBaseUrl } from './base-url.ts';
import type { ContextSettings, SettingsFile } from './settings-file.ts';
import { asName, type Sources } from './sources.ts';

export interface ChosenContext {
  name: string;
  environment: Environment;
  /** The one of flags and variables, else that of the context; null: the environment's own. */
  baseUrl: BaseUrl | null;
  baseUrlIsGiven: boolean;
  /** null for an implicit context, which is made of environment variables and flags only. */
  settings: ContextSettings | null;
}

type Choice = Omit<ChosenContext, 'baseUrl' | 'baseUrlIsGiven'>;

const ENVIRONMENTS: readonly Environment[] = ['local', 'sandbox', 'production'];

/** Who sets one of these means a real API: without saying which, nothing may go to the embedded sandbox instead. */
const TELLING_VARIABLES = [
  'KIOSKCTL_TOKEN',
  'KIOSKCTL_REFRESH_TOKEN',
  'KIOSKCTL_CLIENT_ID',
  'KIOSKCTL_CLIENT_SECRET',
  'KIOSKCTL_PROFILE_ID',
  'KIOSKCTL_BASE_URL',
];

/**
 * Chooses the context of a command and its environment.
 * @throws Failure `usage` for contradictions, `environment-not-chosen`
 */
export function chooseContext(sources: Sources, file: SettingsFile): ChosenContext {
  const given = sources.read({ flag: 'base-url', variable: 'KIOSKCTL_BASE_URL' }, toBaseUrl) ?? null;
  const chosen = choose(sources, { file, baseUrl: given });
  const ofContext = chosen.settings?.baseUrl;
  const baseUrl = given ?? (ofContext === undefined ? null : toBaseUrl(ofContext));
  const isWrongHost = baseUrl?.isProduction ? chosen.environment !== 'production' : false;
  const isRemoteLocal = baseUrl !== null && !baseUrl.isLoopback && chosen.environment === 'local';
  if (isWrongHost || isRemoteLocal) {
    throw new Failure('usage', `The base URL ${baseUrl?.href} is not of environment ${chosen.environment}.`, {
      hint: isWrongHost
        ? 'That host is production: say --environment production, or use another base URL.'
        : 'Say which environment it is: --environment sandbox or --environment production.',
    });
  }
  return { ...chosen, baseUrl, baseUrlIsGiven: given !== null };
}

function choose(
  sources: Sources,
  { file, baseUrl }: { file: SettingsFile; baseUrl: BaseUrl | null },
): Choice {
  const { environment, name } = readChoice(sources, file);
  if (name !== undefined) return named(name, file, environment ?? null);
  if (environment) return ofEnvironment(environment, file);
  if (baseUrl?.isProduction) return ofEnvironment('production', file);
  const current = file.currentContext === undefined ? null : named(file.currentContext, file, null);
  if (current && current.environment !== 'local') return current;
  const telling = TELLING_VARIABLES.find((variable) => sources.has(variable));
  const isLocal = telling === undefined && (baseUrl === null || baseUrl.isLoopback);
  if (isLocal) return current ?? ofEnvironment('local', file);
  throw new Failure(
    'environment-not-chosen',
    `${telling ?? '--base-url'} is set, but not for which environment.`,
    {
      hint: 'Say --environment sandbox (or local, production), or set KIOSKCTL_ENVIRONMENT or KIOSKCTL_CONTEXT.',
    },
  );
}

interface Choosing {
  environment: Environment | undefined;
  name: string | undefined;
}

/** Flags win over variables, also one over the other's: `--context local` works in any shell. */
function readChoice(sources: Sources, file: SettingsFile): Choosing {
  const environment = sources.read({ flag: 'environment' }, toEnvironment);
  const name = sources.read({ flag: 'context' }, asName);
  if (name !== undefined) return { environment, name };
  const usual = sources.read({ variable: 'KIOSKCTL_CONTEXT' }, asName);
  if (environment === undefined)
    return { environment: sources.read({ variable: 'KIOSKCTL_ENVIRONMENT' }, toEnvironment), name: usual };
  const fits = usual !== undefined && environmentOf(usual, file) === environment;
  return { environment, name: fits ? usual : undefined };
}

function environmentOf(name: string, { contexts }: SettingsFile): Environment | undefined {
  const settings = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  return settings?.environment ?? ENVIRONMENTS.find((known) => known === name);
}

function toEnvironment(text: string): Environment {
  const environment = ENVIRONMENTS.find((known) => known === text);
  if (environment) return environment;
  throw new Failure('usage', `“${printable(text)}” is not an environment.`, {
    hint: `Use one of ${ENVIRONMENTS.join(', ')}.`,
  });
}

/** A context of the settings file, or one of the implicit ones, which are named like their environments. */
function named(name: string, file: SettingsFile, wanted: Environment | null): Choice {
  const settings = Object.hasOwn(file.contexts, name) ? (file.contexts[name] ?? null) : null;
  const environment = environmentOf(name, file);
  if (!environment) {
    throw new Failure('usage', `There is no context “${printable(name)}”.`, {
      hint: `Use one of ${[...new Set([...Object.keys(file.contexts), ...ENVIRONMENTS])].map(printable).join(', ')}.`,
    });
  }
  if (wanted && wanted !== environment) {
    throw new Failure(
      'usage',
      `Context ${printable(name)} is of environment ${environment}, not ${wanted}.`,
      {
        hint: 'Leave out one of --context (KIOSKCTL_CONTEXT) and --environment (KIOSKCTL_ENVIRONMENT).',
      },
    );
  }
  return { name, environment, settings };
}

/** An environment without a context selects the context of the same name, if that is of this environment. */
function ofEnvironment(environment: Environment, file: SettingsFile): Choice {
  const namesake = Object.hasOwn(file.contexts, environment) ? file.contexts[environment] : undefined;
  return {
    name: environment,
    environment,
    settings: namesake?.environment === environment ? namesake : null,
  };
}
