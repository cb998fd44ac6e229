// Compiled code of the built binary: V8 executes whatever it contains, and a damaged one ends the process.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../src/cli/settings/paths.ts';
import { load, loadFrom } from '../../src/machine/code-cache.ts';
import { makeFolder } from '../harness/command-line.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORDS = ['explain', 'PRD_HOPPER_DOOR', '--json'];

interface Start {
  root?: string;
  env?: Record<string, string>;
  words?: readonly string[];
  /** Flags of V8. */
  flags?: readonly string[];
}

/** Starts kioskctl without the shared cache of the tests. @returns standard output @throws if it fails or reports anything */
async function start(
  home: string,
  { root = ROOT, env = {}, words = WORDS, flags = [] }: Start = {},
): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...flags, join(root, 'bin/run.js'), ...words],
    {
      env: { PATH: process.env.PATH, KIOSKCTL_HOME: home, ...env },
    },
  );
  expect(stderr).toBe('');
  return stdout;
}

function cachesIn(home: string): string[] {
  return globSync('**/*', { cwd: home, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

async function cacheOf(home: string): Promise<string> {
  await start(home);
  const [file, ...others] = cachesIn(home);
  expect(others).toEqual([]);
  return file ?? '';
}

const identityOf = (file: string) => statSync(file, { bigint: true });

test('a command writes its compiled code for its user only, and does not write it again', async () => {
  const home = makeFolder();
  const file = await cacheOf(home);
  expect(file).toMatch(/compile-cache\/[^/]+\/explain$/);
  const written = identityOf(file);
  expect(Number(written.mode) & 0o777).toBe(0o600);
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  await start(home);
  expect(identityOf(file)).toEqual({ ...written, atimeNs: expect.anything(), atimeMs: expect.anything() });
});

/** Starts kioskctl. @returns the number of functions that it compiles */
async function compiledIn(home: string): Promise<number> {
  const log = join(home, 'v8.log');
  await start(home, { flags: ['--log-function-events', `--logfile=${log}`, '--no-logfile-per-isolate'] });
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('function,interpreter,')).length;
}

test('a command compiles a third of its functions at most once it has its compiled code', async () => {
  const home = makeFolder();
  const first = await compiledIn(home);
  expect(await compiledIn(home)).toBeLessThan(first / 3);
});

test.each([
  ['that others can write', (folder: string) => chmodSync(folder, 0o777)],
  [
    'that is a link',
    (folder: string) => {
      renameSync(folder, `${folder}.moved`);
      symlinkSync(`${folder}.moved`, folder);
    },
  ],
])('a cache in a folder %s is neither used nor written', async (_, change) => {
  const home = makeFolder();
  const first = await compiledIn(home);
  const [file = ''] = cachesIn(join(home, 'compile-cache'));
  change(join(file, '..'));
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(file, yesterday, yesterday);
  expect(await compiledIn(home)).toBeGreaterThan(first / 2);
  expect(statSync(file).mtimeMs).toBe(yesterday.getTime());
});

test.each([
  ['whose code is damaged', (code: Buffer) => code.fill(0x55, 4_000, 4_100)],
  ['whose index is damaged', (code: Buffer) => code.fill(0x55, 10, 20)],
  ['that is cut off', (code: Buffer) => code.subarray(0, code.length / 2)],
  ['of one byte', (code: Buffer) => code.subarray(0, 1)],
  ['that is empty', () => Buffer.alloc(0)],
])('a cache %s is not used, and written again', async (_, damage) => {
  const home = makeFolder();
  const file = await cacheOf(home);
  const intact = readFileSync(file);
  writeFileSync(file, damage(Buffer.from(intact)));
  expect(JSON.parse(await start(home))).toMatchObject({ exitCode: 0 });
  expect(statSync(file).size).toBeGreaterThan(intact.length / 2);
  const { ino } = identityOf(file);
  await start(home);
  expect(identityOf(file).ino).toBe(ino);
});

test('a cache that others can write is not used, and replaced', async () => {
  const home = makeFolder();
  const file = await cacheOf(home);
  chmodSync(file, 0o666);
  await start(home);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a changed file of dist is compiled, even if it has the same length', async () => {
  const home = makeFolder();
  const root = makeFolder();
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const door = 'The hopper door is open.';
  expect(await start(home, { root })).toContain(door);
  const file = globSync('dist/*.cjs', { cwd: root }).find((name) =>
    readFileSync(join(root, name), 'utf8').includes(door),
  );
  const path = join(root, file ?? '');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(door, 'The hopper door is shut.'));
  expect(await start(home, { root })).toContain('The hopper door is shut.');
  expect(await start(home, { root })).toContain('The hopper door is shut.');
});

test('code that V8 compiled with other flags is rejected, and written again', async () => {
  const home = makeFolder();
  const file = await cacheOf(home);
  const { ino } = identityOf(file);
  await start(home, { flags: ['--max-lazy'] });
  expect(identityOf(file).ino).not.toBe(ino);
});

test('a cache is written again after a day, with the code that other flags of the command used', async () => {
  const home = makeFolder();
  const file = await cacheOf(home);
  const { size } = statSync(file);
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(file, yesterday, yesterday);
  await start(home, { words: ['explain', '--json'] });
  expect(statSync(file).mtimeMs).toBeGreaterThan(yesterday.getTime());
  expect(statSync(file).size).toBeGreaterThanOrEqual(size);
});

test('caches of other versions, and nothing else, are deleted when they were not used for a month', async () => {
  const home = makeFolder();
  const names = ['0.9.0-v24.15.0-linux-x64-0', 'v24.15.0-x64-c0ffee-0', '0.9.1-v24.15.0-linux-x64-0', 'src'];
  const folders = names.map((name) => join(home, 'compile-cache', name));
  const longAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
  for (const [index, folder] of folders.entries()) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'status'), '');
    if (index !== 2) utimesSync(folder, longAgo, longAgo);
  }
  await start(home);
  expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true, true]);
});

