// Executed before each test file, even if files share a process and its modules.
import { afterAll } from 'vitest';
import { cleanUpAll } from './at-the-end.ts';

afterAll(cleanUpAll);
