// Builds the image for amd64 and arm64, and pushes it to GitHub's registry: `node scripts/release/push-image.ts FOLDER`.
import { join } from 'node:path';
import { packedManifest } from './package.ts';
import { step, words } from './steps.ts';

const { GITHUB_REPOSITORY = 'OWNER/kioskctl', GITHUB_ACTOR = 'ACTOR', GITHUB_TOKEN = '' } = process.env;
const [folder = 'artefacts'] = words;
const tarball = join(folder, `kioskctl-${packedManifest().version}.tgz`);
// Names of images are in lower case.
const name = `ghcr.io/${GITHUB_REPOSITORY.toLowerCase()}`;

step('npm', ['ci', '--ignore-scripts']);
step('docker', ['login', 'ghcr.io', '--username', GITHUB_ACTOR, '--password-stdin'], { input: GITHUB_TOKEN });
step('node', ['scripts/release/image.ts', tarball, name, '--push']);
