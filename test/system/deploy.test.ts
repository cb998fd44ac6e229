// The files of examples/deploy, read by systemd and Prometheus.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

test('systemd accepts the unit of examples/deploy without a warning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = readFileSync(join(import.meta.dirname, '../../examples/deploy/kioskctl.service'), 'utf8');
  const file = join(folder, 'kioskctl.service');
  // Only the path of the program and the user differ: systemd wants both to exist.
  writeFileSync(
    file,
    unit.replace('/usr/local/bin/kioskctl', process.execPath).replaceAll(/^(User|Group)=.*\n/gm, ''),
  );
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', file]);
  expect(stdout + stderr).toBe('');
});

test('promtool accepts the alert rules of examples/deploy', async () => {
  const file = join(import.meta.dirname, '../../examples/deploy/alerts.yaml');
  const { stdout } = await promisify(execFile)('promtool', ['check', 'rules', file]);
  expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
});
