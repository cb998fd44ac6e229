// What speaks against a release of this version: `node scripts/release/obstacles.ts [TAG]` exits with 1 if there is something.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sectionOf } from './changelog.ts';
import { packedManifest } from './package.ts';
import { placeholdersOf, readPublisher } from './publisher.ts';
import { refuse, words } from './steps.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Texts that are true until the first release, or that only the publisher can complete. */
const UNFINISHED = [/placeholder\/kioskctl/i, /not on (?:the|npm's) public (?:npm )?registry/];

/** Returns the reasons why this version must not be published. @param tag the tag that is released; undefined for none */
export function obstacles(tag?: string): string[] {
  const { version } = packedManifest();
  const changelog = sectionOf(read('CHANGELOG.md'), version);
  const isTagged = tag === undefined || tag === `v${version}`;
  return [
    ...placeholdersOf(readPublisher()).map((name) => `publisher.json: ${name} is still a placeholder.`),
    ...unfinishedPages(),
    ...(changelog === null ? [`CHANGELOG.md: there is no section ${version}.`] : []),
    ...(changelog !== null && !/^### Upgrade$/m.test(changelog)
      ? [`CHANGELOG.md: section ${version} has no notes under "### Upgrade".`]
      : []),
    ...(isTagged ? [] : [`The tag ${tag} is not that of version ${version}.`]),
  ];
}

function unfinishedPages(): string[] {
  const pages = globSync(['*.md', 'docs/*.md', 'examples/**/*.yml'], { cwd: ROOT }).toSorted();
  return pages.flatMap((page) => {
    const found = UNFINISHED.flatMap((text) => text.exec(read(page).replaceAll(/\s+/g, ' '))?.[0] ?? []);
    return found.map((text) => `${page}: “${text}” is not true after the release.`);
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) refuse(obstacles(words[0]));
