import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { OTHER_HOME } from '../../machine/file-faults.ts';
import { NO_TEXT, readTextOr } from '../terminal/read-text.ts';
import { SETTING_KEYS, SETTING_LIST, type SETTINGS, type SettingKey } from './setting-table.ts';

const stored = Object.fromEntries(SETTING_LIST.map((one) => [one.key, one.stored]));

/** Unknown fields are kept when the file is written. */
const contextSettings = v.looseObject({
  environment: v.picklist(['local', 'sandbox', 'production']),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries of the table
  ...(stored as { [Key in SettingKey]: (typeof SETTINGS)[Key]['stored'] }),
});

/** Version of the written file. Older versions can be read, newer ones are rejected. */
const SETTINGS_VERSION = 2;

const settingsFile = v.looseObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(SETTINGS_VERSION)),
  currentContext: v.optional(v.string()),
  contexts: v.optional(v.record(v.string(), contextSettings), {}),
});

export type SettingsFile = v.InferOutput<typeof settingsFile>;
export type ContextSettings = v.InferOutput<typeof contextSettings>;
/** Settings of a new context. */
export type NewValues = { [Key in SettingKey]?: ContextSettings[Key] };

/** An unusable context in the file. `key` is the invalid setting; null if the whole context is invalid. */
interface BadField {
  context: string;
  key: string | null;
}

interface Unusable {
  why: string;
  bad?: BadField | null;
  /** Advice, as a sentence without a full stop; null if there is none. */
  fix?: string | null;
}

/** Failure of reading a settings file. Such a file is not written, except to remove an invalid field. */
export class UnusableSettings extends Failure {
  readonly bad: BadField | null;

  constructor(file: string, { why, bad = null, fix = null }: Unusable) {
    super('settings-unusable', `The settings file ${file} can't be used: ${why}.`, {
      hint: bad
        ? hintFor(bad)
        : `${fix ?? 'Use the version of kioskctl that wrote it, make it readable'}, or ${OTHER_HOME}.`,
    });
    this.bad = bad;
  }
}

const CORRECT = 'Correct it (JSON in UTF-8), move it away to start without settings';

function hintFor({ context, key }: BadField): string {
  const name = printable(context);
  const remove = `kioskctl context remove ${name}`;
  if (key === null || key === 'environment') return `Correct it in the file, or: ${remove}.`;
  return `Correct it in the file, or: kioskctl context unset ${printable(key)} --context ${name} (or ${remove}).`;
}

/**
 * Reads the settings file; returns no contexts if it is missing. Converts older versions in memory.
 * @throws UnusableSettings with the path, for an unusable file
 */
export function readSettingsFile(file: string): SettingsFile {
  const content = readContent(file);
  if (content === null) return { version: SETTINGS_VERSION, contexts: {} };
  const parsed = v.safeParse(settingsFile, content);
  // Version 2 only adds fields to version 1.
  if (parsed.success) return { ...parsed.output, version: SETTINGS_VERSION };
  const [issue] = parsed.issues;
  const [part, context, key] = issue.path?.map((item) => String(item.key)) ?? [];
  const bad = part === 'contexts' && context !== undefined ? { context, key: key ?? null } : null;
  const why = `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
  throw new UnusableSettings(file, { why, bad, fix: CORRECT });
}

/** Reads the file as JSON; null if it is missing. @throws UnusableSettings for other content, or a newer version */
function readContent(file: string): unknown {
  const text = readText(file);
  if (text === null) return null;
  const content = decodeJson(text);
  if (content === undefined) throw new UnusableSettings(file, { why: 'it is not JSON', fix: CORRECT });
  const newer = v.safeParse(
    v.object({ version: v.pipe(v.number(), v.minValue(SETTINGS_VERSION + 1)) }),
    content,
  );
  if (!newer.success) return content;
  throw new UnusableSettings(file, { why: 'a newer version of kioskctl wrote it' });
}

const rawSettings = v.looseObject({
  ...settingsFile.entries,
  contexts: v.record(v.string(), v.unknown()),
});

/** The unvalidated settings in the file, including invalid fields. */
export type RawSettings = v.InferOutput<typeof rawSettings>;

/** Reads the file without validating its contexts. @returns null for an unknown structure @throws UnusableSettings */
export function readRawSettings(file: string): RawSettings | null {
  const parsed = v.safeParse(rawSettings, readContent(file));
  return parsed.success ? parsed.output : null;
}

/** Returns the usable contexts, and the number of invalid fields in the others. */
export function usableOf(raw: RawSettings): { settings: SettingsFile; badFields: number } {
  const read = Object.entries(raw.contexts).map(([name, content]) => {
    return { name, parsed: v.safeParse(contextSettings, content) };
  });
  const good = read.flatMap(({ name, parsed }) => (parsed.success ? [[name, parsed.output] as const] : []));
  const badFields = read.reduce((count, { parsed }) => count + (parsed.issues?.length ?? 0), 0);
  return { settings: { ...raw, contexts: Object.fromEntries(good) }, badFields };
}

/** Returns the settings of a context; undefined if the file does not contain it. */
export function findContext({ contexts }: SettingsFile, name: string): ContextSettings | undefined {
  return Object.hasOwn(contexts, name) ? contexts[name] : undefined;
}

/** Returns the known settings of a context; null for an unknown context. */
export function ownValues(
  file: SettingsFile,
  name: string,
): (NewValues & Pick<ContextSettings, 'environment'>) | null {
  const settings = findContext(file, name);
  if (!settings) return null;
  const known = SETTING_KEYS.filter((key) => settings[key] !== undefined);
  return {
    environment: settings.environment,
    ...Object.fromEntries(known.map((key) => [key, settings[key]])),
  };
}

/** Maximum size of the settings file. */
const LIMIT_BYTES = 4 * 1024 * 1024;

function readText(file: string): string | null {
  return readTextOr(file, { limit: LIMIT_BYTES }, ({ code, reason, fix }) => {
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UnusableSettings(file, { why: reason, fix: code === NO_TEXT ? CORRECT : fix });
  });
}
