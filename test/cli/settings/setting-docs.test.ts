import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SETTINGS } from '../../../src/cli/settings/setting-table.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('docs/settings.md has a row for each setting of a context', () => {
  const rows = [...read('docs/settings.md').matchAll(/^\| ([^|]+) \|/gm)].map(([, name = '']) => name);
  const missing = Object.keys(SETTINGS).filter((key) => !rows.some((row) => row.includes(`\`${key}\``)));
  expect(missing).toEqual([]);
});

test('docs/settings.md names the environment variable of each setting', () => {
  const page = read('docs/settings.md');
  const variables = Object.values(SETTINGS).flatMap((setting) =>
    'variable' in setting && setting.variable ? [setting.variable[0]] : [],
  );
  expect(variables.length).toBeGreaterThan(3);
  expect(variables.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
