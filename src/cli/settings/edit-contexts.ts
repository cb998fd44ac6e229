import type { Ask, Environment } from '../../context/context.ts';
import { failure, notA } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { checkBaseUrl, ENVIRONMENTS, environmentOf, noContext, toEnvironment } from './choose-context.ts';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './setting-table.ts';
import { toBaseUrl } from './setting-values.ts';
import type { Settings } from './settings.ts';
import {
  type ContextSettings,
  findContext,
  type NewValues,
  type RawSettings,
  type SettingsFile,
} from './settings-file.ts';
import type { Origin } from './sources.ts';

const NAME = /^[a-z\d][\w.-]{0,63}$/i;

/** Validates the name of a new context. @throws Failure `usage` */
export function checkNewName(file: SettingsFile, name: string): void {
  if (!NAME.test(name)) {
    throw notA(
      'a name for a context',
      name,
      'Use up to 64 letters, digits, dots, dashes and underscores, the first a letter or a digit.',
    );
  }
  if (!findContext(file, name)) return;
  throw failure(
    'usage',
    `Context ${name} already exists.`,
    `Change it with kioskctl context set <KEY> <VALUE> --context ${name}, or remove it first.`,
  );
}

/** Checks that a context with the name of an environment belongs to that environment. @throws Failure `usage` */
function checkEnvironment(name: string, environment: Environment): void {
  const implicit = ENVIRONMENTS.find((known) => known === name.toLowerCase());
  if (!implicit || (implicit === environment && implicit === name)) return;
  throw failure(
    'usage',
    `A context named ${name} must have environment ${implicit}.`,
    `Choose another name, like ${environment}-1.`,
  );
}

/**
 * Selects the environment of a new context: from the flag, from its name, or by a prompt.
 * @throws Failure `usage`, `input-required`
 */
export async function chooseEnvironment(
  ask: Ask,
  { name, given }: { name: string; given: string | undefined },
): Promise<Environment> {
  const named = given ?? ENVIRONMENTS.find((known) => known === name);
  const choices = { flag: '--environment <NAME>', choices: ENVIRONMENTS, likely: 'sandbox' } as const;
  const environment = toEnvironment(named ?? (await ask.choose('Which environment?', choices)));
  checkEnvironment(name, environment);
  return environment;
}

/** Adds a context. @throws Failure `usage` for an invalid or existing name, and for contradictory settings */
export function addContext(
  file: SettingsFile,
  name: string,
  { environment, isCurrent, ...values }: NewValues & { environment: Environment; isCurrent: boolean },
): SettingsFile {
  checkNewName(file, name);
  checkEnvironment(name, environment);
  const context = checked({ environment, kiosks: [], ...values });
  return {
    ...file,
    contexts: { ...file.contexts, [name]: context },
    ...(isCurrent && { currentContext: name }),
  };
}

/** Sets the current context. @throws Failure `usage` for an unknown context */
export function useContext(file: SettingsFile, name: string): SettingsFile {
  if (environmentOf(name, file) === undefined) throw noContext(file, name);
  return { ...file, currentContext: name };
}

/**
 * Sets a setting, or removes it (undefined).
 * @throws Failure `usage` for a context without settings, and for a value that contradicts another setting
 */
export function setValue(
  file: SettingsFile,
  name: string,
  { key, value }: { key: SettingKey; value: ContextSettings[SettingKey] },
): SettingsFile {
  const settings = ownSettings(file, name);
  const others = without(settings, key);
  const context = checked({
    kiosks: [],
    ...(value === undefined ? others : { ...others, [key]: value }),
    environment: settings.environment,
  });
  return { ...file, contexts: { ...file.contexts, [name]: context } };
}

function without<Value>(record: Readonly<Record<string, Value>>, key: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([one]) => one !== key));
}

/** Removes a context. @throws Failure `usage` for a context without settings */
export function removeContext(file: SettingsFile, name: string): SettingsFile {
  ownSettings(file, name);
  return withoutContext(file, name);
}

/** Removes a context, even if it is unusable. */
export function withoutContext<File extends RawSettings>(file: File, name: string): File {
  const rest = { ...file, contexts: without(file.contexts, name) };
  if (file.currentContext === name) delete rest.currentContext;
  return rest;
}

/** Removes a new context, and restores the previous current context. */
export function withoutNew(file: SettingsFile, name: string, { currentContext }: SettingsFile): SettingsFile {
  const rest = removeContext(file, name);
  const isBack = file.currentContext === name && currentContext !== undefined;
  return { ...rest, ...(isBack && { currentContext }) };
}

/** Removes an invalid field from a context. Other invalid fields remain. */
export function withoutField(raw: RawSettings, name: string, key: SettingKey): RawSettings {
  const context = Object.hasOwn(raw.contexts, name) ? raw.contexts[name] : undefined;
  if (typeof context !== 'object' || context === null) return raw;
  return { ...raw, contexts: { ...raw.contexts, [name]: without({ ...context }, key) } };
}

/** Returns the settings of a context in the file. @throws Failure `usage` for a context without settings */
export function ownSettings(file: SettingsFile, name: string): ContextSettings {
  const settings = findContext(file, name);
  if (settings) return settings;
  const environment = environmentOf(name, file);
  if (environment === undefined) throw noContext(file, name);
  throw failure(
    'usage',
    `Context ${name} has no settings file entry, only environment variables and flags.`,
    `Create it: kioskctl context add ${name} --environment ${environment}.`,
  );
}

/** Checks that settings don't contradict each other. @throws Failure `usage` */
function checked(settings: ContextSettings): ContextSettings {
  const { environment, baseUrl, journal, kiosk, kiosks } = settings;
  if (baseUrl !== undefined) checkBaseUrl(toBaseUrl(baseUrl), environment);
  if (journal !== undefined && environment === 'local')
    throw failure('usage', 'Environment local always uses the default journal.', 'Leave out the journal.');
  if (kiosk === undefined || kiosks.length === 0 || kiosks.includes(kiosk)) return settings;
  throw failure(
    'usage',
    `Kiosk ${printable(kiosk)} is not one of ${kiosks.map(printable).join(', ')}.`,
    'Set the default kiosk to one of the kiosks. If needed, unset one of the two settings first.',
  );
}

export interface ListedContext {
  name: string;
  environment: Environment;
  profileId: number | null;
  kiosks: readonly string[];
  program: string | null;
  baseUrl: string | null;
  /** True if the settings file does not contain the context: only flags and environment variables set its values. */
  isImplicit: boolean;
}

/** Lists the contexts of the settings file by name, then the remaining implicit contexts. */
export function listContexts(file: SettingsFile): ListedContext[] {
  const implicit = ENVIRONMENTS.filter((name) => !findContext(file, name));
  return [...Object.keys(file.contexts).toSorted(), ...implicit].map((name) => {
    const own = findContext(file, name);
    const { profileId = null, kiosks = [], program = null, baseUrl = null } = own ?? {};
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an implicit context is named like its environment
    const environment = own?.environment ?? (name as Environment);
    return { name, environment, profileId, kiosks, program, baseUrl, isImplicit: !own };
  });
}

export interface ShownValue extends Origin {
  value: SettingValue | null;
}

/** Returns the effective value of each setting, with its origin. */
export function describeSettings(settings: Settings): Record<SettingKey, ShownValue> {
  const shown = SETTING_KEYS.map((key) => [key, { value: settings[key], ...settings.origins[key] }]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
  return Object.fromEntries(shown) as Record<SettingKey, ShownValue>;
}
