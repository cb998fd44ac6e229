import { STAGES } from '../../domain/stage.ts';
import type { CommandShape, Surface } from '../help/surface.ts';

/** A possible completion of the word at the cursor, with its description. */
export interface Candidate {
  word: string;
  about: string;
}

export type ValueKind =
  | 'card'
  | 'kiosk'
  | 'context'
  | 'code'
  | 'production-code'
  | 'program'
  | 'profile'
  | 'run'
  | 'scenario'
  | 'setting'
  | 'topic';

/** The commands, and a function for their values. */
export interface Completable extends Surface {
  /**
   * Returns candidates for a value. Called only for the word at the cursor.
   * @param words all words before the cursor
   */
  values: (kind: ValueKind, words: readonly string[]) => Candidate[];
}

const ENVIRONMENTS = ['local', 'sandbox', 'production'];
const SIMULATIONS = ['PRODUCED', 'PRODUCTION_ERROR'];

const FLAG_KINDS: Readonly<Record<string, ValueKind>> = {
  context: 'context',
  confirm: 'context',
  kiosk: 'kiosk',
  'to-kiosk': 'kiosk',
  like: 'card',
  replaces: 'card',
  code: 'code',
  'error-code': 'production-code',
  program: 'program',
  'profile-id': 'profile',
  'profile-verified': 'profile',
  resume: 'run',
};

const FLAG_WORDS: Readonly<Record<string, readonly string[]>> = {
  environment: ENVIRONMENTS,
  via: ['auto', 'poll', 'journal'],
  status: SIMULATIONS,
  stage: STAGES,
};

/**
 * Returns the candidates for the word at the cursor.
 * @param words words after `kioskctl`; the last one is at the cursor
 */
export function candidatesFor(words: readonly string[], surface: Completable): Candidate[] {
  const isHelp = words[0] === 'help' && words.length > 1;
  const before = words.slice(isHelp ? 1 : 0, -1);
  const current = words.at(-1) ?? '';
  const topics = isHelp && before.length === 0 ? surface.values('topic', words) : [];
  return [...wanted(readCursor(before, current, surface)), ...topics].filter(
    ({ word }) => word.startsWith(current) && /^[\w./:@=+,-]+$/.test(word),
  );
}

/** The parsed words before the cursor. */
interface Cursor {
  before: readonly string[];
  current: string;
  surface: Completable;
  /** Id of the command or group; empty before the first word. */
  id: string;
  command: CommandShape | undefined;
  positionals: readonly string[];
  /** The flag whose value is at the cursor; null for none. */
  openFlag: string | null;
}

function wanted(cursor: Cursor): Candidate[] {
  const { current, command, openFlag, positionals } = cursor;
  if (openFlag !== null) return flagValues(openFlag, cursor);
  const [flag, value] = current.split('=', 2);
  if (value !== undefined && flag?.startsWith('--')) {
    return flagValues(flag.slice(2), cursor).map(({ word, about }) => ({ word: `${flag}=${word}`, about }));
  }
  if (current.startsWith('-')) return command ? flagsOf(command, cursor.before) : [];
  const below = positionals.length === 0 ? subcommands(cursor) : [];
  return [...below, ...(command ? argValues(command, cursor) : [])];
}

/** Parses the words before the cursor: the longest sequence that names a command or group, then its arguments. */
function readCursor(before: readonly string[], current: string, surface: Completable): Cursor {
  const { commands, groups } = surface;
  const ids = new Set([...Object.keys(commands), ...Object.keys(groups)]);
  let id = '';
  let openFlag: string | null = null;
  const positionals: string[] = [];
  for (const word of before) {
    const below = id === '' ? word : `${id}:${word}`;
    if (openFlag !== null) openFlag = null;
    else if (word.startsWith('--') && word !== '--') {
      const name = word.slice(2);
      // Global flags may precede the command. Every command has them, so any command will do.
      const flag = (commands[id] ?? Object.values(commands)[0])?.flags[name];
      openFlag = flag?.type === 'option' ? name : null;
    } else if (word.startsWith('-')) continue;
    else if (positionals.length === 0 && ids.has(below)) id = below;
    else positionals.push(word);
  }
  return { before, current, surface, id, command: commands[id], positionals, openFlag };
}

function subcommands({ id, surface: { commands, groups } }: Cursor): Candidate[] {
  const prefix = id === '' ? '' : `${id}:`;
  const all = new Map<string, string>();
  const summaries = Object.entries(commands).map(([one, { summary = '' }]) => [one, summary] as const);
  for (const [one, about] of [...Object.entries(groups), ...summaries]) {
    const [word = '', ...deeper] = one.slice(prefix.length).split(':');
    if (one.startsWith(prefix) && one !== id && (deeper.length === 0 || !all.has(word)))
      all.set(word, deeper.length === 0 ? about : '');
  }
  if (id === '') all.set('help', 'Help for a command.');
  return [...all].map(([word, about]) => ({ word, about }));
}

function flagsOf({ flags }: CommandShape, before: readonly string[]): Candidate[] {
  return Object.entries(flags)
    .filter(([name, { hidden, multiple }]) => !hidden && (multiple || !before.includes(`--${name}`)))
    .map(([name, { summary = '' }]) => ({ word: `--${name}`, about: summary }))
    .concat({ word: '--help', about: 'Show the help of the command.' });
}

function flagValues(name: string, { command, before, surface }: Cursor): Candidate[] {
  if (command && !command.flags[name]) return [];
  if (name === 'simulate') {
    const errors = surface
      .values('production-code', before)
      .map(({ word, about }) => ({ word: `PRODUCTION_ERROR:${word}`, about }));
    return [...plain(SIMULATIONS), ...errors];
  }
  const options = command?.flags[name]?.options ?? FLAG_WORDS[name];
  if (options) return plain(options);
  const kind = FLAG_KINDS[name];
  return kind ? surface.values(kind, before) : [];
}

function argValues(command: CommandShape, { id, positionals, before, surface }: Cursor): Candidate[] {
  const args = Object.entries(command.args);
  const [name = '', arg] = args[positionals.length] ?? args.findLast(([, { multiple }]) => multiple) ?? [];
  if (arg?.options) return plain(arg.options);
  const given = new Set(positionals);
  const values = (kind: ValueKind) => surface.values(kind, before).filter(({ word }) => !given.has(word));
  if (name === 'card' || name === 'code' || name === 'kiosk' || name === 'run' || name === 'scenario')
    return values(name);
  if (!id.startsWith('context:') || id === 'context:add') return [];
  return name === 'key' ? values('setting') : name === 'name' ? values('context') : [];
}

/** Converts words to candidates without descriptions and duplicates. */
export function plain(words: readonly (string | number | null | undefined)[]): Candidate[] {
  return [...new Set(words)].flatMap((word) => (word ? { word: String(word), about: '' } : []));
}
