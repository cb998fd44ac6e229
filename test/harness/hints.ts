// Parses the commands that kioskctl prints with oclif's parser, because users can run hints as printed.
import { readFileSync } from 'node:fs';
import { Parser } from '@oclif/core';

interface ManifestCommand {
  args: Record<string, { required?: boolean; multiple?: boolean }>;
  flags: Record<
    string,
    { name: string; type: 'boolean' | 'option'; multiple?: boolean; char?: string; aliases?: string[] }
  >;
  aliases?: string[];
}

const { commands }: { commands: Record<string, ManifestCommand> } = JSON.parse(
  readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8'),
);

const BY_WORDS = new Map(
  Object.entries(commands).flatMap(([id, command]) =>
    [id, ...(command.aliases ?? [])].map((name) => [name.replaceAll(':', ' '), command] as const),
  ),
);

/** Matches commands without context flags, and help topics. */
const WITHOUT_CONTEXT = /^(?:completion|context|explain|help|sandbox|scenario|scenarios|version)(?: |$)/;

/** Matches a shell word, without punctuation after it. */
const WORD = /^(?:'(?:[^']|'\\'')*'|"[^"]*"|[^\s'])+?(?=[.,;:)]*(?:\s|$))/;

export interface Hint {
  /** The command as printed. */
  line: string;
  words: string;
  argv: string[];
}

/** Returns the commands in a text, without the words after them. */
export function hintsIn(text: string): Hint[] {
  return [...text.matchAll(/kioskctl (?=[a-z])/g)].flatMap(({ index, 0: { length } }) => {
    const [line = ''] = text.slice(index + length).split('\n', 1);
    const [one, two] = line.split(/ |$/, 2).map((word) => word.replace(/[.,;:)]+$/, ''));
    const words = [`${one} ${two}`, `${one}`].find((name) => BY_WORDS.has(name));
    const command = BY_WORDS.get(words ?? '');
    if (words === undefined || !command) return [];
    return { line: `kioskctl ${line}`, words, argv: argumentsIn(line.slice(words.length), command) };
  });
}

function argumentsIn(rest: string, { flags, args }: ManifestCommand): string[] {
  const argv: string[] = [];
  let missing = Object.values(args).filter(({ required }) => required).length;
  let left = rest;
  for (let isValue = false; left.startsWith(' '); ) {
    const word = WORD.exec(left.slice(1))?.[0];
    const isFlag = /^--?\w/.test(word ?? '');
    if (word === undefined || !(isValue || missing > 0 || /^(?:--?\w|-$|<|')|[\d/]/.test(word))) break;
    argv.push(
      word.replaceAll(
        /"([^"]*)"|'((?:[^']|'\\'')*)'/g,
        (_, double?: string, single = '') => double ?? String(single).replaceAll(`'\\''`, "'"),
      ),
    );
    if (!isFlag && !isValue) missing -= 1;
    isValue = /^--[\w-]+$/.test(word) && flags[word.slice(2)]?.type === 'option';
    left = left.slice(1 + word.length);
  }
  return argv;
}

/**
 * Parses a hint.
 * @param isOpen true if the command had opened its context
 * @throws Error if kioskctl would reject the hint
 */
export async function parseHint({ line, words, argv }: Hint, isOpen = true): Promise<void> {
  const command = BY_WORDS.get(words);
  if (!command || argv.includes('--help')) return;
  const flags = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      { ...flag, input: [], parse: async (text: string) => text },
    ]),
  );
  const args = Object.fromEntries(
    Object.entries(command.args).map(([name, arg]) => [
      name,
      { ...arg, name, input: [], parse: async (text: string) => text, ignoreStdin: true },
    ]),
  );
  const isStrict = !Object.values(command.args).some(({ multiple }) => multiple);
  const problem = await Parser.parse(argv, { flags, args, strict: isStrict } as Parameters<
    typeof Parser.parse
  >[1]).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (problem !== null) throw new Error(`A hint can't be run: ${line}\n${problem}`);
  const hasContext = argv.includes('--context') || argv.includes('--environment');
  if (!hasContext && !WITHOUT_CONTEXT.test(words) && isOpen)
    throw new Error(`A hint names no context: ${line}`);
}

/** Returns all strings of a JSON document that may contain hints. */
function textsIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return key === 'hint' || key === 'next' ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => textsIn(one, name));
}

/** Parses all hints of a finished command. If its command line was invalid, its hints may lack the context. */
export async function parseHints(end: {
  code: number | null;
  stdout: string;
  stderr: string;
}): Promise<void> {
  for (const hint of hintsOf(end)) await parseHint(hint, end.code !== 2);
}

/** Returns the hints of a command: in errors, notes and JSON documents, or in the `Next:` lines of text output. */
export function hintsOf({ stdout, stderr }: { stdout: string; stderr: string }): Hint[] {
  const lines = stdout.includes('kioskctl ') ? stdout.split('\n') : [];
  const documents = lines
    .filter((line) => /^\{"schemaVersion.*\}$/.test(line))
    .flatMap((line) => textsIn(JSON.parse(line)));
  const next = lines.filter((line) => line.includes('Next: '));
  return [...documents, ...next, stderr].flatMap(hintsIn);
}
