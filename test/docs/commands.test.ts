// The commands of the documentation run as they are printed: each goes through the parser of oclif.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Hint, hintsIn, parseHint } from '../harness/hints.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = ['README.md', 'SECURITY.md', ...globSync('docs/*.md', { cwd: ROOT })];

const WORD = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g;
const REDIRECTION = /\s(?!<[A-Z]+>)\d?[<>]+&?\s*\S+/g;
const SUBSTITUTION = /\$\(([^)]*)\)/g;

/** Returns the command lines in the shell blocks of a page; continued lines are joined. */
function linesOf(page: string): string[] {
  const blocks = [...page.matchAll(/^ *```(sh|console)\b.*\n([^]*?)^ *```$/gm)];
  return blocks.flatMap(([, language, block = '']) => {
    const lines = block.replaceAll(/\\\n\s*/g, ' ').split('\n');
    return language === 'sh' ? lines : lines.filter((line) => line.startsWith('$ '));
  });
}

/** Returns the commands of kioskctl in a line. @throws Error for one that does not exist */
function commandsIn(line: string): Hint[] {
  const code = line.replace(/(?:^|\s)#.*$/, '').replaceAll(REDIRECTION, '');
  const inner = [...code.matchAll(SUBSTITUTION)].map(([, command = '']) => command);
  const parts = [...code.replaceAll(SUBSTITUTION, '1').split(/[|;&]+/), ...inner];
  return parts.flatMap((part) => {
    const [, rest] = /\bkioskctl ([a-z].*)/.exec(part) ?? [];
    if (rest === undefined || rest.startsWith('help ')) return [];
    const [hint] = hintsIn(`kioskctl ${rest}`);
    if (!hint) throw new Error(`There is no such command: ${line}`);
    const words: string[] = rest.slice(hint.words.length).match(WORD) ?? [];
    if (part.includes('xargs ')) words.push('1');
    return [{ ...hint, line, argv: words.map((word) => word.replaceAll(/['"]/g, '')) }];
  });
}

test.each(pages)('every command on %s is accepted by the parser', async (name) => {
  const page = readFileSync(join(ROOT, name), 'utf8');
  for (const line of linesOf(page)) for (const command of commandsIn(line)) await parseHint(command, false);
  // In a sentence, the name of a command is enough.
  const mentions = [...page.matchAll(/`(kioskctl [a-z][^`…[|]*)`/g)].map(([, text = '']) => text);
  const commands = mentions.filter((text) => !/^kioskctl [a-z]+$/.test(text)).flatMap(commandsIn);
  for (const command of commands) if (command.argv.length > 0) await parseHint(command, false);
});

test('a command or a flag that does not exist is not accepted', async () => {
  const [line = ''] = linesOf(
    '```sh\nX=1 kioskctl produce 1001/501 \\\n  --kisok WIS00001 | jq . > file # comment\n```',
  );
  const [command] = commandsIn(line);
  await expect(command && parseHint(command, false)).rejects.toThrow(/--kisok/);
  expect(() => commandsIn('kioskctl prodcue 1001/501')).toThrow(/no such command/);
});
