// Checks with system programs, which not every machine has: `npm run test:system`.
import { defineConfig } from 'vitest/config';
import { shared } from '../../vitest.config.ts';

export default defineConfig({ ...shared, test: { ...shared.test, include: ['test/system/**/*.test.ts'] } });
