// A new version from `npm version` to the files of its release, in a copy of this repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sectionOf } from '../../scripts/release/changelog.ts';

const ROOT = join(import.meta.dirname, '../..');
const VERSION = '7.8.9-rc.1';
const UPGRADE = '- Delete the folder of the old version.';

const copy = mkdtempSync(join(tmpdir(), 'kioskctl-version-'));
const read = (file: string) => readFileSync(join(copy, file), 'utf8');
const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(join(copy, file), change(read(file)));

const { HOME } = process.env;
const PATH = [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter);

function run(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH, HOME, GITHUB_REF_NAME: `v${VERSION}` };
  return spawnSync(program, args, { cwd: copy, encoding: 'utf8', env });
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: copy, encoding: 'utf8' }).trim();

const release = (script: string, ...args: string[]) => run('node', `scripts/release/${script}.ts`, ...args);

beforeAll(() => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  for (const file of files) cpSync(join(ROOT, file), join(copy, file));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Maintainer');
  git('config', 'user.email', 'maintainer@bank.example');
  writeFileSync(join(copy, '.git/info/exclude'), 'node_modules\n');
  git('add', '.');
  git('commit', '--quiet', '--message=A copy');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Fills in what only the publisher knows, and commits it. */
function complete(): void {
  edit('publisher.json', (text) =>
    text.replaceAll('placeholder.invalid', 'bank.example').replace('"placeholder"', '"bank"'),
  );
  edit('CHANGELOG.md', (text) => text.replace(/^## Unreleased\n/m, `$&\n### Upgrade\n\n${UPGRADE}\n`));
  for (const page of [
    'README.md',
    'CONTRIBUTING.md',
    'docs/ci.md',
    'docs/testing.md',
    'examples/ci/github-actions.yml',
  ])
    edit(page, (text) =>
      text
        .replaceAll('placeholder/kioskctl', 'bank/kioskctl')
        .replaceAll(/not on (the public npm|npm's public)/g, 'on $1'),
    );
  git('commit', '--quiet', '--all', '--message=Complete what only the publisher knows');
}

describe('a version', { timeout: 600_000 }, () => {
  test('a release with placeholders is refused, and each of them is named', () => {
    const refused = release('publish', 'artefacts');
    expect(refused.status).toBe(1);
    for (const name of ['repository', 'securityContact', 'npmOwner'])
      expect(refused.stderr).toContain(`publisher.json: ${name} is still a placeholder.`);
  });

  test('npm version completes a release: changelog, samples, action, commit and tag', () => {
    complete();
    const made = run('npm', 'version', VERSION);
    expect(made.status, made.stderr).toBe(0);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('describe', '--tags', '--exact-match')).toBe(`v${VERSION}`);
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## ${VERSION} [(]\\d{4}-\\d\\d-\\d\\d[)]$`, 'm'));
    expect(sectionOf(read('CHANGELOG.md'), 'Unreleased')).toBe('');
    expect(read('docs/settings.md')).toContain(`kioskctl ${VERSION}, Node`);
    expect(read('docs/json.md')).toContain(`"version": "${VERSION}"`);
    expect(JSON.parse(read('package-lock.json'))).toMatchObject({ version: VERSION });
    expect(JSON.parse(read('oclif.manifest.json'))).toMatchObject({ version: VERSION });
    expect(read('examples/testing/package.json')).toContain(`"kioskctl": "^${VERSION}"`);
  });

  test('the release of the tag has its notes, the checksum of the action, and is a pre-release', () => {
    expect(release('obstacles', `v${VERSION}`)).toMatchObject({ status: 0, stderr: '' });
    expect(release('obstacles', 'v7.8.9')).toMatchObject({ status: 1 });
    expect(run('npm', 'run', 'artefacts').status).toBe(0);
    expect(read('artefacts/release-notes.md')).toContain(UPGRADE);
    const checksum = read('artefacts/SHA256SUMS')
      .split('\n')
      .find((line) => line.endsWith(`kioskctl-${VERSION}.tgz`));
    expect(read('action.yml')).toContain(`default: '${checksum?.split(' ')[0]}'`);
    execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(copy, 'artefacts') });
    expect(release('publish', 'artefacts', '--dry-run').stdout).toContain('--tag=next');
    const { stdout } = release('github', 'artefacts', '--dry-run');
    expect(stdout).toContain('--prerelease');
    expect(stdout).not.toContain('artefacts/release-notes.md artefacts');
    expect(git('status', '--porcelain')).toBe('');
  });
});
