import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { expect, test } from 'vitest';
import { FOLDERS, type Folder, makeLayoutPage } from '../scripts/layout.ts';

/** Top folders that may use the network, the disk or the process. */
const ADAPTERS = new Set([
  'cli',
  'wise',
  'journal',
  'webhooks',
  'sandbox',
  'http',
  'postgres',
  'queue',
  'database',
  'machine',
]);

/** Imports that the move of 2026-11 left against the table; the list only shrinks. */
const DEBTS = new Set<string>([]);

/** Values that views import from elsewhere than domain and output; the list only shrinks. */
const VIEW_DEBTS = new Set<string>([]);

/** Values that workflows import from views or inputs; the list only shrinks. */
const WORKFLOW_DEBTS = new Set<string>([]);

/** Files in a folder, `commands` excepted. */
const MOST_FILES = 15;

/** Files under 60 lines with a single importer that the table gives no reason for; the number only shrinks. */
const MOST_UNEXPLAINED = 11;

/** The same, with those that have a reason. */
const MOST_SMALL = 12;

interface Import {
  file: string;
  target: string;
  /** Only types: nothing is left of it when the program runs. */
  isType: boolean;
}

const folders = new Map<string, Folder>(FOLDERS.map((folder) => [folder.name, folder]));
const files = globSync('src/**/*.ts').map((file) => file.split(sep).join('/'));
const IMPORT = /(?:(?:import|export)\s(type\s)?([^;'`]*?)\sfrom|import)\s*\(?\s*'([^']+)'/g;
const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, type, names = '', target = '']) => ({
    file,
    target: target.startsWith('.')
      ? normalize(join(dirname(file), target))
          .split(sep)
          .join('/')
      : target,
    isType: type !== undefined || /^\{(\s*type\s[^,]+,?)+\s*\}$/.test(names),
  })),
);
const ours = imports.filter(({ target }) => target.startsWith('src/'));

/** The folder of a file in the table: its own, or the next one above that is listed. */
function folderOf(file: string): Folder {
  for (let name = dirname(file.replace(/^src\//, '')); ; name = dirname(name)) {
    const folder = folders.get(name);
    if (folder) return folder;
    if (name === '.') throw new Error(`${file} is in no folder of the table`);
  }
}

/** The top folder that a file belongs to. */
function topOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** Names of the folders that a folder may import, itself and its subfolders included. */
function reachable(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const below of folders.get(name)?.imports ?? []) reachable(below, found);
  for (const { name: inner } of FOLDERS) if (inner.startsWith(`${name}/`)) reachable(inner, found);
  return found;
}

function withoutDebts(wrong: Import[], debts = DEBTS): string[] {
  return wrong.map(({ file, target }) => `${file} > ${target}`).filter((debt) => !debts.has(debt));
}

const FEATURES = new Set([
  'serve',
  'support',
  'runs',
  'plans',
  'events',
  'status',
  'kiosks',
  'scenarios',
  'cards',
]);

/** True for a file that builds output from results. */
function isView(file: string): boolean {
  return /-views?\.ts$/.test(file) || (file.startsWith('src/runs/reports/') && !isInput(file));
}

/** True for a file that reads what users pass. */
function isInput(file: string): boolean {
  return /-(flags|arguments|input)\.ts$/.test(file);
}

/** Pure, although they are in folders that are not. */
const PURE = new Set([
  'src/context/coverage.ts',
  'src/input/diagnostic.ts',
  'src/kiosks/kiosk-summary.ts',
  'src/detached/plan.ts',
  'src/kiosks/retry/retry-plan.ts',
]);

test('every file is in a folder of the table, and every folder of the table has files', () => {
  expect([...new Set(files.map((file) => folderOf(file).name))].toSorted()).toEqual(
    [...folders.keys()].toSorted(),
  );
});

test('the folders of the table stand in the order in which they import', () => {
  const position = new Map(FOLDERS.map(({ name }, index) => [name, index]));
  const upwards = FOLDERS.flatMap(({ name, imports: below }) =>
    below.filter((one) => (position.get(one) ?? -1) < (position.get(name) ?? 0)).map((one) => [name, one]),
  );
  expect(upwards).toEqual([]);
});

test('imports point down only, as the table allows', () => {
  const wrong = ours.filter(({ file, target }) => !reachable(folderOf(file).name).has(folderOf(target).name));
  expect(withoutDebts(wrong)).toEqual([]);
});

test('a closed folder is imported only within its top folder, or by the files that the table names', () => {
  const wrong = ours.filter(({ file, target }) => {
    const { closed } = folderOf(target);
    if (closed === undefined || topOf(file) === topOf(target)) return false;
    return closed === true || !closed.includes(file.replace(/^src\//, ''));
  });
  expect(withoutDebts(wrong)).toEqual([]);
});

test('imports that the table forbids by name do not occur', () => {
  const wrong = ours.filter(({ file, target }) =>
    (folderOf(file).never ?? []).some((name) => target === `src/${name}.ts`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself in a circle', () => {
  const targets = new Map(
    files.map((file) => [file, imports.filter((one) => one.file === file).map((one) => one.target)]),
  );
  const open = new Set<string>();
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    if (open.has(file)) return void circles.push(file);
    open.add(file);
    for (const target of targets.get(file) ?? []) if (targets.has(target)) visit(target);
    open.delete(file);
    done.add(file);
  };
  files.forEach(visit);
  expect(circles).toEqual([]);
});

test('only adapters use the network, the disk or the process', () => {
  const wrong = imports.filter(({ file, target }) => {
    const isWorld = /^node:(fs|http|https|net|child_process|os|process|sqlite|timers)/.test(target);
    return isWorld && !ADAPTERS.has(topOf(file));
  });
  expect(withoutDebts(wrong)).toEqual([]);
});

test('the environment is read, and the process ended, only where the layout says', () => {
  const wrong = files.filter((file) => {
    const code = readFileSync(file, 'utf8');
    return (
      /process\.env\b|process\.exit\(|\bconsole\./.test(code) &&
      !/^src\/cli\/(terminal|open-context|settings|system-probe)/.test(file)
    );
  });
  expect(wrong).toEqual([]);
});

test('heavy libraries are loaded where they are used', () => {
  const heavy =
    /^import (?!type)[^;]*from '(got|ora|conf|@inquirer\/[^']*|cli-table3|csv-parse[^']*|yaml|write-file-atomic)'/m;
  const wrong = files.filter((file) => heavy.test(readFileSync(file, 'utf8')));
  expect(wrong).toEqual([]);
});

test('views import values only from domain, output and other views', () => {
  const wrong = ours.filter(({ file, target, isType }) => {
    if (!isView(file) || isType || isView(target) || PURE.has(target)) return false;
    return topOf(target) !== 'domain' && topOf(target) !== 'output';
  });
  expect(withoutDebts(wrong, VIEW_DEBTS)).toEqual([]);
});

test('workflows import values neither from views nor from inputs', () => {
  const wrong = ours.filter(
    ({ file, target, isType }) =>
      FEATURES.has(topOf(file)) &&
      !isView(file) &&
      !isInput(file) &&
      !isType &&
      (isView(target) || isInput(target)),
  );
  expect(withoutDebts(wrong, WORKFLOW_DEBTS)).toEqual([]);
});

test('a folder has at most 15 files, commands excepted', () => {
  const byFolder = Map.groupBy(files, (file) => dirname(file));
  const wrong = [...byFolder].filter(
    ([folder, { length }]) => !folder.startsWith('src/commands') && length > MOST_FILES,
  );
  expect(wrong).toEqual([]);
});

test('a small file with a single importer has a reason to stand alone', () => {
  const importers = Map.groupBy(ours, ({ target }) => target);
  const small = files.filter((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length - 1;
    return lines < 60 && new Set(importers.get(file)?.map((one) => one.file)).size === 1;
  });
  const reasons = FOLDERS.flatMap(({ name, small: given = {} }) =>
    Object.keys(given).map((file) => `src/${name}/${file}`),
  );
  expect(reasons.filter((file) => !small.includes(file))).toEqual([]);
  // The number of schema versions only grows.
  const counted = small.filter((file) => !file.startsWith('src/journal/tables/migrations/'));
  expect(counted.length, counted.join('\n')).toBeLessThanOrEqual(MOST_SMALL);
  const unexplained = small.filter((file) => !reasons.includes(file));
  expect(unexplained.length, unexplained.join('\n')).toBeLessThanOrEqual(MOST_UNEXPLAINED);
});

const page = readFileSync('docs/layout.md', 'utf8');

test('the table of folders in docs/layout.md is current (npm run manifest)', () => {
  expect(page).toBe(makeLayoutPage());
});

test.each(['docs/layout.md', 'CONTRIBUTING.md'])('every file that %s names exists', (name) => {
  const named = [...readFileSync(name, 'utf8').matchAll(/`([\w/.-]+\.(?:ts|js|md))`/g)].map(
    ([, file = '']) => file,
  );
  const there = named.filter((file) => !file.includes('NAME'));
  expect(there.length).toBeGreaterThan(15);
  expect(there.filter((file) => !existsSync(file) && !existsSync(`src/${file}`))).toEqual([]);
});
