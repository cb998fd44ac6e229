// Executed before each test file, even if files share a process and its modules.
import type * as prompts from '@inquirer/prompts';
import { screen, wrapPrompt } from '@inquirer/testing/vitest';
import { afterAll, beforeEach, vi } from 'vitest';
import { cleanUpAll } from './at-the-end.ts';

// The library mocks the prompts itself, but only in the first file of a process: a file that loads the modules anew, or
// one after it, would have prompts that read from nowhere.
vi.mock('@inquirer/prompts', async (importOriginal) => {
  const { confirm, input, password, select } = await importOriginal<typeof prompts>();
  return {
    confirm: wrapPrompt(confirm),
    input: wrapPrompt(input),
    password: wrapPrompt(password),
    select: wrapPrompt(select),
  };
});

beforeEach(() => screen.clear());
afterAll(cleanUpAll);
