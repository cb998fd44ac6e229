import { Failure, failure } from '../../domain/errors/failure.ts';
import { redactWord } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import { nearestSubcommand, phraseFor } from './unknown-command.ts';

/** Flags and subcommands of a command, for suggestions. */
interface Usage {
  id: string;
  flags: readonly string[];
  /** Names of the subcommands. */
  subcommands: readonly string[];
}

/** Additional hints for missing arguments. */
const MISSING: Readonly<Record<string, string>> = {
  CARD: ' To read card references from standard input, pass -.',
  KIOSK: ' kioskctl kiosk list shows the kiosks and their failures.',
};

/** Report formats, which users also try as flags. */
const FORMATS = new Set(['--junit', '--html', '--markdown']);

/** Converts a parse error of oclif, which may contain secrets, to a usage failure. @returns null for any other error */
export function asUsageFailure(error: unknown, { id, flags, subcommands }: Usage): Failure | null {
  if (!(error instanceof Error)) return null;
  // A flag's own parser rejected the value.
  if (error.cause instanceof Failure) return error.cause;
  if (!('oclif' in error)) return null;
  const help = `kioskctl ${id.replaceAll(':', ' ')} --help`;
  const unknownFlags = 'flags' in error && Array.isArray(error.flags) ? error.flags.map(String) : [];
  if (unknownFlags.length > 0) return unknownFlag(unknownFlags, { flags, help });
  if ('args' in error && error.message.startsWith('Missing')) {
    const names = argNames(error.args);
    const more = names.map((name) => MISSING[name] ?? '').join('');
    return failure('usage', `Missing argument: ${names.join(', ')}.`, `See ${help}.${more}`);
  }
  if ('args' in error && Array.isArray(error.args))
    return unexpected(error.args.map(String), { flags, subcommands, help });
  const [message = ''] = error.message
    .replace('See more help with --help', '')
    .replace(/^The following errors? occurred:/, '')
    .trim()
    .split('\n\n', 1);
  return failure('usage', printable(message.replaceAll(/\s*\n\s*/g, ' ')), `See ${help}.`);
}

function unknownFlag(
  unknown: string[],
  { flags, help }: { flags: readonly string[]; help: string },
): Failure {
  const known = flags.map((flag) => `--${flag}`);
  const meant = unknown.flatMap((flag) => {
    const [name = flag] = flag.split('=');
    if (FORMATS.has(name) && flags.includes('report')) return `--report ${name.slice(2)}=<FILE>`;
    return nearestOf(name, known).slice(0, 1);
  });
  const names = unknown.map((flag) => printable(redactWord(flag.split('=')[0] ?? flag))).join(', ');
  return failure('usage', `Unknown flag: ${names}.`, hintOf(meant, help));
}

function unexpected(
  words: string[],
  { flags, subcommands, help }: Omit<Usage, 'id'> & { help: string },
): Failure {
  const below = help.replace(/ --help$/, '');
  const command = below.replace(/^kioskctl /, '');
  const meant = words.slice(0, 1).flatMap((word) => {
    const phrase = phraseFor(`${command} ${word}`);
    if (phrase !== null) return `kioskctl ${phrase}`;
    const subcommand = nearestSubcommand(word, subcommands);
    if (subcommand !== null) return `${below} ${subcommand}`;
    const isName = flags.includes('kiosk') && /^[A-Z]{2,5}\d{2,8}$/.test(word);
    return isName ? `${below} --kiosk ${word}` : [];
  });
  return failure(
    'usage',
    `Unexpected argument: ${words.map((word) => printable(redactWord(word))).join(' ')}.`,
    hintOf(meant, help),
  );
}

function hintOf(meant: readonly string[], help: string): string {
  return meant.length > 0 ? `Did you mean ${meant.join(', ')}? See ${help}.` : `See ${help}.`;
}

function argNames(args: unknown): string[] {
  const list: unknown[] = Array.isArray(args) ? args : [];
  return list.map((arg) =>
    typeof arg === 'object' && arg !== null && 'name' in arg ? String(arg.name).toUpperCase() : '?',
  );
}

/** Creates the failure for reading both the token and references from standard input. */
export function stdinTwice(): Failure {
  return failure(
    'usage',
    "Standard input can't provide both the token and the references of “-”.",
    'Pass the token with --token-file or KIOSKCTL_TOKEN.',
  );
}
