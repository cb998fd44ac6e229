import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Commands are processes of their own: what a test prints is not theirs to catch.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    // As many as there are cores: most of a test's time goes to the processes that it starts.
    maxWorkers: '100%',
  },
});
