// The files of a release: the npm package with its size, files, package.json and bytes, and its bill of materials.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, test } from 'vitest';
import { makeArtefacts, sha256Of } from '../../scripts/release/artefacts.ts';
import { packedManifest } from '../../scripts/release/package.ts';
import { readPublisher } from '../../scripts/release/publisher.ts';
import { makeFolder } from '../harness/command-line.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-package-'));
const made = makeArtefacts(folder);
const { version } = packedManifest();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The names of chunks change with their contents, and with what the code loads on demand. */
function withoutHashes(files: readonly string[]): string[] {
  return [
    ...new Set(files.map((file) => file.replace(/[\w-]+-[A-Z0-9]{8}\.cjs$/, 'NAME-HASH.cjs'))),
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

/** Returns one of the published schemas of CycloneDX. */
function schema(name: string): object {
  const file = `node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`;
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as object;
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

test('each relative link of a page of the package leads to a file of the package', () => {
  const files = readTarball(made.tarball);
  // A link can lead to a folder, too.
  const names = new Set([...files.keys()].flatMap((path) => [path, posix.dirname(path)]));
  const links = [...files]
    .filter(([path]) => path.endsWith('.md'))
    .flatMap(([path, text]) =>
      [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target = '']) => ({ path, target })),
    )
    .filter(({ target }) => !/^[a-z]+:/.test(target));
  const dead = links.filter(({ path, target }) => !names.has(posix.join(posix.dirname(path), target)));
  expect(links.length).toBeGreaterThan(100);
  expect(dead).toEqual([]);
});

test('the package.json of the package is for users: without scripts and development dependencies', () => {
  const { version, repository, homepage, bugs, keywords, ...manifest } = packedManifest();
  expect(manifest).not.toHaveProperty('scripts');
  expect(manifest).not.toHaveProperty('devDependencies');
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest.optionalDependencies).toEqual({ '@napi-rs/keyring': expect.any(String) as string });
  expect(manifest).toMatchObject({ name: 'kioskctl', type: 'module', engines: { node: '>=24.15' } });
  expect(version).toMatch(/^\d+\.\d+\.\d+(-rc\.\d+)?$/);
  expect(keywords).toContain('wise');
  const address = readPublisher().repository;
  expect({ repository, homepage, bugs }).toEqual({
    repository: { type: 'git', url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  });
});

test('a build in another folder, packed by npm pack, has the same bytes, and leaves its files as they were', async () => {
  const copy = makeFolder();
  for (const name of [
    ...packedManifest().files,
    'README.md',
    'LICENSE',
    'package.json',
    'tsconfig.json',
    'src',
    'scripts',
  ])
    if (name !== 'dist') cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const texts = () =>
    ['package.json', 'README.md', 'docs/README.md'].map((name) => readFileSync(join(copy, name), 'utf8'));
  const before = texts();
  const { stdout } = await run('npm', ['pack', '--silent'], { cwd: copy });
  const tarball = join(copy, stdout.trim());
  expect([...readTarball(tarball).keys()].toSorted()).toEqual(made.files);
  expect(sha256Of(tarball)).toBe(sha256Of(made.tarball));
  expect(texts()).toEqual(before);
  expect(existsSync(join(copy, 'originals'))).toBe(false);
});

test('the archive of source maps has one for each script of dist', () => {
  const maps = globSync('sourcemaps/**/*.map', { cwd: ROOT }).map((file) => file.slice('sourcemaps/'.length));
  const scripts = globSync('dist/**/*.{js,cjs}', { cwd: ROOT }).map(
    (file) => `${file.slice('dist/'.length)}.map`,
  );
  expect(maps.toSorted()).toEqual(scripts.filter((name) => name !== 'testing/index.js.map').toSorted());
  expect(statSync(join(folder, `kioskctl-sourcemaps-${version}.tgz`)).size).toBeGreaterThan(100_000);
});

test('a release has the package, its source maps, manual, bill of materials, notes and checksums', () => {
  const names = [
    'SHA256SUMS',
    `kioskctl-${version}.cdx.json`,
    `kioskctl-${version}.tgz`,
    `kioskctl-man-${version}.tgz`,
    `kioskctl-sourcemaps-${version}.tgz`,
    'release-notes.md',
  ];
  expect(readdirSync(folder).toSorted()).toEqual(names);
  const archived = names.filter((name) => name.startsWith('kioskctl-'));
  const sums = archived.map((name) => `${sha256Of(join(folder, name))}  ${name}\n`);
  expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(sums.join(''));
});

describe('the bill of materials', () => {
  const text = readFileSync(join(folder, `kioskctl-${version}.cdx.json`), 'utf8');
  const bom = JSON.parse(text) as {
    metadata: { component: object };
    components: { name: string; version: string; licenses: object[]; hashes: object[] }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };

  test('it is valid CycloneDX 1.5', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ['spdx', 'jsf-0.82'])
      ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    const validate = ajv.compile(schema('bom-1.5'));
    validate(bom);
    expect(validate.errors).toBeNull();
    expect(validate({ ...bom, components: [{ name: 'x' }] })).toBe(false);
  });

  test('it lists the libraries of the notices, with licence and checksum, and no tool of development', () => {
    const notices = readFileSync(join(import.meta.dirname, '../../dist/third-party-notices.txt'), 'utf8');
    const bundled = notices.split(`\n${'-'.repeat(80)}\n\n`).map((notice) => notice.split('\n')[0] ?? '');
    const listed = bom.components.map((one) => `${one.name} ${one.version}`);
    expect(listed.toSorted()).toEqual([...new Set(bundled)].toSorted());
    expect(listed.filter((name) => /^(vitest|esbuild|typescript) /.test(name))).toEqual([]);
    expect(bom.components.filter(({ licenses, hashes }) => !licenses.length || !hashes.length)).toEqual([]);
    const got = bom.dependencies.find(({ ref }) => ref.startsWith('got@'));
    expect(got?.dependsOn).toContainEqual(expect.stringMatching(/^lowercase-keys@/));
  });

  test('it belongs to the package by its checksum, and has no time', () => {
    const content = sha256Of(join(folder, `kioskctl-${version}.tgz`));
    const hashes = [{ alg: 'SHA-256', content }];
    expect(bom.metadata.component).toMatchObject({ name: 'kioskctl', version, hashes });
    expect(bom.metadata).not.toHaveProperty('timestamp');
  });
});
