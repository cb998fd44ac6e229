// Publishes the package of a release: `node scripts/release/publish.ts FOLDER`, with the files of artefacts.ts. A pre-release
// gets the tag "next" at npm, so that nobody installs it by accident.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { obstacles } from './obstacles.ts';
import { packedManifest } from './package.ts';
import { readPublisher } from './publisher.ts';
import { isDry, refuse, step, words } from './steps.ts';

const [folder = 'artefacts'] = words;
const { version } = packedManifest();
const found = findObstacles();
refuse(found);
if (found.length === 0)
  step('npm', [
    'publish',
    join(folder, `kioskctl-${version}.tgz`),
    '--access=public',
    '--provenance',
    `--tag=${version.includes('-') ? 'next' : 'latest'}`,
  ]);

function findObstacles(): string[] {
  // What `npm publish` sends to the registry besides the tarball would have our scripts in it.
  if (process.argv.includes('--direct'))
    return ['Publish with the workflow "release", not with "npm publish": see CONTRIBUTING.md.'];
  return isDry ? [] : [...obstacles(process.env.GITHUB_REF_NAME), ...foreignAccount()];
}

/** Without a token, npm trusts the workflow itself and has no account. */
function foreignAccount(): string[] {
  if (!process.env.NODE_AUTH_TOKEN) return [];
  const account = execFileSync('npm', ['whoami'], { encoding: 'utf8' }).trim();
  const { npmOwner } = readPublisher();
  return account === npmOwner ? [] : [`npm is logged in as ${account}, and ${npmOwner} owns the package.`];
}
