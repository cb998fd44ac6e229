// Publishes the package: `npm run release`, with the flags of `npm publish` after `--`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makePackage, packedManifest, packSourceMaps } from './package.ts';
import { placeholdersOf, readPublisher } from './publisher.ts';

/** Returns the reasons why this version must not be published. */
export function obstacles(): string[] {
  const publisher = readPublisher();
  const { version } = packedManifest();
  const changelog = readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8');
  return [
    ...placeholdersOf(publisher).map((name) => `publisher.json: ${name} is still a placeholder.`),
    ...(changelog.includes(`\n## ${version}\n`) ? [] : [`CHANGELOG.md: there is no section ${version}.`]),
  ];
}

function release(flags: readonly string[]): void {
  const owner = execFileSync('npm', ['whoami'], { encoding: 'utf8' }).trim();
  const { npmOwner } = readPublisher();
  if (owner !== npmOwner) throw new Error(`npm is logged in as ${owner}, and ${npmOwner} owns the package.`);
  const { tarball } = makePackage(process.cwd());
  execFileSync('npm', ['publish', tarball, ...flags], { stdio: 'inherit' });
  process.stdout.write(`Archive with the release: ${packSourceMaps(process.cwd())}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // What `npm publish` sends to the registry besides the tarball would have our scripts in it.
  const isDirect = process.env.npm_lifecycle_event === 'prepublishOnly';
  const found = isDirect ? ['Publish with "npm run release", not with "npm publish".'] : obstacles();
  for (const obstacle of found) process.stderr.write(`${obstacle}\n`);
  if (found.length > 0) process.exitCode = 1;
  else release(process.argv.slice(2));
}
