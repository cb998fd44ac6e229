// Makes the npm package. `npm run package` writes kioskctl-VERSION.tgz, and kioskctl-sourcemaps-VERSION.tgz, which is
// archived with a release. `npm pack` makes the same package: --prepack puts the package.json for users in the place of the
// original, and --postpack puts the original back.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPublisher } from './publisher.ts';

interface Manifest {
  name: string;
  version: string;
  files: string[];
  [field: string]: unknown;
}

/** What `npm pack` prints of a tarball. */
interface Packed {
  filename: string;
  files: { path: string }[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ORIGINAL = join(ROOT, 'package.json.original');

/** Fields for work on kioskctl itself. */
const OURS = new Set(['scripts', 'devDependencies', 'allowScripts']);

/** Files that npm packs although `files` does not list them. */
const ALWAYS = ['README.md', 'LICENSE'];

/** Returns the package.json for users. */
export function packedManifest(): Manifest {
  const { name, version, description, files, ...rest } = readManifest();
  const { repository } = readPublisher();
  const kept = Object.entries(rest).filter(([field]) => !OURS.has(field));
  return {
    name,
    version,
    description,
    repository: { type: 'git', url: `git+${repository}.git` },
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    files,
    ...Object.fromEntries(kept),
  };
}

/** Packs what is built, without touching the folder of the project. @returns the path of the tarball, and its files */
export function makePackage(destination: string): { tarball: string; files: string[] } {
  const manifest = packedManifest();
  return inTemporaryFolder((folder) => {
    for (const path of [...manifest.files, ...ALWAYS])
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    return pack(folder, { manifest, destination });
  });
}

/** Packs the source maps of what is built: they turn the stack of a report from a user back into lines of src. */
export function packSourceMaps(destination: string): string {
  const { name, version } = readManifest();
  const manifest = { name: `${name}-sourcemaps`, version, private: true };
  return inTemporaryFolder((folder) => {
    cpSync(join(ROOT, 'sourcemaps'), folder, { recursive: true });
    return pack(folder, { manifest, destination }).tarball;
  });
}

/** The Node of the project runs npm: with another one, the compressed bytes may differ. */
export function pack(
  folder: string,
  { manifest, destination }: { manifest: object; destination: string },
): { tarball: string; files: string[] } {
  writeFileSync(join(folder, 'package.json'), asText(manifest));
  const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}` },
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [packed] = JSON.parse(printed) as Packed[];
  if (!packed) throw new Error(`npm pack printed ${printed}`);
  return {
    tarball: join(destination, packed.filename),
    files: packed.files.map(({ path }) => path).toSorted(),
  };
}

export function inTemporaryFolder<Result>(work: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-package-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An earlier `npm pack` may have been killed before its --postpack: then the original is still in the other place. */
function readManifest(): Manifest {
  const file = existsSync(ORIGINAL) ? ORIGINAL : join(ROOT, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

function asText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function prepack(): void {
  const file = join(ROOT, 'package.json');
  if (!existsSync(ORIGINAL)) copyFileSync(file, ORIGINAL);
  writeFileSync(file, asText(packedManifest()));
}

function postpack(): void {
  if (existsSync(ORIGINAL)) renameSync(ORIGINAL, join(ROOT, 'package.json'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--prepack')) prepack();
  else if (process.argv.includes('--postpack')) postpack();
  else process.stdout.write(`${makePackage(process.cwd()).tarball}\n${packSourceMaps(process.cwd())}\n`);
}
