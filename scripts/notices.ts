// The licences of the libraries that the bundle holds copies of, as their authors ask for.
import { globSync, readFileSync } from 'node:fs';

interface Library {
  name: string;
  version: string;
  license?: string;
}

/** @param inputs the files that were bundled @returns the folders of the libraries whose code is in the bundle */
export function libraryFolders(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(folders)].toSorted();
}

/** @param folders those of the libraries @returns one text with the name, version and licence of each */
export function thirdPartyNotices(folders: readonly string[]): string {
  return folders.map(noticeOf).join(`\n${'-'.repeat(80)}\n\n`);
}

/** @returns the names and versions of libraries, as npm sbom refers to them */
export function libraryIds(folders: readonly string[]): string[] {
  const ids = folders.map(readLibrary).map(({ name, version }) => `${name}@${version}`);
  return [...new Set(ids)];
}

function noticeOf(folder: string): string {
  const { name, version, license } = readLibrary(folder);
  const [file] = globSync(`${folder}/{LICENSE,LICENCE,license,licence}*`);
  const text = file
    ? readFileSync(file, 'utf8').trim()
    : `Licensed under ${license ?? 'terms that it does not state'}.`;
  return `${name} ${version}\n\n${text}\n`;
}

function readLibrary(folder: string): Library {
  return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Library;
}
