// Completes a new version, between `npm version` and its commit: the changelog, the generated files, the samples that show the
// version, and the package that action.yml installs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePinned } from './action.ts';
import { sha256Of } from './artefacts.ts';
import { withVersion } from './changelog.ts';
import { obstacles } from './obstacles.ts';
import { makePackage, packedManifest } from './package.ts';
import { isDry, step } from './steps.ts';

/** What a new version changes, besides package.json and package-lock.json, which npm adds. */
const CHANGED = [
  'CHANGELOG.md',
  'action.yml',
  'oclif.manifest.json',
  'schemas',
  'docs',
  'scenarios',
  'examples',
];

/** The tests that write samples into the documentation. */
const SAMPLES = ['test/docs', 'test/surface/documents.test.ts'];

const EXAMPLE = new URL('../../examples/testing/package.json', import.meta.url);

if (!isDry) write();
step('npm', ['run', 'manifest']);
step('npx', ['vitest', 'run', ...SAMPLES, '--update']);
if (!isDry) pin();
step('git', ['add', ...CHANGED]);
if (!isDry) for (const obstacle of obstacles()) process.stderr.write(`Before the release: ${obstacle}\n`);

function write(): void {
  const { version } = packedManifest();
  const date = new Date().toISOString().slice(0, 10);
  edit(new URL('../../CHANGELOG.md', import.meta.url), (text) => withVersion(text, { version, date }));
  edit(EXAMPLE, (text) => text.replace(/(?<="kioskctl": "\^)[^"]+/, version));
}

function edit(file: URL, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function pin(): void {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-version-'));
  try {
    const { tarball } = makePackage(folder);
    writePinned({ version: packedManifest().version, checksum: sha256Of(tarball) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
