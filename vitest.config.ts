import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Whose tests keep nothing in the process that another file's could find: they share one. */
const PURE = [
  'cards',
  'cli/terminal',
  'context',
  'database',
  'domain',
  'events',
  'input',
  'journal',
  'kiosks',
  'output',
  'runs',
  'sandbox',
  'scenarios',
  'support',
  'testing',
  'webhooks',
  'wire',
  'wise',
].map((room) => `test/${room}/**/*.test.ts`);

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

export default defineConfig({
  test: {
    // Commands catch their own output: what a test prints is not theirs.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    setupFiles: 'test/harness/suite/setup.ts',
    // Without it, the style sheet of the HTML report is empty.
    css: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, TMPDIR: quickFolder() },
    // The built bundle runs as it is.
    server: { deps: { external: [/\/dist\//] } },
    // As many as there are cores: tests wait little, and those that start processes need a core for them.
    maxWorkers: '100%',
    projects: [
      { extends: true, test: { name: 'command line', include: ['test/**/*.test.ts'], exclude: PURE } },
      { extends: true, test: { name: 'rooms', include: PURE, isolate: false } },
    ],
  },
});
