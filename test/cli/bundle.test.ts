// The built binary: the libraries that are loaded where they are used are in the bundle in another form than here.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { makeFolder } from '../harness/command-line.ts';
import { makeCertificate } from '../harness/network.ts';

const ROOT = join(import.meta.dirname, '../..');
const BINARY = join(ROOT, 'bin/run.js');

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

async function kioskctl(home: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home };
  const { stdout } = await promisify(execFile)(process.execPath, [BINARY, ...args], { env }).catch(
    (error: unknown) => {
      const { stdout: out, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`kioskctl ${args.join(' ')}: ${out}${stderr}`);
    },
  );
  return stdout;
}

test('the bundle reads an order from a file, in YAML and in JSON', async () => {
  const home = makeFolder();
  writeFileSync(
    join(home, 'order.yaml'),
    'cardHolderName: Ada Example\naddress: { firstLine: 1 Road, city: Leeds, postCode: LS1, country: GB }\n',
  );
  writeFileSync(
    join(home, 'order.json'),
    JSON.stringify({
      cardHolderName: 'Ada Example',
      address: { firstLine: '1 Road', city: 'Leeds', postCode: 'LS1', country: 'GB' },
    }),
  );
  for (const name of ['order.yaml', 'order.json']) {
    const document = JSON.parse(
      await kioskctl(home, 'order', '--from', join(home, name), '--dry-run', '--json'),
    ) as Record<string, unknown>;
    expect(document).toMatchObject({
      exitCode: 0,
      request: { cardHolderName: 'Ada Example', address: { city: 'Leeds' } },
    });
  }
});

test('the bundle shows the help of a command', async () => {
  const help = await kioskctl(makeFolder(), 'sandbox', 'advance', '--help');
  expect(help).toContain('kioskctl sandbox advance DURATION [FLAGS]');
  expect(help).not.toContain('<%');
});

describe('a server with a certificate', () => {
  const pair = makeCertificate({ commonName: 'localhost' });

  async function programs(host: string): Promise<{ stdout: string; stderr: string }> {
    const home = makeFolder();
    writeFileSync(join(home, 'ca.pem'), pair.cert);
    const sandbox = new Sandbox({
      stateFile: join(home, 'other.db'),
      speed: 1,
      tls: { key: Buffer.from(pair.key), cert: Buffer.from(pair.cert) },
    });
    onTestFinished(() => sandbox.close());
    const { port } = new URL(await sandbox.listen({ host, port: 0 }));
    const env = {
      PATH: process.env.PATH,
      KIOSKCTL_HOME: home,
      NODE_EXTRA_CA_CERTS: join(home, 'ca.pem'),
      KIOSKCTL_TOKEN: 'token-of-the-test',
    };
    const words = ['programs', '--environment', 'sandbox', '--profile-id', '1001'];
    return promisify(execFile)(
      process.execPath,
      [BINARY, ...words, '--base-url', `https://${host}:${port}`, '--json'],
      { env },
    );
  }

  test('the bundle uses a server whose certificate names its host', async () => {
    expect(JSON.parse((await programs('localhost')).stdout)).toMatchObject({ exitCode: 0 });
  });

  test('the bundle refuses a server whose certificate names another host', async () => {
    await expect(programs('127.0.0.1')).rejects.toMatchObject({
      stdout: expect.stringContaining('certificate'),
    });
  });
});

test('a command that only reads the journal loads neither http, TLS nor crypto', async () => {
  const home = makeFolder();
  await kioskctl(home, 'order', '--wait', '--quiet');
  const probe = join(home, 'probe.cjs');
  writeFileSync(
    probe,
    `process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, process.moduleLoadList.join('\\n')));`,
  );
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home, LOADED: join(home, 'loaded.txt') };
  const words = ['status', '--cached', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, ['--require', probe, BINARY, ...words], {
    env,
  });
  expect(JSON.parse(stdout)).toMatchObject({ cards: [{ orderId: 501 }] });
  const loaded = readFileSync(env.LOADED, 'utf8').split('\n');
  expect(loaded).toContain('NativeModule sqlite');
  for (const module of ['crypto', 'http', '_http_client', 'https', 'tls', 'internal/crypto/webcrypto'])
    expect(loaded).not.toContain(`NativeModule ${module}`);
});

