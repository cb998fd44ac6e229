// Creates the release at GitHub with the files of artefacts.ts: `node scripts/release/github.ts FOLDER`.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packedManifest } from './package.ts';
import { step, words } from './steps.ts';

const NOTES = 'release-notes.md';
const [folder = 'artefacts'] = words;
const { version } = packedManifest();
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name !== NOTES) : [];
step('gh', [
  'release',
  'create',
  `v${version}`,
  '--verify-tag',
  `--title=kioskctl ${version}`,
  `--notes-file=${join(folder, NOTES)}`,
  ...(version.includes('-') ? ['--prerelease'] : []),
  ...files.toSorted().map((name) => join(folder, name)),
]);
