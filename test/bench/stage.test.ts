import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { testUnless } from '../harness/suite/machine.ts';
import { peakOf } from './stage.ts';

const testOnLinux = testUnless(
  process.platform === 'linux' ? null : 'only Linux tells the memory of a process',
);

testOnLinux('the memory of a process that has ended, and that nobody has waited for yet, is 0', async () => {
  const parent = spawn('sh', ['-c', 'true & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void parent.kill());
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const ended = Number(text);
  await expect.poll(() => readFileSync(`/proc/${ended}/status`, 'utf8')).toContain('State:\tZ');
  expect([peakOf(ended), peakOf(process.pid) > 0]).toEqual([0, true]);
});
