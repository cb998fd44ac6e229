// Executed before each test file, even if files share a process and its modules.
// The screen of prompts comes first: a file that loaded the prompts without it would keep later files from typing.
import { screen } from '@inquirer/testing/vitest';
import { afterAll, beforeEach } from 'vitest';
import { cleanUpAll } from './at-the-end.ts';

beforeEach(() => screen.clear());
afterAll(cleanUpAll);
