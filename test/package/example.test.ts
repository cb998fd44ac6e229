// examples/testing as a user has it: kioskctl is installed from the packed tarball, without the network.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePackage } from '../../scripts/release/package.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'kioskctl-example-'));
const service = join(folder, 'service');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in the folder of the service. @throws an error with its whole output */
async function run(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1', KIOSKCTL_HOME: join(folder, 'home') };
  return promisify(execFile)(program, args, { cwd: service, env }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
    },
  );
}

async function node(...args: string[]): Promise<string> {
  return run(process.execPath, ...args);
}

const { tarball } = makePackage(folder);

beforeAll(async () => {
  cpSync(join(ROOT, 'examples/testing'), service, { recursive: true });
  // The tools of the example are those of this project; what is installed is kioskctl.
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  for (const tool of ['vitest', '@types/node'])
    symlinkSync(join(ROOT, 'node_modules', tool), join(folder, 'node_modules', tool));
  const manifest = JSON.parse(readFileSync(join(service, 'package.json'), 'utf8')) as object;
  const installed = { ...manifest, devDependencies: { kioskctl: `file:${tarball}` } };
  writeFileSync(join(service, 'package.json'), JSON.stringify(installed));
  const options = ['--offline', '--no-audit', '--no-fund', '--cache', join(folder, 'cache')];
  await run('npm', 'install', ...options);
}, 30_000);

test('the example compiles with strict types, and its tests pass', async () => {
  const [, tests] = await Promise.all([
    node(join(ROOT, 'node_modules/typescript/bin/tsc')),
    node(join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'),
  ]);
  expect(tests).toMatch(/Tests +6 passed \(6\)/);
});

test('kioskctl/testing is one module for import and require, and every other path is private', async () => {
  const script = `
    const required = require('kioskctl/testing');
    const refused = [];
    const paths = ['kioskctl', 'kioskctl/package.json', 'kioskctl/dist/main.cjs', 'kioskctl/dist/testing/index.js', 'kioskctl/bin/run.js'];
    (async () => {
      for (const path of paths) await import(path).catch(({ code }) => refused.push(code));
      const imported = await import('kioskctl/testing');
      const sandbox = await required.startSandbox();
      await sandbox.close();
      console.log(JSON.stringify({ isSame: imported.startSandbox === required.startSandbox, names: Object.keys(imported), refused }));
    })();`;
  expect(JSON.parse(await node('-e', script))).toEqual({
    isSame: true,
    names: ['startSandbox'],
    refused: Array.from({ length: 5 }, () => 'ERR_PACKAGE_PATH_NOT_EXPORTED'),
  });
});

test('the installed kioskctl runs', async () => {
  const document = JSON.parse(
    await node('node_modules/.bin/kioskctl', 'order', '--wait', '--json'),
  ) as object;
  expect(document).toMatchObject({ exitCode: 0, environment: 'local' });
});

test('the bundle of kioskctl/testing has nothing of the command line', () => {
  const map = readFileSync(join(ROOT, 'sourcemaps/testing/index.cjs.map'), 'utf8');
  const { sources } = JSON.parse(map) as { sources: string[] };
  const libraries = sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
  expect([...new Set(libraries)].toSorted()).toEqual(['fastest-levenshtein', 'valibot']);
  expect(sources.some((source) => source.includes('src/sandbox/'))).toBe(true);
  expect(sources.filter((source) => /src\/(cli|commands|journal|wise|context|cards)\//.test(source))).toEqual(
    [],
  );
});
