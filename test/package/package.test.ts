// The npm package: its size, its files, its package.json, and when it may be published.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { makePackage, packedManifest, packSourceMaps } from '../../scripts/package.ts';
import { placeholdersOf, readPublisher } from '../../scripts/publisher.ts';
import { obstacles } from '../../scripts/release.ts';
import { makeFolder } from '../harness/command-line.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-package-'));
const made = makePackage(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The names of chunks change with their contents, and with what the code loads on demand. */
function withoutHashes(files: readonly string[]): string[] {
  return [
    ...new Set(files.map((file) => file.replace(/[\w-]+-[A-Z0-9]{8}\.js$/, 'NAME-HASH.js'))),
  ].toSorted();
}

/** Returns the files of a tarball of npm, by their paths: blocks of 512 bytes, a header before each file. */
function readTarball(file: string): Map<string, string> {
  const bytes = gunzipSync(readFileSync(file));
  const files = new Map<string, string>();
  for (let at = 0; bytes[at]; ) {
    const field = (from: number, to: number) =>
      bytes.toString('utf8', at + from, at + to).replace(/\0.*/, '');
    const size = Number.parseInt(field(124, 136), 8);
    files.set(field(0, 100).replace('package/', ''), bytes.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function sizeOf(folder: string): number {
  return globSync(`${folder}/**/*`, { cwd: ROOT })
    .map((file) => statSync(join(ROOT, file)))
    .filter((entry) => entry.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}

test('dist is at most 2.0 MB, kioskctl/testing 150 kB, and the tarball 750 kB', () => {
  expect(sizeOf('dist')).toBeLessThanOrEqual(2_000_000);
  expect(sizeOf('dist/testing')).toBeLessThanOrEqual(150_000);
  expect(statSync(made.tarball).size).toBeLessThanOrEqual(750_000);
});

test('the package has these files, and no source maps', () => {
  expect(withoutHashes(made.files)).toMatchSnapshot();
});

test('the package.json of the package is for users: without scripts and development dependencies', () => {
  const { version, repository, homepage, bugs, keywords, ...manifest } = packedManifest();
  expect(manifest).not.toHaveProperty('scripts');
  expect(manifest).not.toHaveProperty('devDependencies');
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest.optionalDependencies).toEqual({ '@napi-rs/keyring': expect.any(String) as string });
  expect(manifest).toMatchObject({ name: 'kioskctl', type: 'module', engines: { node: '>=24.15' } });
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(keywords).toContain('wise');
  const address = readPublisher().repository;
  expect({ repository, homepage, bugs }).toEqual({
    repository: { type: 'git', url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  });
});

test('npm pack in the folder of the project makes the same package, and leaves package.json as it was', async () => {
  const copy = makeFolder();
  for (const name of [...packedManifest().files, 'README.md', 'LICENSE', 'package.json', 'src', 'scripts'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const before = readFileSync(join(copy, 'package.json'), 'utf8');
  const { stdout } = await run('npm', ['pack', '--silent'], { cwd: copy });
  const tarball = readTarball(join(copy, stdout.trim()));
  expect(withoutHashes([...tarball.keys()])).toEqual(withoutHashes(made.files));
  expect(JSON.parse(tarball.get('package.json') ?? '')).toEqual(packedManifest());
  expect(readFileSync(join(copy, 'package.json'), 'utf8')).toBe(before);
  expect(existsSync(join(copy, 'package.json.original'))).toBe(false);
});

test('the archive of source maps has one for each script of dist', () => {
  const maps = globSync('sourcemaps/**/*.map', { cwd: ROOT }).map((file) => file.slice('sourcemaps/'.length));
  const scripts = globSync('dist/**/*.{js,cjs}', { cwd: ROOT }).map(
    (file) => `${file.slice('dist/'.length)}.map`,
  );
  expect(maps.toSorted()).toEqual(scripts.filter((name) => name !== 'testing/index.js.map').toSorted());
  expect(statSync(packSourceMaps(makeFolder())).size).toBeGreaterThan(100_000);
});

test('a placeholder in publisher.json, or a version without a changelog, is an obstacle to a release', () => {
  const publisher = { repository: 'https://example.com/x', securityContact: 'a@example.com', npmOwner: 'x' };
  expect(placeholdersOf(publisher)).toEqual([]);
  expect(placeholdersOf({ ...publisher, npmOwner: '', securityContact: 'PLACEHOLDER' })).toEqual([
    'securityContact',
    'npmOwner',
  ]);
  const placeholders = placeholdersOf(readPublisher()).map(
    (name) => `publisher.json: ${name} is still a placeholder.`,
  );
  expect(obstacles()).toEqual(expect.arrayContaining(placeholders));
});

test('npm publish is refused: the release script publishes the package', async () => {
  const env = { ...process.env, npm_lifecycle_event: 'prepublishOnly' };
  const refused = run(process.execPath, ['scripts/release.ts'], { cwd: ROOT, env });
  await expect(refused).rejects.toMatchObject({
    code: 1,
    stderr: 'Publish with "npm run release", not with "npm publish".\n',
  });
});
