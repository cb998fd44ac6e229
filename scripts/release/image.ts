// Makes the container image: `node scripts/release/image.ts TARBALL [NAME]` builds it for this machine, and with --push for
// amd64 and arm64 in a registry. --context-only stops before the build.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeManual } from './manual.ts';
import { packedManifest } from './package.ts';
import { isDry, step, words } from './steps.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Libraries of the image that the package does not bundle. */
const ADDED = ['graphile-worker'];

/** Makes the files of the image: the package, its optional libraries, the manual and a folder for data. */
export function makeContext(tarball: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const local = join(folder, 'rootfs/usr/local');
  const program = join(local, 'lib/kioskctl');
  mkdirSync(program, { recursive: true });
  mkdirSync(join(local, 'bin'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', program]);
  copyFileSync(join(ROOT, 'scripts/release/health.js'), join(program, 'health.js'));
  symlinkSync('../lib/kioskctl/bin/run.js', join(local, 'bin/kioskctl'));
  for (const library of withDependencies(ADDED))
    cpSync(join(ROOT, library), join(program, library), { recursive: true });
  writeManual(join(local, 'share/man'));
  const data = join(folder, 'rootfs/data');
  mkdirSync(data);
  chmodSync(data, 0o1777);
}

/** Returns the folders of installed libraries and of all that they depend on. */
function withDependencies(names: readonly string[], from = '.', found = new Set<string>()): Set<string> {
  for (const name of names) {
    const folder = folderOf(name, from);
    if (folder === null || found.has(folder)) continue;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    withDependencies(Object.keys(dependencies), folder, found);
  }
  return found;
}

/** Finds a library as Node does: in node_modules of a folder, or of one above it. */
function folderOf(name: string, from: string): string | null {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(ROOT, folder, 'package.json'))) return folder;
  return from === '.' ? null : folderOf(name, dirname(from));
}

function build(context: string, name: string): void {
  const { version } = packedManifest();
  const file = ['--file', join(ROOT, 'Dockerfile')];
  const label = [`--label=org.opencontainers.image.version=${version}`];
  if (!process.argv.includes('--push')) {
    step('docker', ['build', ...file, ...label, '--tag', name, context]);
    return;
  }
  const platforms = '--platform=linux/amd64,linux/arm64';
  const tags = [version, ...(version.includes('-') ? [] : ['latest'])].flatMap((tag) => [
    '--tag',
    `${name}:${tag}`,
  ]);
  const proofs = ['--provenance=mode=max', '--sbom=true'];
  step('docker', ['buildx', 'build', platforms, ...proofs, ...file, ...label, ...tags, '--push', context]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [tarball = '', name = 'kioskctl'] = words;
  const context = resolve('artefacts/image');
  if (!isDry) makeContext(tarball, context);
  if (!process.argv.includes('--context-only')) build('artefacts/image', name);
}
