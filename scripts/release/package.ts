// Makes the npm package. `npm run package` writes kioskctl-VERSION.tgz, and kioskctl-sourcemaps-VERSION.tgz, which is
// archived with a release. `npm pack` makes the same package: --prepack puts the files for users in the place of the
// originals, and --postpack puts the originals back.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeholdersOf, readPublisher } from './publisher.ts';

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
const MANIFEST = 'package.json';

/** The files of the project in whose place `npm pack` finds those for users. */
const ORIGINALS = join(ROOT, 'originals');

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
    for (const [path, text] of packedPages(manifest)) writeFileSync(join(folder, path), text);
    return pack(folder, { manifest, destination });
  });
}

/** Returns the pages with links to files that are not packed, with links to the repository instead. */
function packedPages({ version, files: names }: Manifest): Map<string, string> {
  const publisher = readPublisher();
  const isPublished = !placeholdersOf(publisher).includes('repository');
  const ignored = readFileSync(join(ROOT, 'docs/.npmignore'), 'utf8').split('\n').filter(Boolean);
  const hidden = ignored.map((name) => `docs/${name}`);
  const isPacked = (path: string) => isUnder(path, [...names, ...ALWAYS]) && !isUnder(path, hidden);
  const rewrite = (page: string, text: string) =>
    text.replaceAll(LINK, (link, image: string, label: string, target: string, anchor = '') => {
      const path = posix.join(posix.dirname(page), target);
      if (/^[a-z]+:/.test(target) || isPacked(path)) return link;
      if (!isPublished) return image ? `*${label}*` : label;
      const kind = image ? 'raw' : 'blob';
      return `${image}[${label}](${publisher.repository}/${kind}/v${version}/${path}${anchor})`;
    });
  const pages = globSync(['*.md', 'docs/*.md', 'examples/**/*.md'], { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .filter(isPacked);
  const changed = new Map<string, string>();
  for (const page of pages) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const packed = rewrite(page, text);
    if (packed !== text) changed.set(page, packed);
  }
  return changed;
}

function isUnder(path: string, names: readonly string[]): boolean {
  return names.some((name) => path === name || path.startsWith(`${name}/`));
}

/** A relative link or image of Markdown. */
const LINK = /(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)/g;

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
  const original = join(ORIGINALS, MANIFEST);
  const file = existsSync(original) ? original : join(ROOT, MANIFEST);
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

function asText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function prepack(): void {
  postpack();
  const manifest = packedManifest();
  const changed = [...packedPages(manifest), [MANIFEST, asText(manifest)] as const];
  for (const [path] of changed) cpSync(join(ROOT, path), join(ORIGINALS, path));
  for (const [path, text] of changed) writeFileSync(join(ROOT, path), text);
}

function postpack(): void {
  if (existsSync(ORIGINALS)) cpSync(ORIGINALS, ROOT, { recursive: true });
  rmSync(ORIGINALS, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--prepack')) prepack();
  else if (process.argv.includes('--postpack')) postpack();
  else process.stdout.write(`${makePackage(process.cwd()).tarball}\n${packSourceMaps(process.cwd())}\n`);
}
