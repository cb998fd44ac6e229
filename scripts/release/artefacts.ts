// Makes all files of a release: `node scripts/release/artefacts.ts [FOLDER]`, after `npm run build`.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sectionOf } from './changelog.ts';
import { packManual } from './manual.ts';
import { makePackage, packedManifest, packSourceMaps } from './package.ts';
import { makeSbom } from './sbom.ts';
import { isDry, words } from './steps.ts';

const FOLDER = 'artefacts';

/**
 * Makes the package, its source maps, manual, bill of materials and release notes, and their checksums.
 * @returns the path of the package, and its files
 */
export function makeArtefacts(folder: string): ReturnType<typeof makePackage> {
  const { version } = packedManifest();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const made = makePackage(folder);
  packSourceMaps(folder);
  packManual(folder);
  writeFileSync(join(folder, `kioskctl-${version}.cdx.json`), makeSbom(made.tarball));
  writeFileSync(join(folder, 'SHA256SUMS'), checksumsOf(folder));
  // The text of the release, which is not one of its files.
  const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'release-notes.md'), `${sectionOf(changelog, version) ?? ''}\n`);
  return made;
}

/** Returns the checksums of all files of a folder, as sha256sum writes them. */
function checksumsOf(folder: string): string {
  const names = readdirSync(folder).toSorted();
  return names.map((name) => `${sha256Of(join(folder, name))}  ${name}\n`).join('');
}

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(words[0] ?? FOLDER);
  if (isDry) process.stdout.write(`writes the files of the release to ${words[0] ?? FOLDER}\n`);
  else {
    makeArtefacts(folder);
    process.stdout.write(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'));
  }
}