test('a cache that a killed process left incomplete is deleted after a day', async () => {
  const home = makeFolder();
  const file = await cacheOf(home);
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  for (const left of [`${file}.12`, `${file}.13`]) writeFileSync(left, '');
  for (const old of [file, `${file}.12`]) utimesSync(old, yesterday, yesterday);
  await start(home);
  expect(cachesIn(home).toSorted()).toEqual([file, `${file}.13`]);
});

test('a relative folder of the cache is ignored: it could belong to the author of a repository', () => {
  const env = { NODE_COMPILE_CACHE: 'cache', KIOSKCTL_HOME: '/home/anna' };
  expect(cacheFolder(env)).toBe('/home/anna/compile-cache');
});

test.each([
  ['that is disabled', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['whose folder cannot be created', { KIOSKCTL_HOME: '/proc/missing' }],
  ['whose folder is a file', { NODE_COMPILE_CACHE: join(ROOT, 'package.json') }],
])('a cache %s is not needed', async (_, env) => {
  const home = makeFolder();
  expect(JSON.parse(await start(home, { env }))).toMatchObject({ exitCode: 0 });
  expect(cachesIn(home)).toEqual([]);
});

test('processes that start together leave one whole cache', async () => {
  const home = makeFolder();
  await Promise.all(Array.from({ length: 6 }, async () => start(home)));
  const [file = '', ...others] = cachesIn(home);
  expect(others).toEqual([]);
  const { ino } = identityOf(file);
  await start(home);
  expect(identityOf(file).ino).toBe(ino);
});

test('files of dist run in strict mode, in which a write to a frozen object is an error', () => {
  const dist = makeFolder();
  writeFileSync(join(dist, 'strict.cjs'), 'Object.freeze(exports).late = true;');
  loadFrom(dist);
  expect(() => load('strict.cjs')).toThrow(TypeError);
});

test('a file of dist that fails is loaded again, not used in part', () => {
  const dist = makeFolder();
  writeFileSync(join(dist, 'fails.cjs'), 'exports.first = 1; throw new Error("broken");');
  writeFileSync(join(dist, 'needs.cjs'), 'exports.first = require("./fails.cjs").first;');
  loadFrom(dist);
  expect(() => load('needs.cjs')).toThrow('broken');
  expect(() => load('needs.cjs')).toThrow('broken');
});
