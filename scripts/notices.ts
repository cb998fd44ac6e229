// The licences of the libraries that the bundle holds copies of, as their authors ask for.
import { globSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';

interface Library {
  name: string;
  version: string;
  license?: string;
}

/** @returns one text with the name, version and licence of each library whose code is in the bundle */
export function thirdPartyNotices({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).flatMap(
    (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
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
