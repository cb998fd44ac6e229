// The files of examples/deploy, read by systemd, Prometheus and nginx.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { makeCertificate } from '../harness/network.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';

const execute = promisify(execFile);
const fileOf = (name: string) => join(import.meta.dirname, '../../examples/deploy', name);

const testWith = (program: string) => testUnless(findProgram(program) ? null : `${program} is not installed`);

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-deploy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

testWith('systemd-analyze')('systemd accepts the unit of examples/deploy without a warning', async () => {
  const unit = readFileSync(fileOf('kioskctl.service'), 'utf8');
  const file = join(makeFolder(), 'kioskctl.service');
  // Only the path of the program and the user differ: systemd wants both to exist.
  writeFileSync(
    file,
    unit.replace('/usr/local/bin/kioskctl', process.execPath).replaceAll(/^(User|Group)=.*\n/gm, ''),
  );
  const { stdout, stderr } = await execute('systemd-analyze', ['verify', '--man=no', file]);
  expect(stdout + stderr).toBe('');
});

testWith('promtool')('promtool accepts the alert rules of examples/deploy', async () => {
  const { stdout } = await execute('promtool', ['check', 'rules', fileOf('alerts.yaml')]);
  expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
});

testWith('nginx')('nginx accepts the site of examples/deploy without a warning', async () => {
  const folder = makeFolder();
  const { key, cert } = makeCertificate();
  writeFileSync(join(folder, 'hooks.key'), key);
  writeFileSync(join(folder, 'hooks.pem'), cert);
  const site = readFileSync(fileOf('nginx.conf'), 'utf8').replaceAll('/etc/tls', folder);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, `pid ${folder}/nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${site}}\n`);
  const { stderr } = await execute('nginx', [
    '-t',
    '-q',
    '-e',
    join(folder, 'error.log'),
    '-p',
    folder,
    '-c',
    file,
  ]);
  expect(stderr).toBe('');
});
