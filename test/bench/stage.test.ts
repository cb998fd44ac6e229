import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { expect, onTestFinished } from 'vitest';
import { testUnless } from '../harness/suite/machine.ts';
import { peakOf } from './stage.ts';

const testOnLinux = testUnless(
  process.platform === 'linux' ? null : 'only Linux tells the memory of a process',
);

testOnLinux('the memory of a process that has ended, and that nobody has waited for yet, is 0', async () => {
  const script = 'read end <&3 & echo $!; exec cat';
  const parent = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void parent.kill());
  const [stdin, stdout, , door] = parent.stdio as unknown as [Writable, Readable, null, Writable];
  const [text] = (await once(stdout, 'data')) as [Buffer];
  const ended = Number(text);
  // The shell would wait for the process, so it ends only after cat has replaced the shell.
  stdin.write('cat');
  await once(stdout, 'data');
  door.end();
  await expect.poll(() => readFileSync(`/proc/${ended}/status`, 'utf8')).toContain('State:\tZ');
  expect([peakOf(ended), peakOf(process.pid) > 0]).toEqual([0, true]);
});
