import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { endOfRun } from './test/harness/suite/end-of-run.ts';
import { FileOrder } from './test/harness/suite/order.ts';
import { postgresOnDemand } from './test/harness/suite/postgres.ts';

/**
 * The compile cache of Node for all processes of the tests: their homes are new, and without it each of them would compile
 * everything, or strip the types of it.
 */
const COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'kioskctl-test-compile-cache');

const MEMORY = '/dev/shm';

/** Journals are written through to the disk, which takes 2 ms each time: where memory can be one, tests wait for none. */
function quickFolder(): string {
  if (process.env.TMPDIR !== undefined || !existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  // Tests take some 30 MB; a container may have no more than 64.
  return bavail * bsize > 512 * 1024 * 1024 ? MEMORY : tmpdir();
}

/** The temporary folder of all tests, by which everything that they leave behind is found. */
const FOLDER = mkdtempSync(join(quickFolder(), 'kioskctl-tests-'));
// Like any temporary folder, it is for all users.
chmodSync(FOLDER, 0o1777);
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));

/** The settings of all tests, also of those that need system programs. */
export const shared: ViteUserConfig = {
  plugins: [endOfRun(FOLDER), postgresOnDemand(FOLDER)],
  test: {
    // Commands catch their own output: what a test prints is not theirs.
    disableConsoleIntercept: true,
    // Limits for tests that hang, and conditions that never hold: on a busy machine, a test that starts a dozen processes
    // takes over a minute.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // The end of the run has a closer look at it.
    passWithNoTests: true,
    setupFiles: 'test/harness/suite/setup.ts',
    // Without it, the style sheet of the HTML report is empty.
    css: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, TMPDIR: FOLDER },
    // The built bundle runs as it is.
    server: { deps: { external: [/\/dist\//] } },
    // More than there are cores: many tests wait for time limits or processes, and others can run meanwhile.
    maxWorkers: availableParallelism() + 3,
    sequence: { sequencer: FileOrder },
    // A process for each file costs more than most tests do. Whatever a file changes in its process, it undoes.
    isolate: false,
  },
};

export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/**/*.test.ts'], exclude: ['test/system/**'] },
});
