// A run of tests that leaves everything behind that it should not.
import { tmpdir } from 'node:os';
import { defineConfig } from 'vitest/config';
import { endOfRun } from '../end-of-run.ts';

export default defineConfig({
  plugins: [endOfRun(tmpdir(), { grace: 100 })],
  test: {
    dir: import.meta.dirname,
    include: ['*.sample.ts'],
    setupFiles: 'test/harness/suite/setup.ts',
    passWithNoTests: true,
    isolate: false,
    maxWorkers: 1,
  },
});
