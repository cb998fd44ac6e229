// The workflows of GitHub, which can't run here: their YAML is checked, and the scripts of their steps run dry.
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { packedManifest } from '../../scripts/release/package.ts';
import { githubParser } from '../harness/github.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT }).toSorted();
const FILES = [...WORKFLOWS, 'action.yml', ...globSync('examples/**/github-*.yml', { cwd: ROOT })];

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Workflow {
  jobs: Record<string, { permissions?: Record<string, string>; steps: { run?: string; uses?: string }[] }>;
}

test("GitHub's own parser accepts the workflows, the action and the examples", () => {
  const mistakesOf = githubParser();
  expect(FILES).toContain('action.yml');
  expect(FILES.flatMap((file) => mistakesOf(file, read(file)))).toEqual([]);
  expect(mistakesOf('x.yml', 'on: push\njobs: {a: {runs-on: b, stepz: []}}')).toHaveLength(1);
  expect(mistakesOf('action.yml', 'name: a\nruns: {using: composite, steps: [{run: b}]}')).not.toEqual([]);
});

test('workflows and the action use actions by their commit, with the version in a comment', () => {
  const uses = FILES.filter((file) => !file.startsWith('examples')).flatMap((file) =>
    read(file).match(/uses: .*/g),
  );
  expect(uses.length).toBeGreaterThan(10);
  expect(uses.filter((line) => !/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line ?? ''))).toEqual(
    [],
  );
});

test('a workflow may only read, unless a job has the permission that it needs', () => {
  for (const file of WORKFLOWS)
    expect(parse(read(file))).toMatchObject({ permissions: { contents: 'read' } });
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const written = Object.entries(jobs).map(([name, { permissions = {} }]) => [
    name,
    Object.keys(permissions).filter((permission) => permissions[permission] === 'write'),
  ]);
  expect(Object.fromEntries(written)).toEqual({
    build: ['id-token', 'attestations'],
    npm: ['id-token'],
    image: ['packages'],
    github: ['contents'],
  });
});

test('each step of a workflow is a script of this repository, which prints what it would run', async () => {
  const workflows = WORKFLOWS.map((file) => parse(read(file)) as Workflow);
  const steps = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));
  const commands = [...new Set(steps.flatMap(({ run }) => run ?? []))].filter(
    (command) => !command.includes('obstacles.ts'),
  );
  const outputs = await Promise.all(commands.map(dry));
  expect(withoutVersion(outputs.join('\n').replaceAll(ROOT, '/kioskctl'))).toMatchSnapshot();
});

/** Replaces the version, and what differs for a pre-release: test/system/version.test.ts checks that. */
function withoutVersion(output: string): string {
  return output
    .replaceAll(packedManifest().version, '1.2.3')
    .replaceAll(/ --prerelease| --tag ghcr\.io\/bank\/kioskctl:latest/g, '')
    .replaceAll(/--tag=(?:next|latest)/g, '--tag=TAG');
}

async function dry(command: string): Promise<string> {
  const [program, script = '', ...rest] = command.split(' ');
  expect(program).toBe('node');
  expect(script).toMatch(/^scripts\/release\/[\w-]+\.ts$/);
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...rest, '--dry-run'], {
    cwd: ROOT,
    env: { PATH, NODE_COMPILE_CACHE, GITHUB_REPOSITORY: 'Bank/kioskctl', GITHUB_ACTOR: 'maintainer' },
  });
  return `# ${command}\n${stdout}`;
}