test('a stack trace of a library is no output of a command, and a warning of Node is', async () => {
  const home = makeFolder();
  const library = join(home, 'library.cjs');
  writeFileSync(
    library,
    "process.on('exit', () => console.trace('traced')); setImmediate(() => process.emitWarning('insecure'));",
  );
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home };
  const words = ['--require', library, BINARY, 'status', '--cached'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { env });
  expect(stdout + stderr).not.toContain('traced');
  expect(stderr).toContain('Warning: insecure');
});

/** Writes the size of each file of dist that a process loads, with its name, at the end. */
const LIST_LOADED = `
const fs = require('node:fs');
const { readFileSync, statSync, writeFileSync } = fs;
const loaded = [];
fs.readFileSync = (file, ...options) => {
  if (/\\/dist\\/.*js$/.test(String(file))) loaded.push(statSync(file).size);
  return readFileSync(file, ...options);
};
process.on('exit', () => writeFileSync(process.env.LOADED, JSON.stringify(loaded)));`;

test.each([
  { args: ['--version'], kilobytes: 5, files: 1 },
  { args: ['--help'], kilobytes: 38, files: 9 },
  { args: ['retry', '--help'], kilobytes: 38, files: 9 },
  { args: ['complete', '--', 'sta'], kilobytes: 133, files: 11 },
  { args: ['explain', 'PRD_HOPPER_DOOR'], kilobytes: 215, files: 12 },
])('$args loads at most $kilobytes kB in $files files', async ({ args, kilobytes, files }) => {
  const home = makeFolder();
  writeFileSync(join(home, 'list.cjs'), LIST_LOADED);
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home, LOADED: join(home, 'loaded.json') };
  await promisify(execFile)(process.execPath, ['--require', join(home, 'list.cjs'), BINARY, ...args], {
    env,
  });
  const sizes = JSON.parse(readFileSync(env.LOADED, 'utf8')) as number[];
  expect(sizes.length).toBeLessThanOrEqual(files);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(kilobytes * 1000);
});

/** Runs a command, fills the memory as it exits, and returns the sizes of V8's generations in MiB, the largest one of the old. */
async function generations(...args: string[]): Promise<{ young: number; old: number }> {
  const home = makeFolder();
  const probe = join(home, 'probe.cjs');
  writeFileSync(
    probe,
    `process.on('exit', () => {
      const { getHeapSpaceStatistics } = require('node:v8');
      const sizeOf = (name) =>
        getHeapSpaceStatistics().find(({ space_name }) => space_name === name).space_size / 1024 / 1024;
      let old = 0;
      for (let round = 0, kept = []; round < 4e6; round += 1) {
        kept.push({ round: [round] });
        if (kept.length > 100_000) kept = [];
        if (round % 50_000 === 0) old = Math.max(old, sizeOf('old_space'));
      }
      for (let round = 0; round < 1e6; round += 1) new Array(8).fill(round);
      process.stderr.write('sizes ' + JSON.stringify({ young: sizeOf('new_space'), old }));
    });`,
  );
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home, NODE_OPTIONS: `--require=${probe}` };
  // Threads of their own collect as fast as the machine lets them.
  const words = ['--single-threaded-gc', BINARY, ...args];
  const { stderr } = await promisify(execFile)(process.execPath, words, { env });
  return JSON.parse(/sizes (.*)$/.exec(stderr)?.[1] ?? '');
}

test('a run and a server keep the young generation of V8 small, and collect garbage early', async () => {
  const [run, serve, other] = await Promise.all([
    generations('run', '--help'),
    generations('serve', '--help'),
    generations('status', '--help'),
  ]);
  expect(other.young).toBeGreaterThan(16);
  for (const { young, old } of [run, serve]) {
    expect(young).toBeLessThanOrEqual(8);
    // With a small young generation, more garbage becomes old: four times as much without an earlier collection.
    expect(old).toBeLessThan(1.5 * other.old);
  }
});

test('a source map leads from a place in dist to its line of src', () => {
  const text = ' is not a command of kioskctl';
  const lines = read('dist/dispatch.cjs').split('\n');
  const line = lines.findIndex((one) => one.includes(text));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the build
  const map = new SourceMap(JSON.parse(read('sourcemaps/dispatch.cjs.map')) as SourceMapPayload);
  const found = map.findEntry(line, lines[line]?.indexOf(text) ?? 0);
  const original = read('src/cli/dispatch.ts').split('\n');
  const originalLine = original.findIndex((one) => one.includes(text));
  expect(found).toMatchObject({ originalSource: '../src/cli/dispatch.ts', originalLine });
});
