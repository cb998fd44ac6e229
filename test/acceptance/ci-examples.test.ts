// The smoke tests of docs/ci.md: what a CI server would run, with a sandbox in place of the vendor's.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { action, actionStep } from '../harness/action.ts';
import { type Ended, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { findProgram } from '../harness/suite/machine.ts';
import { problemsOf } from '../runs/reports/xml.ts';

const SECRETS = {
  KIOSKCTL_PROFILE_ID: '1001',
  KIOSKCTL_CLIENT_ID: 'my-bank',
  KIOSKCTL_CLIENT_SECRET: 'client-secret-4711',
  KIOSKCTL_REFRESH_TOKEN: 'refresh-token-4711',
};
const FILES = ['smoke.yaml', 'github-actions.yml', 'gitlab-ci.yml', 'smoke.sh'];
const example = (name: string) => readFileSync(join('examples/ci', name), 'utf8');

interface GithubStep {
  uses?: string;
  with?: Record<string, string>;
}

const github = parse(example('github-actions.yml')) as { jobs: { smoke: { steps: GithubStep[] } } };
const gitlab = Object.values(parse(example('gitlab-ci.yml')) as object)[0] as {
  variables: Record<string, string>;
  before_script: string[];
  script: string[];
  artifacts: Record<string, unknown>;
};
const used = github.jobs.smoke.steps.find(({ uses }) => uses?.includes('/kioskctl@'));

/** What GitHub puts in place of `${{ secrets.NAME }}` and `${{ vars.NAME }}`. */
function filledIn(env: Record<string, string> = {}): Record<string, string> {
  const known: Record<string, string> = SECRETS;
  const entries = Object.entries(env).map(([name, value]): [string, string] => [
    name,
    value.replace(/\$\{\{ (?:vars|secrets)\.(\w+) \}\}/, (_, key: string) => known[key] ?? ''),
  ]);
  return Object.fromEntries(entries);
}

const user = new User();
// The jobs need this one program, which not every machine has that runs these tests.
const mkdir = join(user.home, 'bin', 'mkdir');
writeFileSync(
  mkdir,
  `#!/bin/sh\nexec node -e 'fs.mkdirSync(process.argv[2], { recursive: true })' -- "$@"\n`,
);
chmodSync(mkdir, 0o755);
let sandbox: ServedSandbox;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

/** Runs a job in an empty checkout of its own, with what the server sets. */
async function runJob(script: string, env: Record<string, string>, flow = example('smoke.yaml')) {
  const folder = mkdtempSync(join(user.home, 'checkout-'));
  writeFileSync(join(folder, 'smoke.yaml'), flow);
  cpSync('examples/ci/smoke.sh', join(folder, 'smoke.sh'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const end = await user.shell(`set -e; cd ${folder}; ${script}`, {
    env: { ...env, CI: 'true', KIOSKCTL_HOME: home, KIOSKCTL_BASE_URL: sandbox.url },
  });
  expectNoSecrets(end);
  const report = (name: string) => readFileSync(join(folder, 'reports', name), 'utf8');
  // No login and no token is kept.
  expect(readdirSync(home).filter((name) => name.includes('credential'))).toEqual([]);
  return { end, report };
}

function expectNoSecrets({ stdout, stderr }: Ended): void {
  for (const secret of [SECRETS.KIOSKCTL_CLIENT_SECRET, SECRETS.KIOSKCTL_REFRESH_TOKEN])
    expect(stdout + stderr).not.toContain(secret);
}

const onGithub = actionStep('Run the scenario', { ...filledIn(used?.with), reports: 'reports' });

const JOBS: [name: string, script: string, env: Record<string, string>][] = [
  ['GitHub Actions', `PATH=$PATH:${dirname(findProgram('bash') ?? '')}; ${onGithub.script}`, onGithub.env],
  ['GitLab CI', gitlab.script.join('\n'), { ...SECRETS, ...gitlab.variables }],
  ['plain shell', './smoke.sh', SECRETS],
];

describe.concurrent.each(JOBS)('the smoke test on %s', (name, script, env) => {
  test('the smoke test passes in the environment that it names, and writes its reports', async () => {
    const summary = join(user.home, `${name}.md`);
    const isGithub = name === 'GitHub Actions';
    const files = { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: `${summary}.output` };
    const { end, report } = await runJob(script, {
      ...env,
      ...(isGithub && { GITHUB_ACTIONS: 'true', ...files }),
    });
    const { code, stdout, stderr } = end;
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain('Context sandbox, environment sandbox');
    expect(stdout).toContain('smoke: passed');
    expect(await problemsOf(report(isGithub ? 'junit.xml' : 'smoke.xml'))).toEqual([]);
    expect(report(isGithub ? 'run.html' : 'smoke.html')).toMatch(/^<!DOCTYPE html>/);
    expect(existsSync(summary) && readFileSync(summary, 'utf8').includes('## ✓ smoke')).toBe(isGithub);
  });
});

test('without Wise, the scenario of the smoke test passes on the embedded sandbox', async () => {
  const { code, stdout } = await user.run('run examples/ci/smoke.yaml --environment local');
  expect(code, stdout).toBe(0);
});

test('a failure ends the job, and its reports are kept', async () => {
  const flow = example('smoke.yaml').replace('    on-failure: continue\n', '');
  const { end, report } = await runJob('./smoke.sh', SECRETS, flow);
  expect(end.code, end.stdout).toBe(4);
  expect(report('smoke.xml')).toContain('PRD_HOPPER_DOOR');
});

test('a missing secret is reported, and nothing is sent', async () => {
  const before = await sandbox.requests('');
  const { end } = await runJob('./smoke.sh', { ...SECRETS, KIOSKCTL_REFRESH_TOKEN: '' });
  expect([end.code, end.stderr]).toEqual([3, expect.stringContaining('KIOSKCTL_REFRESH_TOKEN')]);
  expect(await sandbox.requests('')).toEqual(before);
});

describe('the files', () => {
  test('the examples install the package file that docs/ci.md makes, and that for GitLab keeps the reports of failures', () => {
    expect(readFileSync('docs/ci.md', 'utf8')).toContain('`mv kioskctl-*.tgz kioskctl.tgz`');
    expect(used?.with?.package).toBe('kioskctl.tgz');
    expect(gitlab.before_script).toEqual(['npm install --global ./kioskctl.tgz']);
    expect(gitlab.artifacts).toMatchObject({ when: 'always', reports: { junit: 'reports/smoke.xml' } });
  });

  test('the inputs of the example and of docs/ci.md are those of the action', () => {
    const rows = [...readFileSync('docs/ci.md', 'utf8').matchAll(/^\| `([a-z-]+)` \| .* \| (.*) \|$/gm)];
    const described = rows
      .filter(([, name = '']) => name in action.inputs)
      .map(([, name, about]) => [name, about]);
    const inputs = Object.entries(action.inputs).map(([name, { description = '' }]) => [name, description]);
    expect(described).toEqual(inputs);
    expect(Object.keys(used?.with ?? {}).filter((name) => !(name in action.inputs))).toEqual([]);
  });

  test('the CI examples are the ones that docs/ci.md shows', () => {
    const page = readFileSync('docs/ci.md', 'utf8');
    const blocks = [...page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]);
    expect(Object.fromEntries(blocks)).toEqual(
      Object.fromEntries(FILES.map((name) => [name, example(name)])),
    );
  });
});
