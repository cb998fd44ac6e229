import { Flags } from '@oclif/core';
import { failure } from '../../domain/errors/failure.ts';
import { redact } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import {
  flagOf,
  SETTING_KEYS,
  SETTING_LIST,
  SETTINGS,
  type SettingKey,
  type ValueOf,
} from './setting-table.ts';
import type { Words } from './setting-values.ts';
import type { NewValues } from './settings-file.ts';
import { readGiven } from './sources.ts';

/** Names that users may mistake for settings, but that mean a secret. */
const SECRET = /token|secret|password|client-?id/i;

/**
 * Parses the name of a setting: `profileId` or `profile-id`.
 * @throws Failure `usage` for an unknown name, or the name of a secret
 */
export function toSettingKey(word: string): SettingKey {
  const camel = word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const key = SETTING_KEYS.find((known) => known === camel);
  if (key) return key;
  if (SECRET.test(word)) {
    throw failure(
      'usage',
      'A secret can never be a setting.',
      'Use the environment variable from kioskctl help environment, or a credentialCommand that prints it.',
    );
  }
  if (camel === 'environment') {
    throw failure(
      'usage',
      "The environment of a context can't be changed.",
      'Create another context: kioskctl context add <NAME> --environment <ENVIRONMENT>.',
    );
  }
  const near = nearestOf(camel, SETTING_KEYS);
  throw failure(
    'usage',
    `There is no setting “${printable(word)}”.`,
    near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Use one of ${SETTING_KEYS.join(', ')}.`,
  );
}

/**
 * Parses the value of a setting.
 * @throws Failure `usage`, `invalid-reference`, `invalid-input`, `credentials-unusable`
 */
export function parseValue<Key extends SettingKey>(key: Key, words: Words): ValueOf<Key> {
  if (words.length === 0 || words.some((word) => word.trim() === '')) {
    throw failure(
      'usage',
      `The value of ${key} is empty.`,
      `Remove a setting with kioskctl context unset ${key}.`,
    );
  }
  if (holdsSecret(key, words)) {
    throw failure(
      'usage',
      `The value of ${key} contains a secret.`,
      key === 'journal'
        ? 'Remove it, and set KIOSKCTL_JOURNAL_PASSWORD or KIOSKCTL_JOURNAL_PASSWORD_FILE.'
        : 'Remove it: a secret can never be a setting.',
    );
  }
  return SETTINGS[key].parse(words);
}

/** True if the value of a setting contains a secret. */
export function holdsSecret(key: SettingKey, words: Words): boolean {
  return words.some(key === 'credentialCommand' ? hasSecret : (word) => redact(word) !== word);
}

/** Flags of `context add` for settings without a global flag. */
export const contextFlags = Object.fromEntries(
  SETTING_LIST.flatMap(({ key, about, addFlag }) =>
    addFlag ? [[flagOf(key), Flags.string({ summary: about, ...addFlag })]] : [],
  ),
);

/** Parses the settings from flags. @throws Failure like `parseValue`, with the name of the flag */
export function parseFlags(flags: Readonly<Record<string, unknown>>): NewValues {
  const given = SETTING_KEYS.flatMap((key) => {
    const text = flags[flagOf(key)];
    const value = readGiven(typeof text === 'string' ? text : undefined, `--${flagOf(key)}`, (word) =>
      parseValue(key, [word]),
    );
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(given);
}

/**
 * True if a word contains a secret. The names of token fields are allowed, because a credential command may contain
 * them.
 */
function hasSecret(word: string): boolean {
  const field = /(?:access_token|refresh_token|client_secret|authorization)"?\s*[:=]\s*"?[\w~+/=-]{16,}/i;
  const shown = /\b(?:Bearer|Basic)\s+[\w.~+/=-]+|:\/\/[^\s/@:]+:[^\s/@]+@/i;
  return shown.test(word) || field.test(word);
}
