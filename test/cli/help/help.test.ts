import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { requestedHelp } from '../../../src/cli/help/help.ts';
import { breakCommand } from '../../../src/cli/help/page.ts';
import { readSurface } from '../../../src/cli/help/surface.ts';
import { TOPICS } from '../../../src/cli/help/topic-names.ts';
import { ENVIRONMENT_VARIABLES, SETTING_KEYS } from '../../../src/cli/settings/setting-table.ts';
import { EXIT_CODES } from '../../../src/domain/errors/exit-codes.ts';
import { OUTCOMES } from '../../../src/domain/results.ts';
import { STAGES } from '../../../src/domain/stage.ts';
import { globalFlags } from '../../../src/input/flags.ts';
import { User } from '../../harness/program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const surface = readSurface(ROOT);
const IDS = Object.keys(surface.commands);

const user = new User();
afterAll(() => user.leave());

async function help(...words: string[]): Promise<string> {
  return (await requestedHelp(words, ROOT)) ?? '';
}

/** The headings of a text, in their order. */
function headings(text: string): string[] {
  return text.split('\n').filter((line) => /^[A-Z][A-Z ,-]+$/.test(line));
}

describe('the help of kioskctl', () => {
  test('the main help groups the commands by task, in at most 60 lines of 80 columns', async () => {
    const text = await help('--help');
    expect(headings(text)).toEqual([
      'USAGE',
      'CARDS',
      'KIOSKS AND ON CALL',
      'WEBHOOKS',
      'SANDBOX AND SCENARIOS',
      'LOOK UP',
      'SET-UP',
      'HELP',
    ]);
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test('the main help shows the main commands in the first 20 lines', async () => {
    const top = (await help('--help')).split('\n').slice(0, 20).join('\n');
    for (const id of ['order', 'wait-ready', 'produce', 'wait-produced', 'status', 'retry', 'kiosk recover'])
      expect(top).toMatch(new RegExp(`^ {2}${id} `, 'm'));
  });

  test('the main help names every command, or its group', async () => {
    const text = await help('--help');
    for (const id of IDS) {
      const [group = ''] = id.split(':');
      expect(text, id).toMatch(new RegExp(`^ {2}(${id.replaceAll(':', ' ')}|${group}) {2}`, 'm'));
    }
  });

  test('the main help is printed without arguments, and without loading a command', async () => {
    const [plain, asked] = await Promise.all([user.run(''), user.run('--help')]);
    expect([plain.code, plain.stdout, plain.stderr]).toEqual([0, await help('--help'), '']);
    expect(asked.stdout).toBe(plain.stdout);
  });
});

describe('the help of a command', () => {
  test.each(IDS)('the help of %s has its sections in the sequence in which they are read', async (id) => {
    const { summary = '', flags } = surface.commands[id] ?? { flags: {} };
    const text = await help(...id.split(':'), '--help');
    expect(text.split('\n\n')[0]?.replaceAll('\n', ' ')).toBe(summary);
    const [first, second, ...others] = headings(text);
    expect([first, second]).toEqual(['EXAMPLES', 'USAGE']);
    expect(others.includes('ADVANCED FLAGS')).toBe(
      Object.values(flags).some(({ helpGroup, hidden }) => helpGroup === 'ADVANCED' && !hidden),
    );
    const ofFlags = others.filter((heading) => heading.endsWith('FLAGS'));
    if (ofFlags.includes('ADVANCED FLAGS')) expect(ofFlags.at(-1)).toBe('ADVANCED FLAGS');
    expect(text).toMatch(/\n {2}# [A-Z].*\.\n {2}\$ .*kioskctl /);
    expect(text).toContain('kioskctl help flags');
    expect(text).not.toContain('--no-color ');
  });

  test.each(IDS)('the help of %s lists each of its flags with a summary', async (id) => {
    const text = await help(...id.split(':'), '--help');
    const own = Object.entries(surface.commands[id]?.flags ?? {}).filter(
      ([, { helpGroup, hidden }]) => helpGroup !== 'GLOBAL' && !hidden,
    );
    for (const [flag] of own) expect(text, flag).toMatch(new RegExp(`--(\\[no-\\])?${flag}\\b`));
  });

  test.each(IDS)('the summary of %s is imperative, and fits on one line of the overview', (id) => {
    const { summary = '' } = surface.commands[id] ?? {};
    expect(summary).toMatch(
      /^(Add|Advance|Approve|Cancel|Change|Check|Copy|Create|Delete|End|Explain|Export|Follow|Import|List|Make|Manage|Mark|Move|Order|Print|Produce|Put|Receive|Remove|Replace|Request|Reset|Return|Run|Send|Serve|Set|Show|Store|Subscribe|Upgrade|Verify|Wait|Write) .*\.$/,
    );
    expect(summary.length).toBeLessThanOrEqual(63);
  });

  test('an alias shows the help of its command', async () => {
    expect(await help('kiosks', '--help')).toBe(await help('kiosk', 'list', '--help'));
    expect(await help('help', 'scenarios')).toBe(await help('scenario', 'list', '-h'));
  });

  test('the alias of a list command also names its group', async () => {
    expect(await help('kiosks', 'hold', '--help')).toBe(await help('kiosk', 'hold', '--help'));
    const { json } = await user.run('kiosks list WIS00001 --json');
    expect([json.command, json.exitCode]).toEqual(['kiosk list', 0]);
    expect((await user.run('scenarios show happy-path')).stdout).toContain('name: happy-path');
  });

  test('global flags may precede the command', async () => {
    expect(await help('--context', 'ci', '--json', 'kiosk', 'hold', '--help')).toBe(
      await help('help', 'kiosk', 'hold'),
    );
  });

  test.each(IDS)(
    'no line of the help of %s has over 80 columns, and its long examples are continued as in a shell',
    async (id) => {
      const text = await help(...id.split(':'), '--help');
      const isBroken = process.platform !== 'win32';
      const long = text
        .split('\n')
        .filter((line) => line.length > 80 && (isBroken || !line.startsWith('  $ ')));
      expect(long).toEqual([]);
      const { examples = [] } = surface.commands[id] ?? {};
      const joined = text.replaceAll(/ \\\n +/g, ' ');
      for (const { command } of examples) expect(joined).toContain(`  $ ${command}\n`);
    },
  );

  test('a long command stays on one line on Windows, where shells have other rules', () => {
    const command = `kioskctl order ${'--city London '.repeat(8)}--wait`;
    expect(breakCommand(command, 78, 'win32')).toEqual([command]);
    expect(breakCommand(command, 78, 'linux').length).toBeGreaterThan(1);
  });

  test('the help of a command fits a narrow terminal', async () => {
    const { columns } = process.stdout;
    try {
      process.stdout.columns = 60;
      const wide = (await help('kiosk', 'recover', '--help'))
        .split('\n')
        .filter((line) => line.length > 60 && !line.startsWith('  $ '));
      expect(wide.filter((line) => !/^ {2}(#|kioskctl)/.test(line))).toEqual([]);
    } finally {
      process.stdout.columns = columns;
    }
  });
});

describe('the help of a group', () => {
  test.each(['kiosk', 'kiosk --json', '--context local kiosk', 'help kiosk'])(
    'kioskctl %s lists its commands and ends with 0',
    async (words) => {
      const { code, stdout, stderr } = await user.run(words);
      expect([code, stderr]).toEqual([0, '']);
      for (const word of ['list', 'show', 'hold', 'release', 'recover'])
        expect(stdout).toMatch(new RegExp(`^ {2}kiosk ${word} `, 'm'));
    },
  );

  test.each(Object.keys(surface.groups))('kioskctl %s --help names its commands', async (group) => {
    const text = await help(group, '--help');
    for (const id of IDS.filter((one) => one.startsWith(`${group}:`)))
      expect(text).toContain(`  ${id.replaceAll(':', ' ')} `);
  });
});

describe('the topics of the help', () => {
  test.each(Object.keys(TOPICS))('kioskctl help %s prints a page and ends with 0', async (topic) => {
    const { code, stdout, stderr } = await user.run(['help', topic]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(await help('help', topic));
    expect(stdout.split('\n').length).toBeGreaterThan(8);
  });

  test('the topics of the specification exist, in its order', () => {
    expect(Object.keys(TOPICS)).toEqual([
      'exit-codes',
      'environment',
      'references',
      'output',
      'contexts',
      'safety',
      'scripting',
      'flags',
    ]);
  });

  test.each<[topic: string, entries: readonly string[]]>([
    ['exit-codes', EXIT_CODES.map(({ code }) => String(code))],
    ['environment', ENVIRONMENT_VARIABLES.map(([name]) => name)],
    ['output', [...Object.keys(OUTCOMES), ...STAGES]],
    ['contexts', SETTING_KEYS],
    ['flags', Object.keys(globalFlags).map((flag) => `--${flag}`)],
    ['safety', ['local 3 s', 'sandbox 30 s', 'production 120 s']],
  ])('the topic %s has every entry of the table of the code', async (topic, entries) => {
    const text = (await help('help', topic)).replaceAll(/\s+/g, ' ');
    for (const entry of entries) expect(text).toContain(entry);
  });

  test('every command that a topic shows exists', async () => {
    const pages = await Promise.all(Object.keys(TOPICS).map(async (topic) => help('help', topic)));
    const shown = pages.join('\n').matchAll(/(?:\(|: |, |\| |^ {2})kioskctl ((?:[a-z][a-z-]+ ?)+)/gm);
    for (const [, words = ''] of shown) {
      const [first = '', second = ''] = words.trim().split(' ');
      const known = new Set([...IDS, ...Object.keys(surface.groups), 'help', 'command']);
      expect(known.has(first) || known.has(`${first}:${second}`), words).toBe(true);
    }
  });
});

describe('the version', () => {
  test('version and --version print the same line, and version --json one document', async () => {
    const [word, flag, json] = await Promise.all(
      ['version', '--version', 'version --json'].map(async (words) => user.run(words)),
    );
    expect(word?.stdout).toMatch(/^kioskctl\/\d+\.\d+\.\d+\S* \S+ node-v\d+/);
    expect(flag?.stdout).toBe(word?.stdout);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(json?.json).toMatchObject({ schemaVersion: 1, command: 'version', exitCode: 0, version });
    expect((await user.run('version --no-color')).stdout).toBe(word?.stdout);
  });
});

test.each(['produze', 'constructor', 'toString', '__proto__'])(
  'the help of %s, which is no command, is a usage mistake',
  async (word) => {
    expect((await user.run(['help', word])).code).toBe(2);
    expect((await user.run([word, '--help', '--json'])).json.error.code).toBe('unknown-command');
  },
);

test('cards --help passes on the advice of Wise not to show the details of a card before it is collected', async () => {
  const text = (await help('cards', '--help')).replaceAll(/\s+/g, ' ');
  expect(text).toContain('never shows card numbers, CVV or expiry');
  expect(text).toContain('before the card is produced and collected');
});
