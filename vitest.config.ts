import { defineConfig } from 'vitest/config';
import { COMPILE_CACHE } from './test/compile-cache.ts';

/** Whose tests keep nothing in the process that another file's could find: they share one. */
const PURE = [
  'domain',
  'wire',
  'journal',
  'sqlite',
  'wise',
  'sandbox',
  'webhooks',
  'workflows',
  'cli/input',
  'cli/output',
].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Commands catch their own output: what a test prints is not theirs.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
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
