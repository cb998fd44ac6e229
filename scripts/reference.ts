// The reference: docs/commands.md from the manifest, docs/errors.md from the error codes, and the tables of steps and settings.
// `--write` writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SETTING_LIST } from '../src/cli/settings/setting-table.ts';
import { STEP_DEFINITIONS } from '../src/scenarios/steps/definitions.ts';
import { errorsPage } from './reference-errors.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Flag {
  name: string;
  char?: string;
  type: 'boolean' | 'option';
  summary?: string;
  description?: string;
  helpValue?: string;
  helpGroup?: string;
  options?: string[];
  multiple?: boolean;
  allowNo?: boolean;
  hidden?: boolean;
}

interface Arg {
  name: string;
  description?: string;
  required?: boolean;
  multiple?: boolean;
  options?: string[];
}

interface Command {
  id: string;
  summary: string;
  description?: string;
  hidden?: boolean;
  aliases?: string[];
  args: Record<string, Arg>;
  flags: Record<string, Flag>;
  examples?: (string | { description: string; command: string })[];
}

const manifest = JSON.parse(readFileSync(`${root}oclif.manifest.json`, 'utf8')) as {
  commands: Record<string, Command>;
};

const GLOBAL = 'GLOBAL';

/** Escapes text for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();
}

function flagName({ name, char, type, helpValue, options, allowNo }: Flag): string {
  const value = type === 'option' ? ` ${helpValue ?? options?.join('|') ?? 'VALUE'}` : '';
  const long = allowNo ? `--[no-]${name}` : `--${name}`;
  return `\`${char ? `-${char}, ` : ''}${long}${value}\``.replaceAll('|', '\\|');
}

function argName({ name, required, multiple }: Arg): string {
  const shown = `${name.toUpperCase()}${multiple ? '…' : ''}`;
  return required ? shown : `[${shown}]`;
}

function argLine(arg: Arg): string {
  const options = arg.options ? ` (${arg.options.join(', ')})` : '';
  return `- \`${argName(arg)}\`: ${cell(arg.description ?? '')}${options}`;
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => `| ${flagName(flag)} | ${cell(flag.summary ?? flag.description ?? '')} |`);
  return ['| flag | meaning |', '| --- | --- |', ...rows, ''].join('\n');
}

function commandSection(command: Command): string {
  const words = command.id.replaceAll(':', ' ');
  const args = Object.values(command.args);
  const flags = Object.values(command.flags).filter(
    ({ helpGroup, hidden }) => helpGroup !== GLOBAL && !hidden,
  );
  const usage = ['kioskctl', words, ...args.map(argName), ...(flags.length > 0 ? ['[FLAGS]'] : [])].join(' ');
  const examples = (command.examples ?? []).map((example) =>
    typeof example === 'string'
      ? example.replaceAll('<%= config.bin %>', 'kioskctl')
      : `# ${example.description}\n${example.command}`,
  );
  const aliases = (command.aliases ?? []).map((alias) => `\`${alias.replaceAll(':', ' ')}\``);
  return [
    `## ${words}\n`,
    `${command.summary}\n`,
    `\`\`\`text\n${usage}\n\`\`\`\n`,
    ...(command.description ? [`${command.description.replaceAll('<', '&lt;')}\n`] : []),
    ...(aliases.length > 0 ? [`Alias: ${aliases.join(', ')}.\n`] : []),
    ...(args.length > 0 ? [`${args.map(argLine).join('\n')}\n`] : []),
    ...(flags.length > 0 ? [flagTable(flags)] : []),
    ...(examples.length > 0 ? [`\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`] : []),
  ].join('\n');
}

/** Returns the text of docs/commands.md. */
function commandsPage(): string {
  const commands = Object.values(manifest.commands).filter(({ hidden }) => !hidden);
  const globals = new Map(
    commands
      .flatMap(({ flags }) => Object.values(flags))
      .filter(({ helpGroup, hidden }) => helpGroup === GLOBAL && !hidden)
      .map((flag) => [flag.name, flag]),
  );
  return [
    '# Commands\n',
    'This page is generated from the commands (`npm run manifest`). `kioskctl COMMAND --help` shows the same.\n',
    commands
      .map(({ id }) => id.replaceAll(':', ' '))
      .map((id) => `[${id}](#${id.replaceAll(' ', '-')})`)
      .join(' · '),
    '\n## Flags of every command\n',
    flagTable([...globals.values()]),
    ...commands.map(commandSection),
  ].join('\n');
}

/** Returns a page with one of its tables made anew; the rest is written by hand. @param name the comment before the table */
function withTable(file: string, name: string, table: readonly string[]): string {
  const place = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- end of ${name} -->)`);
  const page = readFileSync(`${root}${file}`, 'utf8');
  if (!place.test(page)) throw new Error(`${file} has no place for ${name}`);
  return page.replace(place, (_, start: string, end: string) => `${start}${table.join('\n')}\n${end}`);
}

function scenariosPage(): string {
  const rows = STEP_DEFINITIONS.map(
    ({ kind, about, example = kind }) => `| \`${example}\` | ${cell(about)} |`,
  );
  return withTable('docs/scenarios.md', 'steps', ['| step | purpose |', '| --- | --- |', ...rows]);
}

function settingsPage(): string {
  const rows = SETTING_LIST.map(
    ({ key, about, variable }) => `| \`${key}\` | ${cell(about)} | ${variable ? `\`${variable[0]}\`` : ''} |`,
  );
  return withTable('docs/settings.md', 'settings', [
    '| setting | value | variable |',
    '| --- | --- | --- |',
    ...rows,
  ]);
}

export const PAGES = {
  'docs/commands.md': commandsPage,
  'docs/errors.md': errorsPage,
  'docs/scenarios.md': scenariosPage,
  'docs/settings.md': settingsPage,
};

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write'))
  for (const [name, page] of Object.entries(PAGES)) writeFileSync(`${root}${name}`, page());
