import { STAGES } from '../../domain/stage.ts';

/** A word that may be completed at the cursor, with its description. */
export interface Candidate {
  word: string;
  about: string;
}

/** A command as the manifest describes it. */
export interface CommandShape {
  summary?: string;
  args: Record<string, { multiple?: boolean; options?: string[] }>;
  flags: Record<
    string,
    {
      type: string;
      summary?: string;
      hidden?: boolean;
      multiple?: boolean;
      options?: string[];
      char?: string;
    }
  >;
}

export type ValueKind =
  | 'card'
  | 'kiosk'
  | 'context'
  | 'code'
  | 'production-code'
  | 'program'
  | 'profile'
  | 'scenario'
  | 'setting';

/** Source of everything that can be completed. */
export interface Surface {
  /** By id, like `context:set`. */
  commands: Readonly<Record<string, CommandShape>>;
  topics: Readonly<Record<string, string>>;
  /** Called only for the value at the cursor. `words` are all words before it. */
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
};

const FLAG_WORDS: Readonly<Record<string, readonly string[]>> = {
  environment: ENVIRONMENTS,
  via: ['auto', 'poll', 'journal'],
  status: SIMULATIONS,
  stage: STAGES,
};

/** Returns the words that fit at the cursor. @param words of the command line after `kioskctl`; the last one is at the cursor */
export function candidatesFor(words: readonly string[], surface: Surface): Candidate[] {
  const before = words.slice(words[0] === 'help' && words.length > 1 ? 1 : 0, -1);
  const current = words.at(-1) ?? '';
  return wanted({ before, current, surface }).filter(
    ({ word }) => word.startsWith(current) && /^[\w./:@=+,-]+$/.test(word),
  );
}

interface Cursor {
  before: readonly string[];
  current: string;
  surface: Surface;
}

function wanted({ before, current, surface }: Cursor): Candidate[] {
  const { id, positionals, openFlag } = read(before, surface);
  const command = surface.commands[id];
  if (openFlag !== null) return flagValues(openFlag, { command, before, surface });
  const [flag, value] = current.split('=', 2);
  if (value !== undefined && flag?.startsWith('--')) {
    return flagValues(flag.slice(2), { command, before, surface }).map(({ word, about }) => ({
      word: `${flag}=${word}`,
      about,
    }));
  }
  if (current.startsWith('-')) return command ? flagsOf(command, before) : [];
  const below = positionals.length === 0 ? subcommands(id, surface) : [];
  return [...below, ...(command ? argValues(id, { command, positionals, before, surface }) : [])];
}

interface Reading {
  id: string;
  positionals: string[];
  /** The flag whose value is at the cursor. */
  openFlag: string | null;
}

/** Reads the words before the cursor: the longest run that names a command or a topic, then its arguments. */
function read(before: readonly string[], { commands, topics }: Surface): Reading {
  const ids = new Set([...Object.keys(commands), ...Object.keys(topics)]);
  let id = '';
  let openFlag: string | null = null;
  const positionals: string[] = [];
  for (const word of before) {
    const below = id === '' ? word : `${id}:${word}`;
    if (openFlag !== null) openFlag = null;
    else if (word.startsWith('--') && word !== '--') {
      const name = word.slice(2);
      // Global flags may come before the command, and every command has them.
      const flag = (commands[id] ?? Object.values(commands)[0])?.flags[name];
      openFlag = flag?.type === 'option' ? name : null;
    } else if (word.startsWith('-')) continue;
    else if (positionals.length === 0 && ids.has(below)) id = below;
    else positionals.push(word);
  }
  return { id, positionals, openFlag };
}

function subcommands(id: string, { commands, topics }: Surface): Candidate[] {
  const prefix = id === '' ? '' : `${id}:`;
  const all = new Map<string, string>();
  const summaries = Object.entries(commands).map(([one, { summary = '' }]) => [one, summary] as const);
  for (const [one, about] of [...Object.entries(topics), ...summaries]) {
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

function flagValues(
  name: string,
  {
    command,
    before,
    surface,
  }: { command: CommandShape | undefined; before: readonly string[]; surface: Surface },
): Candidate[] {
  if (command && !command.flags[name]) return [];
  if (name === 'simulate') {
    const errors = surface.values('production-code', before).map(({ word, about }) => ({
      word: `PRODUCTION_ERROR:${word}`,
      about,
    }));
    return [...plain(SIMULATIONS), ...errors];
  }
  const options = command?.flags[name]?.options ?? FLAG_WORDS[name];
  if (options) return plain(options);
  const kind = FLAG_KINDS[name];
  return kind ? surface.values(kind, before) : [];
}

function argValues(
  id: string,
  {
    command,
    positionals,
    before,
    surface,
  }: { command: CommandShape; positionals: string[]; before: readonly string[]; surface: Surface },
): Candidate[] {
  const args = Object.entries(command.args);
  const [name = '', arg] = args[positionals.length] ?? args.findLast(([, { multiple }]) => multiple) ?? [];
  if (arg?.options) return plain(arg.options);
  const given = new Set(positionals);
  const values = (kind: ValueKind) => surface.values(kind, before).filter(({ word }) => !given.has(word));
  if (name === 'card' || name === 'code' || name === 'kiosk' || name === 'scenario') return values(name);
  if (!id.startsWith('context:') || id === 'context:add') return [];
  return name === 'key' ? values('setting') : name === 'name' ? values('context') : [];
}

function plain(words: readonly string[]): Candidate[] {
  return words.map((word) => ({ word, about: '' }));
}
