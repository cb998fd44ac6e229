// The packed package on real versions of Node, which npm downloads.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePackage } from '../../scripts/release/package.ts';

const SUPPORTED = ['24.15.0', '24', '26'];
const TOO_OLD = ['12', '20', '22', '24.14'];

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-node-versions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The name of the package of npm with the Node of this platform. */
function nodePackage(): string {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${process.platform}-${process.arch}`;
}

const nameOf = (version: string) => `node-${version}`;

beforeAll(() => {
  const { tarball } = makePackage(folder);
  const versions = [...SUPPORTED, ...TOO_OLD].map(
    (version) => `${nameOf(version)}@npm:${nodePackage()}@${version}`,
  );
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
  writeFileSync(join(folder, 'package.json'), '{}');
  execFileSync('npm', ['install', ...flags, tarball, ...versions], { cwd: folder, stdio: 'inherit' });
}, 600_000);

function run(version: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const node = join(folder, 'node_modules', nameOf(version), 'bin/node');
  const { status, stdout, stderr } = spawnSync(node, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, KIOSKCTL_HOME: join(folder, `home-${version}`) },
  });
  return { status, stdout, stderr };
}

const BINARY = 'node_modules/kioskctl/bin/run.js';

describe.each(SUPPORTED)('Node %s', (version) => {
  test('the package orders and produces a card in the embedded sandbox', () => {
    const ordered = run(version, BINARY, 'order', '--wait', '--quiet');
    expect(ordered).toMatchObject({ status: 0, stderr: expect.not.stringContaining('Warning') as string });
    const card = ordered.stdout.trim();
    const words = ['produce', card, '--kiosk', 'WIS00001', '--wait', '--simulate', 'PRODUCED', '--json'];
    expect(run(version, BINARY, ...words)).toMatchObject({ status: 0 });
  });

  test('kioskctl/testing starts a sandbox without a warning', () => {
    const script = `
      import { startSandbox } from 'kioskctl/testing';
      await using sandbox = await startSandbox();
      console.log(sandbox.readyCard().profileId);`;
    expect(run(version, '--input-type=module', '-e', script)).toEqual({
      status: 0,
      stdout: '1001\n',
      stderr: '',
    });
  });
});

describe.each(TOO_OLD)('Node %s', (version) => {
  test('a Node that is too old refuses in one line, or with one JSON document', () => {
    const refused = run(version, BINARY, 'status');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^Error: kioskctl needs Node 24\.15 or newer; this is v.*nvm install 24.*\n$/,
    );
    const { status, stdout, stderr } = run(version, BINARY, 'status', '--json');
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 2, error: { code: 'node-too-old' } });
  });
});
