// Runs before each file of tests, also where files share a process and its modules.
import { afterAll } from 'vitest';
import { cleanUpAll } from './at-the-end.ts';

afterAll(cleanUpAll);
