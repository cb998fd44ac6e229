// The shell of action.yml, as a runner of GitHub starts it: with inputs in variables, and files for paths, outputs and summaries.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPinned } from '../../scripts/release/action.ts';
import { sha256Of } from '../../scripts/release/artefacts.ts';
import { makePackage, packedManifest } from '../../scripts/release/package.ts';
import { action, actionStep } from '../harness/action.ts';
import { findProgram } from '../harness/suite/machine.ts';

// Folders of runners, like those of macOS and Windows, may have blanks.
const folder = mkdtempSync(join(tmpdir(), 'kioskctl action-'));
const NEEDED = (packedManifest().engines as { node: string }).node.replace('>=', '');
const file = (name: string) => join(folder, name);
const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { tarball } = makePackage(folder);
const inputs = { package: tarball, checksum: sha256Of(tarball), scenario: 'happy-path', kiosk: 'WIS00002' };

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a step with the inputs of a workflow, as the runner fills them in. */
async function runStep(name: string, given: Record<string, string>, env: object = {}): Promise<Ended> {
  const { script, env: variables } = actionStep(name, given);
  for (const output of ['path', 'output', 'summary']) rmSync(file(output), { force: true });
  const options = {
    cwd: folder,
    env: {
      ...variables,
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: folder,
      // What npm would fetch is optional: tests need no network.
      npm_config_offline: 'true',
      npm_config_cache: file('cache'),
      KIOSKCTL_HOME: file('home'),
      KIOSKCTL_SANDBOX_SPEED: '50',
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: folder,
      RUNNER_TEMP: folder,
      GITHUB_PATH: file('path'),
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary'),
      ...env,
    },
  };
  return promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', script], options).then(
    (output) => ({ code: 0, ...output }),
    (error: Ended) => error,
  );
}

test('a package with another checksum is not installed', async () => {
  const { code, stderr } = await runStep('Install kioskctl', { ...inputs, checksum: '0'.repeat(64) });
  expect(code).toBe(1);
  expect(stderr).toContain(`The SHA-256 of the package is ${inputs.checksum}, not ${'0'.repeat(64)}.`);
  expect(read('path')).toBe('');
});

test('a package file that does not exist is named', async () => {
  const { code, stderr } = await runStep('Install kioskctl', { ...inputs, package: 'none.tgz' });
  expect(code).toBe(1);
  expect(stderr).toContain('::error title=kioskctl was not installed::There is no file none.tgz.');
});

test.each(['20.20.2', '24.14.1'])('Node %s is refused before anything is installed', async (version) => {
  writeFileSync(
    file('claim.cjs'),
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );
  const old = { NODE_OPTIONS: `--require "${file('claim.cjs')}"` };
  const { code, stderr } = await runStep('Install kioskctl', inputs, old);
  expect([code, read('path')]).toEqual([1, '']);
  expect(stderr).toContain(`::kioskctl needs Node ${NEEDED} or newer.`);
});

test('a machine without Node is told what is missing', async () => {
  mkdirSync(file('no node'));
  symlinkSync(findProgram('bash') ?? '', file('no node/bash'));
  const { code, stderr } = await runStep('Install kioskctl', inputs, { PATH: file('no node') });
  expect(code).toBe(1);
  expect(stderr).toContain(`::kioskctl needs Node ${NEEDED} or newer.`);
});

test('a version that npm cannot fetch is named', async () => {
  const { code, stderr } = await runStep('Install kioskctl', { ...inputs, package: '', version: '9.9.9' });
  expect(code).toBe(1);
  expect(stderr).toContain("::error title=kioskctl was not installed::npm can't fetch kioskctl 9.9.9.");
});

test('the pinned version and checksum are inputs with a default', () => {
  const { version, checksum } = readPinned();
  expect(action.inputs).toMatchObject({ version: { default: version }, checksum: { default: checksum } });
  expect(checksum).toMatch(/^([0-9a-f]{64}|placeholder)$/);
});

test('secrets are variables of the step that runs the scenario, and of no other', () => {
  const steps = action.runs.steps.filter((step) => JSON.stringify(step).match(/client-secret|token/));
  expect(steps.map(({ name }) => name)).toEqual(['Run the scenario']);
  const shell = action.runs.steps.map(({ run = '' }) => run).join('\n');
  expect(shell).not.toContain('${{');
});

