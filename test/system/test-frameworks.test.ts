// kioskctl/testing in the test frameworks of others: jest, which npm downloads, and node:test.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePackage } from '../../scripts/release/package.ts';

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-frameworks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The body of a test that receives the events of a card. */
const BODY = `async () => {
  const sandbox = await startSandbox({ speed: 50 });
  const received = [];
  const server = createServer((request, response) => {
    received.push(request.headers['x-signature-sha256']);
    request.resume().on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.deliverTo('http://127.0.0.1:' + server.address().port + '/');
  sandbox.readyCard();
  while (received.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(await sandbox.send(sandbox.events().at(-1), { signature: 'wrong', times: 2 }), [200, 200]);
  server.close();
  await sandbox.close();
}`;

const LOADED = `const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { startSandbox } = require('kioskctl/testing');
`;

beforeAll(() => {
  const { tarball } = makePackage(folder);
  writeFileSync(join(folder, 'package.json'), '{}');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', ['install', ...flags, tarball, 'jest@30'], { cwd: folder, stdio: 'inherit' });
}, 600_000);

function node(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('a test of jest uses the sandbox', () => {
  writeFileSync(join(folder, 'cards.test.js'), `${LOADED}test('cards', ${BODY});\n`);
  const { status, output } = node('node_modules/jest/bin/jest.js');
  expect(output).toContain('1 passed, 1 total');
  expect(status).toBe(0);
});

test('a test of node:test uses the sandbox', () => {
  writeFileSync(join(folder, 'cards.cjs'), `${LOADED}require('node:test').test('cards', ${BODY});\n`);
  const { status, output } = node('--test', 'cards.cjs');
  expect(output).toMatch(/pass 1\n/);
  expect(status).toBe(0);
});
