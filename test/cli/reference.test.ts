import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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

test('README has at most 150 lines, and every page that it and docs/README.md link to exists', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  const links = ['README.md', 'docs/README.md'].flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => join(ROOT, page, '..', link)),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((file) => !existsSync(file))).toEqual([]);
});

test('docs/README.md lists every page of the documentation', () => {
  const index = read('docs/README.md');
  const pages = globSync('docs/*.md', { cwd: ROOT }).map((file) => basename(file));
  expect(pages.filter((page) => page !== 'README.md' && !index.includes(`(${page})`))).toEqual([]);
});
