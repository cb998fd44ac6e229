// What a Node that is too old is told. The real ones are in test/system.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../harness/command-line.ts';

const BINARY = join(import.meta.dirname, '../../bin/run.js');

/** Runs kioskctl on a Node that claims to have another version. */
function runOn(
  version: string,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const folder = makeFolder();
  const claim = join(folder, 'claim.cjs');
  writeFileSync(
    claim,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
     Object.defineProperty(process, 'version', { value: 'v${version}' });`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', claim, BINARY, ...args], {
    env: { PATH: process.env.PATH, KIOSKCTL_HOME: folder },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe.each(['12.22.12', '20.20.2', '24.14.1'])('Node %s', (version) => {
  test('a Node that is too old is told in one line what kioskctl needs and how to get it', () => {
    expect(runOn(version, 'status', '--', '--json')).toEqual({
      status: 2,
      stdout: '',
      stderr: `Error: kioskctl needs Node 24.15 or newer; this is v${version}. Install it with "nvm install 24" or "fnm install 24", or from https://nodejs.org/en/download.\n`,
    });
  });

  test('a Node that is too old prints one JSON document with --json', () => {
    const { status, stdout, stderr } = runOn(version, 'status', '--json');
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: null,
      context: null,
      environment: null,
      exitCode: 2,
      error: {
        code: 'node-too-old',
        message: `kioskctl needs Node 24.15 or newer; this is v${version}.`,
        hint: expect.stringContaining('nvm install 24') as string,
      },
    });
  });
});

test.each(['24.15.0', '25.0.0'])('kioskctl runs on Node %s', (version) => {
  expect(runOn(version, '--version')).toMatchObject({ status: 0, stderr: '' });
});
