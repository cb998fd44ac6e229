import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from '../../scripts/reference.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

test.each(Object.entries(PAGES))('the reference page %s is current (npm run manifest)', (name, page) => {
  expect(read(name)).toBe(page());
});

test('the reference of commands has every flag of every command', () => {
  const { commands } = JSON.parse(read('oclif.manifest.json')) as {
    commands: Record<string, { hidden?: boolean; flags: Record<string, { name: string; hidden?: boolean }> }>;
  };
  const page = read('docs/commands.md');
  const flags = Object.values(commands).flatMap((command) =>
    command.hidden ? [] : Object.values(command.flags).filter(({ hidden }) => !hidden),
  );
  expect(flags.length).toBeGreaterThan(100);
  const missing = flags.filter(({ name }) => !RegExp(`--(\\[no-\\])?${name}\\b`).test(page));
  expect(missing.map(({ name }) => name)).toEqual([]);
});
