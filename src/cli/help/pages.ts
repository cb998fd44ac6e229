import type { Block } from './page.ts';
import { type ArgShape, below, type CommandShape, type FlagShape, type Surface } from './surface.ts';
import { TOPICS } from './topic-names.ts';

/** The task under which the main help lists all other commands and groups. */
const LOOK_UP = 'LOOK UP';

/** Commands and groups by task. Subcommands that are not listed appear on the page of their group. */
const TASKS: readonly (readonly [task: string, ids: readonly string[]])[] = [
  ['CARDS', ['order', 'wait-ready', 'produce', 'wait-produced', 'status', 'retry', 'simulate', 'cancel']],
  [
    'KIOSKS AND ON CALL',
    [
      'kiosk:list',
      'kiosk:show',
      'kiosk:recover',
      'kiosk:hold',
      'kiosk:release',
      'explain',
      'log',
      'incident',
      'runbook',
    ],
  ],
  ['WEBHOOKS', ['listen', 'serve', 'notify', 'events', 'webhooks']],
  ['SANDBOX AND SCENARIOS', ['sandbox', 'run', 'runs', 'scenario']],
  [LOOK_UP, []],
  ['SET-UP', ['context', 'login', 'logout', 'whoami', 'doctor', 'journal', 'completion', 'version']],
];

/** Returns the main help page. */
export function rootPage(surface: Surface): Block[] {
  return [
    { text: "Operate Wise Platform's card kiosk collection from a terminal." },
    { heading: 'USAGE', lines: ['kioskctl COMMAND [FLAGS]'] },
    ...TASKS.map(([heading, ids]) => ({
      heading,
      rows: summaries(surface, heading === LOOK_UP ? unlisted(surface) : ids),
    })),
    {
      heading: 'HELP',
      rows: [
        ['kioskctl COMMAND --help', 'Show the examples and flags of a command.'],
        ['kioskctl help TOPIC', `Topics: ${Object.keys(TOPICS).join(', ')}.`],
      ],
    },
  ];
}

function topOf(id: string): string {
  return id.split(':')[0] ?? id;
}

function unlisted({ commands, groups }: Surface): string[] {
  const listed = new Set(TASKS.flatMap(([, ids]) => ids.map(topOf)));
  const all = new Set([...Object.keys(commands), ...Object.keys(groups)].map(topOf));
  return [...all].filter((id) => !listed.has(id));
}

/** Returns the help page of a command group. */
export function groupPage(surface: Surface, group: string): Block[] {
  return [
    { text: surface.groups[group] ?? '' },
    { heading: 'USAGE', lines: [`kioskctl ${wordsOf(group)} COMMAND [FLAGS]`] },
    { heading: 'COMMANDS', rows: summaries(surface, below(surface, group)) },
    { text: `Show a command: kioskctl ${wordsOf(group)} COMMAND --help` },
  ];
}

/** Returns the help page of a command. */
export function commandPage(surface: Surface, id: string, command: CommandShape): Block[] {
  const { summary = '', description, examples = [], args, aliases = [] } = command;
  const shown = examples.flatMap((example, index) => [
    ...(index > 0 ? [''] : []),
    `# ${example.description}`,
    `$ ${example.command}`,
  ]);
  const subcommands = below(surface, id);
  return [
    { text: summary },
    ...(description === undefined ? [] : [{ text: description }]),
    { heading: 'EXAMPLES', lines: shown },
    { heading: 'USAGE', lines: [`kioskctl ${[wordsOf(id), ...usageOf(args)].join(' ')} [FLAGS]`] },
    ...nonEmpty('ARGUMENTS', Object.entries(args).map(argRow)),
    ...flagBlocks(command),
    ...nonEmpty('COMMANDS', summaries(surface, subcommands)),
    ...(aliases.length === 0
      ? []
      : [{ heading: 'ALIASES', lines: aliases.map((alias) => `kioskctl ${wordsOf(alias)}`) }]),
    { text: 'Flags of every command, like --json and --context: kioskctl help flags' },
  ];
}

/** Returns the help rows of the global flags. */
export function globalFlagRows({ commands }: Surface): (readonly [string, string])[] {
  const rows = Object.values(commands)
    .flatMap(({ flags }) => Object.entries(flags))
    .filter(([, { helpGroup }]) => helpGroup === 'GLOBAL')
    .map(flagRow);
  return [...new Map(rows)];
}

/** Returns the help of a command's own flags: ungrouped flags first, advanced ones last. */
function flagBlocks({ flags }: CommandShape): Block[] {
  const own = Object.entries(flags).filter(([, { hidden, helpGroup }]) => !hidden && helpGroup !== 'GLOBAL');
  const groups = Map.groupBy(own, ([, { helpGroup = '' }]) => helpGroup);
  return [...groups]
    .toSorted(([left], [right]) => rank(left) - rank(right))
    .map(([group, members]) => ({
      heading: `${group} FLAGS`.trim(),
      rows: members.toSorted(([left], [right]) => last(left) - last(right)).map(flagRow),
    }));
}

function rank(group: string): number {
  if (group === '') return 0;
  return group === 'ADVANCED' ? 2 : 1;
}

/** Sort key of a flag: 1 for `--quiet`, which most commands have, so that it is last; otherwise 0. */
function last(flag: string): number {
  return flag === 'quiet' ? 1 : 0;
}

function flagRow([name, flag]: [string, FlagShape]): readonly [string, string] {
  const { char, type, allowNo, helpValue, options, multiple, required, summary = '' } = flag;
  const value = type === 'boolean' ? '' : `=${helpValue ?? options?.join('|') ?? 'VALUE'}`;
  const label = `${char ? `-${char}, ` : ''}--${allowNo ? '[no-]' : ''}${name}${value}${multiple ? '…' : ''}`;
  return [label, `${summary}${required ? ' Required.' : ''}`];
}

function argRow([name, { description = '', options, ...arg }]: [string, ArgShape]): readonly [
  string,
  string,
] {
  return [argWord(name, arg), options ? `${description} (${options.join(', ')})` : description];
}

function usageOf(args: CommandShape['args']): string[] {
  return Object.entries(args).map(([name, arg]) => {
    const word = argWord(name, arg);
    return arg.required ? word : `[${word}]`;
  });
}

function argWord(name: string, { multiple }: ArgShape): string {
  return `${name.toUpperCase()}${multiple ? '…' : ''}`;
}

function summaries({ commands, groups }: Surface, ids: readonly string[]): (readonly [string, string])[] {
  return ids.map((id) => [wordsOf(id), commands[id]?.summary ?? groups[id] ?? '']);
}

function nonEmpty(heading: string, rows: NonNullable<Block['rows']>): Block[] {
  return rows.length === 0 ? [] : [{ heading, rows }];
}

/** Converts a command id to words: `kiosk:list` to `kiosk list`. */
function wordsOf(id: string): string {
  return id.replaceAll(':', ' ');
}
