import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { makeFolder } from '../command-line.ts';
import { ended } from '../program.ts';
import { readProcess } from './end-of-run.ts';
import { isLinux, testUnless } from './machine.ts';

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const CONFIG = join(import.meta.dirname, 'sample/vitest.config.ts');

testUnless(isLinux ? null : 'only Linux lists processes in files')(
  'A run of tests names what was not tried, and fails for processes and suites that nobody ended or filled',
  async () => {
    const folder = makeFolder();
    const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
    const run = await ended(spawn(process.execPath, [VITEST, 'run', '--config', CONFIG], { env }));
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('2 passed');
    expect(run.stdout).toContain('Not tried on this machine:\n  a pig flies (it has no wings)\n');
    expect(run.stderr).toMatch(/no test: a suite without tests\n/);
    expect(run.stderr).not.toContain('no test: a pig');
    // Both files ran in one process.
    expect(readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n').toSorted()).toEqual([
      'careless',
      'fussy',
    ]);
    const [, pid] = /still running: (\d+) .*setInterval/.exec(run.stderr) ?? [];
    // It was killed, though nobody may have collected it yet.
    const state = () => /^State:\s+(\w)/m.exec(readProcess(Number(pid), 'status'))?.[1] ?? 'Z';
    await expect.poll(state).toBe('Z');
  },
);
