import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FlagShape {
  type: string;
  summary?: string;
  char?: string;
  hidden?: boolean;
  multiple?: boolean;
  required?: boolean;
  allowNo?: boolean;
  options?: string[];
  helpValue?: string;
  helpGroup?: string;
}

export interface ArgShape {
  description?: string;
  multiple?: boolean;
  required?: boolean;
  options?: string[];
}

/** A command in the manifest. */
export interface CommandShape {
  summary?: string;
  description?: string;
  examples?: { description: string; command: string }[];
  aliases?: string[];
  args: Record<string, ArgShape>;
  flags: Record<string, FlagShape>;
}

/** All commands and groups, without their code. */
export interface Surface {
  /** Commands by id, like `context:set`. */
  commands: Readonly<Record<string, CommandShape>>;
  /** Summaries of command groups, by group name. */
  groups: Readonly<Record<string, string>>;
}

/** Reads the commands from the manifest, and the groups from package.json. @param root folder of the package */
export function readSurface(root: string): Surface {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own files, which the tests check
  const { commands } = read('oclif.manifest.json') as Pick<Surface, 'commands'>;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  const { oclif } = read('package.json') as { oclif: { topics: Record<string, { description: string }> } };
  const groups = Object.entries(oclif.topics).map(([name, { description }]) => [name, description]);
  return { commands, groups: Object.fromEntries(groups) };
}

/** Subcommand names of other tools. Without them, `ls` in `kiosks ls` would be parsed as an argument of `kiosks`. */
const SUBCOMMAND_ALIASES: Readonly<Record<string, string>> = {
  ls: 'list',
  describe: 'show',
  get: 'show',
  view: 'show',
};

/**
 * Returns the id of a command (also by alias) or group; null if unknown. The alias of a list command also names its
 * group: `kiosks:hold` is `kiosk:hold`.
 */
export function idOf({ commands, groups }: Surface, named: string): string | null {
  if (Object.hasOwn(commands, named) || Object.hasOwn(groups, named)) return named;
  const [alias = '', word, ...others] = named.split(':');
  const id = Object.keys(commands).find((one) => commands[one]?.aliases?.includes(alias)) ?? null;
  if (id === null || word === undefined) return id;
  const usual = Object.hasOwn(SUBCOMMAND_ALIASES, word) ? (SUBCOMMAND_ALIASES[word] ?? word) : word;
  const inGroup = [id.split(':')[0], usual, ...others].join(':');
  return Object.hasOwn(commands, inGroup) ? inGroup : null;
}

/** Returns the ids of the subcommands of a group or command. */
export function below({ commands }: Surface, id: string): string[] {
  return Object.keys(commands).filter((one) => one.startsWith(`${id}:`));
}
