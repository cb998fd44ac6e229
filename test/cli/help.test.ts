import { join } from 'node:path';
import { Config } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { KioskctlHelp } from '../../src/cli/help.ts';
import { makeOwnPlugin } from '../../src/cli/manifest-plugin.ts';
import { ENVIRONMENT_VARIABLES } from '../../src/cli/settings/setting-table.ts';
import { EXIT_CODES } from '../../src/domain/errors/exit-codes.ts';

const ROOT = join(import.meta.dirname, '../..');

class Written extends KioskctlHelp {
  text = '';

  protected override log(...parts: string[]): void {
    this.text += `${parts.join(' ')}\n`;
  }
}

/** oclif rewrites the ids of the commands that it lists: each help has a configuration of its own. */
async function load(): Promise<Config> {
  const plugin = makeOwnPlugin(ROOT);
  return Config.load({ root: ROOT, plugins: new Map([[plugin.name, plugin]]), userPlugins: false });
}

async function help(id: string | null, ...words: string[]): Promise<string> {
  const written = new Written(await load());
  await written.show(id, words);
  return written.text;
}

/** The headings of a text, in their order. */
function headings(text: string): string[] {
  return text.split('\n').filter((line) => /^[A-Z][A-Z ]+$/.test(line));
}

describe('the help', () => {
  test('the help of kioskctl begins with examples, and names each command', async () => {
    const text = await help(null);
    expect(headings(text)[0]).toBe('EXAMPLES');
    for (const id of [
      'order',
      'wait-ready',
      'produce',
      'wait-produced',
      'status',
      'simulate',
      'retry',
      'cancel',
      'explain',
    ]) {
      expect(text).toMatch(new RegExp(`^ {2}${id} `, 'm'));
    }
    expect(text).toContain('help exit-codes');
  });

  test('the help of each command begins with examples, and shows its usage and flags', async () => {
    for (const id of (await load()).commandIDs) {
      const text = await help(id, ...id.split(':'));
      expect(headings(text)[0], id).toBe('EXAMPLES');
      expect(headings(text), id).toContain('USAGE');
      expect(text, id).toContain(`$ kioskctl ${id.replaceAll(':', ' ')}`);
      expect(text, id).toContain('--json');
      expect(text, id).not.toContain('<%=');
    }
  });

  test('the help of a topic lists its commands', async () => {
    const text = await help('sandbox', 'sandbox');
    for (const word of ['reset', 'advance', 'fault']) expect(text).toContain(word);
  });

  test('the help of exit codes lists all of them', async () => {
    const text = await help(null, 'exit-codes');
    for (const { code, meaning } of EXIT_CODES) {
      expect(text).toMatch(new RegExp(`^${code} `, 'm'));
      expect(text.replaceAll(/\s+/g, ' ')).toContain(meaning);
    }
  });

  test('the help of the environment lists all variables', async () => {
    const text = await help(null, 'environment');
    for (const [name] of ENVIRONMENT_VARIABLES) expect(text).toContain(name);
    for (const name of ['KIOSKCTL_CONTEXT', 'KIOSKCTL_TOKEN', 'KIOSKCTL_SETTLE', 'KIOSKCTL_HOME'])
      expect(text).toContain(name);
  });

  test.each(['produze', 'constructor', 'toString', '__proto__'])(
    'of %s, which is no command, is a mistake of usage',
    async (word) => {
      await expect(help(null, word)).rejects.toMatchObject({ code: 'unknown-command', exitCode: 2 });
    },
  );

  test('the help of a mistyped command suggests the nearest one', async () => {
    await expect(help(null, 'produze')).rejects.toMatchObject({
      hint: expect.stringContaining('kioskctl produce'),
    });
  });
});

test('cards --help passes on the advice of Wise not to show the details of a card before it is collected', async () => {
  const text = (await help('cards', 'cards')).replaceAll(/\s+/g, ' ');
  expect(text).toContain('never shows card numbers, CVV or expiry');
  expect(text).toContain('before the card is produced and collected');
});
