import type { Ask, Environment } from '../../context/context.ts';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import { checkBaseUrl, ENVIRONMENTS, environmentOf, toEnvironment } from './choose-context.ts';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './setting-table.ts';
import { toBaseUrl } from './setting-values.ts';
import type { Settings } from './settings.ts';
import type { ContextSettings, NewValues, RawSettings, SettingsFile } from './settings-file.ts';
import type { Origin } from './sources.ts';

const NAME = /^[a-z\d][\w.-]{0,63}$/i;

/**
 * A name that a new context can have.
 * @throws Failure `usage`
 */
export function checkNewName(file: SettingsFile, name: string): void {
  if (!NAME.test(name)) {
    throw new Failure('usage', `“${printable(name)}” is not a name for a context.`, {
      hint: 'Use up to 64 letters, digits, dots, dashes and underscores, the first a letter or a digit.',
    });
  }
  if (!Object.hasOwn(file.contexts, name)) return;
  throw new Failure('usage', `There is a context ${name} already.`, {
    hint: `Change it with kioskctl context set KEY VALUE --context ${name}, or remove it first.`,
  });
}

/** The names of the implicit contexts only stand for their own environments. @throws Failure `usage` */
function checkEnvironment(name: string, environment: Environment): void {
  const implicit = ENVIRONMENTS.find((known) => known === name.toLowerCase());
  if (!implicit || (implicit === environment && implicit === name)) return;
  throw new Failure('usage', `A context named ${name} can only be of environment ${implicit}.`, {
    hint: `Choose another name, like ${environment}-1.`,
  });
}

/**
 * The environment of a new context: the one that is given, the one that its name stands for, or the one that the user picks.
 * @throws Failure `usage`, `input-required`
 */
export async function chooseEnvironment(
  ask: Ask,
  { name, given }: { name: string; given: string | undefined },
): Promise<Environment> {
  const named = given ?? ENVIRONMENTS.find((known) => known === name);
  const choices = { flag: '--environment', choices: ENVIRONMENTS };
  const environment = toEnvironment(named ?? (await ask.choose('Which environment?', choices)));
  checkEnvironment(name, environment);
  return environment;
}

/** @throws Failure `usage` for a name that is taken or is none, and for settings that contradict each other */
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

/** @throws Failure `usage` for a context that isn't there */
export function useContext(file: SettingsFile, name: string): SettingsFile {
  if (environmentOf(name, file) === undefined) throw noContext(file, name);
  return { ...file, currentContext: name };
}

/**
 * Gives a setting its value, or takes it away (undefined).
 * @throws Failure `usage` for a context without settings, and for a value that contradicts another
 */
export function setValue(
  file: SettingsFile,
  name: string,
  { key, value }: { key: SettingKey; value: ContextSettings[SettingKey] },
): SettingsFile {
  const settings = ownSettings(file, name);
  const changed =
    value === undefined
      ? Object.fromEntries(Object.entries(settings).filter(([one]) => one !== key))
      : { [key]: value };
  const rest = value === undefined ? changed : { ...settings, ...changed };
  const context = checked({ kiosks: [], ...rest, environment: settings.environment });
  return { ...file, contexts: { ...file.contexts, [name]: context } };
}

/** @throws Failure `usage` for a context without settings */
export function removeContext(file: SettingsFile, name: string): SettingsFile {
  ownSettings(file, name);
  const { currentContext, ...rest } = file;
  const contexts = Object.fromEntries(Object.entries(file.contexts).filter(([one]) => one !== name));
  const isGone = currentContext === name;
  return { ...rest, ...(currentContext !== undefined && !isGone && { currentContext }), contexts };
}

/** Takes a context back that was made, and its being the current one. */
export function withoutNew(file: SettingsFile, name: string, { currentContext }: SettingsFile): SettingsFile {
  const rest = removeContext(file, name);
  const isBack = file.currentContext === name && currentContext !== undefined;
  return { ...rest, ...(isBack && { currentContext }) };
}

/** Takes a bad field out of a context, whatever else is bad in it. */
export function withoutField(raw: RawSettings, name: string, key: SettingKey): RawSettings {
  const context = Object.hasOwn(raw.contexts, name) ? raw.contexts[name] : undefined;
  if (typeof context !== 'object' || context === null) return raw;
  const rest = Object.fromEntries(Object.entries(context).filter(([one]) => one !== key));
  return { ...raw, contexts: { ...raw.contexts, [name]: rest } };
}

/** Takes a context out that can't be used. */
export function withoutContext({ currentContext, ...raw }: RawSettings, name: string): RawSettings {
  const contexts = Object.fromEntries(Object.entries(raw.contexts).filter(([one]) => one !== name));
  const isKept = currentContext !== undefined && currentContext !== name;
  return { ...raw, ...(isKept && { currentContext }), contexts };
}

function ownSettings(file: SettingsFile, name: string): ContextSettings {
  const settings = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  if (settings) return settings;
  const environment = environmentOf(name, file);
  if (environment === undefined) throw noContext(file, name);
  throw new Failure('usage', `Context ${name} is made of environment variables and flags only.`, {
    hint: `Give it settings: kioskctl context add ${name} --environment ${environment}.`,
  });
}

function noContext({ contexts }: SettingsFile, name: string): Failure {
  const known = [...new Set([...Object.keys(contexts), ...ENVIRONMENTS])];
  const near = nearestOf(name, known);
  return new Failure('usage', `There is no context “${printable(name)}”.`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.map(printable).join(', ')}?`
        : `Use one of ${known.map(printable).join(', ')}.`,
  });
}

/** Values that are good alone may not go together. */
function checked(settings: ContextSettings): ContextSettings {
  const { environment, baseUrl, kiosk, kiosks } = settings;
  if (baseUrl !== undefined) checkBaseUrl(toBaseUrl(baseUrl), environment);
  if (kiosk === undefined || kiosks.length === 0 || kiosks.includes(kiosk)) return settings;
  throw new Failure('usage', `Kiosk ${printable(kiosk)} is not one of ${kiosks.map(printable).join(', ')}.`, {
    hint: 'Change kiosks and kiosk so that the default is one of the kiosks; unset one of them first, where needed.',
  });
}

export interface ListedContext {
  name: string;
  environment: Environment;
  profileId: number | null;
  kiosks: readonly string[];
  program: string | null;
  baseUrl: string | null;
  /** Made of environment variables and flags only. */
  isImplicit: boolean;
}

/** The contexts of the settings file by name, then the implicit ones that it doesn't have. */
export function listContexts({ contexts }: SettingsFile): ListedContext[] {
  const own = Object.entries(contexts)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { environment, profileId = null, kiosks, program = null, baseUrl = null }]) => {
      return { name, environment, profileId, kiosks, program, baseUrl, isImplicit: false };
    });
  const implicit = ENVIRONMENTS.filter((name) => !Object.hasOwn(contexts, name)).map((name) => {
    const nothing = { profileId: null, kiosks: [], program: null, baseUrl: null };
    return { name, environment: name, ...nothing, isImplicit: true };
  });
  return [...own, ...implicit];
}

export interface ShownValue extends Origin {
  value: SettingValue | null;
}

/** Returns each value that commands would use, with its origin. */
export function describeSettings(settings: Settings): Record<SettingKey, ShownValue> {
  const shown = SETTING_KEYS.map((key) => [key, { value: settings[key], ...settings.origins[key] }]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
  return Object.fromEntries(shown) as Record<SettingKey, ShownValue>;
}
