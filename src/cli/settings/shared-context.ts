import * as v from 'valibot';
import type { Environment } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { holdsSecret, parseValue, toSettingKey } from './parse-settings.ts';
import { SETTING_LIST, type SettingKey } from './setting-table.ts';
import type { ContextSettings, NewValues } from './settings-file.ts';

/** Schema of an exported context. */
const sharedContext = v.object({
  version: v.literal(1),
  name: v.string(),
  environment: v.picklist(['local', 'sandbox', 'production']),
  settings: v.record(v.string(), v.union([v.string(), v.number(), v.array(v.string())])),
});

type SharedContext = v.InferOutput<typeof sharedContext>;

/** Maximum size of an exported context. */
export const SHARED_LIMIT_BYTES = 64 * 1024;

/**
 * Exports a context without secrets and without paths on this machine.
 * @returns the export, and the names of omitted settings
 */
export function shareContext(
  name: string,
  { environment, ...values }: ContextSettings,
): { shared: SharedContext; omitted: SettingKey[] } {
  const omitted: SettingKey[] = [];
  const settings: SharedContext['settings'] = {};
  for (const { key, isOfMachine } of SETTING_LIST) {
    const value = values[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const words = isMapping(value) ? null : wordsOf(value);
    const isShared = words !== null && !isOfMachine?.(words.join(' ')) && !holdsSecret(key, words);
    if (!isShared) omitted.push(key);
    else settings[key] = typeof value === 'number' || typeof value === 'string' ? value : words;
  }
  return { shared: { version: 1, name, environment, settings }, omitted };
}

function isMapping(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wordsOf(value: string | number | readonly string[]): string[] {
  return typeof value === 'object' ? [...value] : [String(value)];
}

/**
 * Parses an exported context.
 * @param given settings from flags, which override those of the file
 * @throws Failure `invalid-input` for another file; like `parseValue`, with the name of the setting
 */
export function readSharedContext(
  text: string,
  { file, given }: { file: string; given: NewValues },
): { environment: Environment; values: NewValues } {
  const content = decodeJson(text);
  // With --json, the export is a field of the document.
  const exported = v.safeParse(v.object({ exported: v.unknown() }), content);
  const parsed = v.safeParse(sharedContext, exported.success ? exported.output.exported : content);
  if (!parsed.success) {
    throw failure(
      'invalid-input',
      `${printable(file)} is not the export of a context.`,
      'Make one with kioskctl context export <NAME> > <FILE>.',
    );
  }
  const { environment, settings } = parsed.output;
  const values = Object.entries(settings).flatMap(([word, value]) => {
    const key = toSettingKey(word);
    return given[key] === undefined ? [[key, parseValue(key, wordsOf(value))]] : [];
  });
  return { environment, values: { ...Object.fromEntries(values), ...given } };
}
