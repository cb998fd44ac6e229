import { type Failure, failure } from '../../domain/errors/failure.ts';
import { redactWord } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import { leadingWords } from './command-words.ts';
import { below, idOf, type Surface } from './surface.ts';

/** Commands of other tools, with the corresponding command of kioskctl. */
const PHRASES: Readonly<Record<string, string>> = {
  account: 'whoami',
  audit: 'log',
  auth: 'login',
  'auth login': 'login',
  'auth logout': 'logout',
  'auth status': 'whoami',
  card: 'cards',
  'card list': 'cards',
  'card show': 'status',
  'cards list': 'cards',
  'cards show': 'status',
  config: 'context show',
  'config list': 'context list',
  'config set': 'context set',
  'config get': 'context show',
  contexts: 'context list',
  create: 'order',
  errors: 'explain',
  failures: 'status',
  history: 'log',
  hold: 'kiosk hold',
  list: 'status',
  logs: 'log',
  ls: 'status',
  new: 'order',
  'order cancel': 'cancel',
  'order create': 'order',
  'order list': 'orders',
  'order show': 'status',
  'orders list': 'orders',
  print: 'produce',
  profile: 'whoami',
  'program list': 'programs',
  'programs list': 'programs',
  ps: 'status',
  recover: 'kiosk recover',
  release: 'kiosk release',
  replay: 'events replay',
  show: 'status',
  subscribe: 'webhooks create',
  tail: 'events tail',
  use: 'context use',
  wait: 'wait-produced',
};

/** Synonyms of subcommands. A group has at most one subcommand of each list. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['list', 'ls', 'all'],
  ['show', 'get', 'view', 'describe', 'info', 'status', 'inspect', 'cat'],
  ['add', 'create', 'new', 'init'],
  ['remove', 'delete', 'rm', 'del', 'prune'],
  ['use', 'switch', 'select'],
  ['tail', 'follow', 'watch', 'logs'],
  ['check', 'validate', 'lint', 'verify'],
  ['hold', 'pause', 'stop', 'disable'],
  ['release', 'unhold', 'resume', 'enable'],
  ['recover', 'fix', 'repair', 'retry'],
];

/**
 * Creates the failure for an unknown command. Suggests the most likely one.
 * @param options.isTopic true for a word of `kioskctl help`, which may be a topic too
 */
export function unknownCommand(
  surface: Surface,
  words: readonly string[],
  { isTopic }: { isTopic: boolean },
): Failure {
  const [typed, next] = leadingWords(words);
  if (typed === undefined) return failure('unknown-command', 'Missing command.', 'See kioskctl --help.');
  const meant = meantBy(surface, typed, next);
  const group = idOf(surface, typed);
  const isGroup = group !== null && below(surface, group).length > 0;
  const whole = isGroup && next !== undefined ? `${typed} ${redactWord(next)}` : redactWord(typed);
  const shown = isGroup && meant === null ? shownBy(surface, group, next) : null;
  const known = isGroup ? subcommands(surface, group).join(', ') : '';
  const hints = [
    ...(meant === null ? [] : [`Did you mean kioskctl ${meant}?`]),
    ...(shown === null ? [] : [`Did you mean kioskctl ${typed} show ${shown}?`]),
    ...(meant === null && shown === null && known ? [`Use one of ${known}.`] : []),
    `See kioskctl ${isGroup ? `${typed} ` : ''}--help${isTopic && !isGroup ? ', which lists both' : ''}.`,
  ];
  const kind = isTopic && !isGroup ? 'command or topic' : 'command';
  return failure('unknown-command', `There is no ${kind} “${printable(whole)}”.`, hints.join(' '));
}

/** Returns the command that an unknown word most likely means; null for none. */
export function meantBy(surface: Surface, typed: string, next: string | undefined): string | null {
  const phrase = phraseFor(`${typed} ${next}`) ?? (next === undefined ? phraseFor(typed) : null);
  if (phrase !== null) return phrase;
  const first = firstWord(surface, typed);
  if (first === null) return phraseFor(typed);
  const names = subcommands(surface, first);
  if (names.length === 0 || next === undefined) return first;
  const second = nearestSubcommand(next, names);
  if (second !== null) return `${first} ${second}`;
  return first === typed ? null : first;
}

/** Returns the subcommand that an unknown word most likely means; null for none. */
export function nearestSubcommand(word: string, names: readonly string[]): string | null {
  const synonyms = new Set(SYNONYMS.filter((list) => list.includes(word)).flat());
  return names.find((name) => synonyms.has(name)) ?? nearestOf(word, names)[0] ?? null;
}

/** Returns the command that corresponds to another tool's command; null for none. */
export function phraseFor(words: string): string | null {
  const usual = words.replace(/ ls$/, ' list');
  return Object.hasOwn(PHRASES, usual) ? (PHRASES[usual] ?? null) : null;
}

/** Returns the command or group that an unknown first word most likely means; null for none. */
function firstWord({ commands, groups }: Surface, typed: string): string | null {
  const firsts = [...Object.keys(commands), ...Object.keys(groups)].map((id) => id.split(':')[0] ?? id);
  return nearestOf(typed, firsts)[0] ?? null;
}

/**
 * Returns the word after a group if `GROUP show` exists and the word looks like a name to show; null otherwise, and for
 * a word that may be a secret.
 */
function shownBy(surface: Surface, group: string, word: string | undefined): string | null {
  const isName = word !== undefined && /^[\w-]*[A-Z\d-][\w-]*$/.test(word) && redactWord(word) === word;
  return isName && subcommands(surface, group).includes('show') ? word : null;
}

function subcommands(surface: Surface, group: string): string[] {
  return below(surface, group).map((id) => id.slice(group.length + 1));
}
