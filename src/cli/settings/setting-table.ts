import { createPublicKey } from 'node:crypto';
import { basename } from 'node:path';
import { readPublicKey } from '../../context/files.ts';
import { Failure } from '../../domain/errors/failure.ts';
import { parseId } from '../../domain/ids.ts';
import { redact } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import { readText, toProgramFile, toReadableFile } from '../terminal/read-text.ts';
import { toBaseUrl } from './base-url.ts';
import { readCertificate } from './network.ts';
import type { ContextSettings, SettingsFile } from './settings-file.ts';
import { readGiven } from './sources.ts';

export type ContextKey = Exclude<keyof ContextValues, 'environment'>;
/** The settings without what is not of ours. */
export type ContextValues = {
  [Key in keyof ContextSettings as string extends Key ? never : Key]: ContextSettings[Key];
};

export type ContextValue = NonNullable<ContextValues[ContextKey]>;

type Words = readonly string[];

/** How each setting of a context is read from the words that a user gives for it. */
const PARSERS: { [Key in ContextKey]-?: (words: Words) => NonNullable<ContextValues[Key]> } = {
  baseUrl: one((text) => toBaseUrl(text).href),
  apiVersion: one(toApiVersion),
  profileId: one(toProfile),
  kiosks: (words) => [...new Set(words.flatMap((word) => word.split(',')).map((id) => toKiosk(id.trim())))],
  kiosk: one(toKiosk),
  program: one(toPlainText),
  clientKey: one(toPlainText),
  credentialCommand: toCommand,
  certificate: toCertificate,
  runbook: one(toReadableFile),
  publicKey: one(toPublicKey),
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
export const CONTEXT_KEYS = Object.keys(PARSERS) as ContextKey[];

/** Words that somebody may take for a setting, for a secret. */
const SECRET = /token|secret|password|client-?id/i;

/**
 * The setting that a word names: `profileId`, or `profile-id` as flags are written.
 * @throws Failure `usage` for any other; a secret is never a setting
 */
export function toContextKey(word: string): ContextKey {
  const camel = word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const key = CONTEXT_KEYS.find((known) => known === camel);
  if (key) return key;
  if (SECRET.test(word)) {
    throw new Failure('usage', 'A secret is never a setting.', {
      hint: 'Put it into the environment variable that kioskctl help environment names, or let credentialCommand print it.',
    });
  }
  if (camel === 'environment') {
    throw new Failure('usage', 'The environment of a context stays what it is.', {
      hint: 'Make another context: kioskctl context add NAME --environment ENVIRONMENT.',
    });
  }
  const near = nearestOf(camel, CONTEXT_KEYS);
  throw new Failure('usage', `There is no setting “${printable(word)}”.`, {
    hint: near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Use one of ${CONTEXT_KEYS.join(', ')}.`,
  });
}

/** @throws Failure `usage`, `invalid-reference`, `invalid-input`, `credentials-unusable` for words that are no value of this setting */
export function parseValue(key: ContextKey, words: Words): ContextValue {
  if (words.length === 0 || words.some((word) => word.trim() === '')) {
    throw wrong(`The value of ${key} is empty.`, `Take a setting away with kioskctl context unset ${key}.`);
  }
  if (words.some(key === 'credentialCommand' ? hasSecret : (word) => redact(word) !== word)) {
    throw wrong(`The value of ${key} has a secret in it.`, 'A secret is never a setting: take it out.');
  }
  return PARSERS[key](words);
}

/** The settings that flags give: each flag is called like its setting. @throws Failure as above, naming the flag */
export function parseFlags(
  flags: Readonly<Record<string, unknown>>,
): Partial<Record<ContextKey, ContextValue>> {
  const given = CONTEXT_KEYS.flatMap((key) => {
    const flag = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const text = flags[flag];
    const value = readGiven(typeof text === 'string' ? text : undefined, `--${flag}`, (word) =>
      parseValue(key, [word]),
    );
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(given);
}

/** A command may name the fields of an answer that hold tokens: only what looks like a token itself is one. */
function hasSecret(word: string): boolean {
  const field = /(?:access_token|refresh_token|client_secret|authorization)"?\s*[:=]\s*"?[\w~+/=-]{16,}/i;
  const shown = /\b(?:Bearer|Basic)\s+[\w.~+/=-]+|:\/\/[^\s/@:]+:[^\s/@]+@/i;
  return shown.test(word) || field.test(word);
}

function one<Value>(parse: (text: string) => Value): (words: Words) => Value {
  return ([text = '', ...more]) => {
    if (more.length === 0) return parse(text);
    throw wrong('This setting has one value.', 'Quote a value that has spaces.');
  };
}

function toPlainText(text: string): string {
  if (!/\p{C}/u.test(text) && text.length <= 200) return text.trim();
  throw wrong(
    'This value is too long, or has control characters.',
    'Give up to 200 characters of plain text.',
  );
}

/** Its words, or one JSON list of them: nothing is split, because no shell ever reads it. */
function toCommand(words: Words): string[] {
  const [program = '', ...args] = readWords(words);
  // Looked for in the PATH, where it has no folder.
  return [basename(program) === program ? program : toProgramFile(program), ...args];
}

function readWords(words: Words): Words {
  const [only = '', ...more] = words;
  if (more.length > 0) return words;
  if (only.startsWith('[')) return fromJson(only);
  if (!/\s/.test(only)) return [only];
  throw wrong(
    'A credential command is run without a shell: its words are given one by one.',
    "Write them apart, like kioskctl context set credentialCommand -- vault-token '{profileId}'; or as a JSON list.",
  );
}

function fromJson(text: string): string[] {
  const list = parseJson(text);
  const words = Array.isArray(list) ? list.filter((word) => typeof word === 'string') : [];
  if (Array.isArray(list) && words.length === list.length && words[0]) return words;
  throw wrong('The credential command is no list of words.', 'Write it like ["vault-token", "{profileId}"].');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toCertificate(words: Words): { certFile: string; keyFile: string } {
  const [certFile, keyFile, ...more] = words.flatMap((word) => word.split(','));
  if (!certFile || !keyFile || more.length > 0) {
    throw wrong(
      'A certificate is two files.',
      'Give the certificate and its key: certificate CERTFILE KEYFILE.',
    );
  }
  const files = { certFile: toReadableFile(certFile), keyFile: toReadableFile(keyFile) };
  readCertificate(files, Date.now());
  return files;
}

function toPublicKey(text: string): string {
  const file = toReadableFile(text);
  try {
    createPublicKey(readPublicKey({ readText }, file).pem);
    return file;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw wrong(`${printable(file)} is not a public key.`, 'Name a file that begins with BEGIN PUBLIC KEY.');
  }
}

function wrong(message: string, hint: string): Failure {
  return new Failure('usage', message, { hint });
}

/** The settings of a context of the settings file, for output: those that we know. null for one that has none. */
export function ownValues({ contexts }: SettingsFile, name: string): Partial<ContextValues> | null {
  const settings = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (!settings) return null;
  const known = CONTEXT_KEYS.filter((key) => settings[key] !== undefined);
  return {
    environment: settings.environment,
    ...Object.fromEntries(known.map((key) => [key, settings[key]])),
  };
}

/** @throws Failure `invalid-reference` */
export function toProfile(text: string): number {
  return parseId(text, 'profile id');
}

/** @throws Failure `usage` */
export function toApiVersion(text: string): string {
  if (text === 'legacy' || /^20\d\dQ[1-4]$/.test(text)) return text;
  throw new Failure('usage', `“${printable(text)}” is not an API version.`, {
    hint: 'Use legacy, or a version like 2026Q4.',
  });
}

/** The id of a kiosk: the vendor says nothing of its form, but it has no spaces and no commas. @throws Failure `usage` */
export function toKiosk(text: string): string {
  if (/^[^\s,\p{C}]{1,64}$/u.test(text)) return text;
  throw new Failure('usage', `“${printable(text)}” is not a kiosk id.`, {
    hint: 'Write it as the machine has it, like WIS00001.',
  });
}

/** How many times faster than life the embedded sandbox goes. @throws Failure `usage` */
export function toSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0 && speed <= 1_000_000) return speed;
  throw new Failure('usage', `“${printable(text)}” is not a speed of the sandbox.`, {
    hint: 'Give a number above 0, like 10.',
  });
}
