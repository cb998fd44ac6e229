// The licences of the libraries that the bundle holds copies of, as their authors ask for.
import { globSync, readFileSync } from 'node:fs';

interface Library {
  name: string;
  version: string;
  license?: string;
}

/** @param inputs the files that were bundled @returns one text with the name, version and licence of each library whose code is in the bundle */
export function thirdPartyNotices(inputs: readonly string[]): string {
  const folders = inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(folders)]
    .toSorted()
    .map(noticeOf)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Library;
  const [file] = globSync(`${folder}/{LICENSE,LICENCE,license,licence}*`);
  const text = file
    ? readFileSync(file, 'utf8').trim()
    : `Licensed under ${license ?? 'terms that it does not state'}.`;
  return `${name} ${version}\n\n${text}\n`;
}
