// Completes a new version, between `npm version` and its commit: the changelog, the generated files, and the package that
// action.yml installs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePinned } from './action.ts';
import { sha256Of } from './artefacts.ts';
import { withVersion } from './changelog.ts';
import { makePackage, packedManifest } from './package.ts';
import { isDry, step } from './steps.ts';

/** What a new version changes, besides package.json and package-lock.json, which npm adds. */
const CHANGED = ['CHANGELOG.md', 'action.yml', 'oclif.manifest.json', 'schemas', 'docs', 'scenarios'];

if (!isDry) {
  const file = new URL('../../CHANGELOG.md', import.meta.url);
  const { version } = packedManifest();
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(file, withVersion(readFileSync(file, 'utf8'), { version, date }));
}
step('npm', ['run', 'manifest']);
if (!isDry) pin();
step('git', ['add', ...CHANGED]);

function pin(): void {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-version-'));
  try {
    const { tarball } = makePackage(folder);
    writePinned({ version: packedManifest().version, checksum: sha256Of(tarball) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