describe('an installed kioskctl', () => {
  let path = '';

  beforeAll(async () => {
    expect(await runStep('Install kioskctl', inputs)).toMatchObject({ code: 0, stderr: '' });
    path = [read('path').trim(), dirname(process.execPath), process.env.PATH].join(delimiter);
  }, 30_000);

  const run = (given: Record<string, string>) =>
    runStep('Run the scenario', { ...inputs, ...given }, { PATH: path });

  test('a passed scenario has reports, outputs and a summary', async () => {
    expect(await run({ arguments: '--cards\n2\r\n' })).toMatchObject({ code: 0 });
    expect(read('output')).toBe('exit-code=0\noutcome=passed\n');
    expect(read('summary')).toContain('happy-path');
    expect(read('kioskctl-reports/junit.xml')).toContain('tests=');
    expect(read('kioskctl-reports/run.html')).toContain('<!DOCTYPE html>');
    const { run: report } = JSON.parse(read('kioskctl-reports/run.json')) as { run: object };
    expect(report).toMatchObject({ cards: 2, kiosks: ['WIS00002'] });
  });

  test('paths may have blanks, and a line of arguments may have a flag with its value', async () => {
    mkdirSync(file('my flows'));
    const address = { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' };
    const steps = [{ order: { cardHolderName: '${name}', phoneNumber: '+441234567890', address } }];
    writeFileSync(
      file('my flows/an order.yaml'),
      JSON.stringify({ version: 1, name: 'names', variables: { name: 'Ada' }, steps }),
    );
    writeFileSync(file('my flows/two names.csv'), 'name\nAda Sample\nSam Sample\n');
    const { code, stderr } = await run({
      scenario: 'my flows/an order.yaml',
      arguments: '  --data my flows/two names.csv \r\n\n--concurrency\t1\n--keep',
      reports: 'my reports',
    });
    expect(code, stderr).toBe(0);
    const { run: report } = JSON.parse(read('my reports/run.json')) as { run: object };
    expect(report).toMatchObject({ cards: 2, concurrency: 1, keep: true });
  });

  test.each(['', 'home/config.json/reports'])('the folder “%s” for reports is an error', async (reports) => {
    writeFileSync(file('home/config.json'), '');
    const { code, stderr } = await run({ reports });
    rmSync(file('home/config.json'));
    expect([code, read('output')]).toEqual([2, 'exit-code=2\noutcome=\n']);
    expect(stderr).toContain(`::The folder “${reports}” for the reports can't be created.`);
  });

  test.each([
    ['client-id', 'KIOSKCTL_CLIENT_ID'],
    ['client-secret', 'KIOSKCTL_CLIENT_SECRET'],
    ['refresh-token', 'KIOSKCTL_REFRESH_TOKEN'],
  ])('a %s that is missing among the others is named', async (input, variable) => {
    const others = {
      'client-id': 'bank',
      'client-secret': 'client-secret-4711',
      'refresh-token': 'refresh-4711',
    };
    const { code, stderr } = await run({ environment: 'sandbox', 'profile-id': '1', ...others, [input]: '' });
    expect(code, stderr).toBe(3);
    expect(stderr).toContain(variable);
  });

  test.each(['client-secret', 'refresh-token', 'token'])(
    'a %s without an environment is an error, and nothing runs on the embedded sandbox',
    async (secret) => {
      const { code, stderr } = await run({ [secret]: 'T0KEN-0123456789abcdef' });
      expect([code, read('output')]).toEqual([2, 'exit-code=2\noutcome=\n']);
      expect(stderr).toContain('Set environment to sandbox, or remove the secrets.');
      expect(stderr).not.toContain('T0KEN');
    },
  );

  test.each([
    ['', 'The input scenario is empty.'],
    ['none.yaml', 'It ended with exit code 2.'],
  ])('the scenario “%s” is an error, also where an earlier job left a report', async (scenario, message) => {
    await run({ reports: 'kept' });
    const { code, stderr } = await run({ scenario, reports: 'kept' });
    expect([code, read('output')]).toEqual([2, 'exit-code=2\noutcome=\n']);
    expect(stderr).toContain(`::${message}`);
  });

  test('a failed expectation ends the step with its exit code and an annotation, and the reports exist', async () => {
    const steps = [
      'order',
      'wait-ready',
      'produce',
      { simulate: 'PRODUCED' },
      { expect: { stage: 'failed' } },
    ];
    writeFileSync(file('wrong.yaml'), JSON.stringify({ version: 1, name: 'wrong', steps }));
    const { code, stdout, stderr } = await run({ scenario: 'wrong.yaml', reports: 'out' });
    expect(code).toBe(11);
    expect(stdout + stderr).toMatch(/^::error file=.*wrong\.yaml,/m);
    expect(read('output')).toBe('exit-code=11\noutcome=unmet\n');
    expect(existsSync(file('out/junit.xml'))).toBe(true);
  });

  test('a missing secret of the sandbox of Wise ends the step with 3', async () => {
    const given = { environment: 'sandbox', 'profile-id': '1', 'client-secret': '' };
    const { code, stderr } = await run({ ...given, reports: 'none' });
    expect(code).toBe(3);
    expect(stderr).toContain('There is no token for context sandbox');
    expect(read('output')).toBe('exit-code=3\noutcome=failed\n');
  });
});
