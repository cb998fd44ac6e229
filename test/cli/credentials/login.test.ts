import { screen } from '@inquirer/testing/vitest';
import { describe, expect, test, vi } from 'vitest';
import { readSecret } from '../../../src/cli/credentials/login.ts';
import { REFRESH_TOKEN } from '../../../src/cli/credentials/token-sources.ts';
import type { Io } from '../../../src/cli/terminal/io.ts';
import { makeIo } from '../../harness/command-line.ts';

function read(io: Partial<Io>, noInput = false): Promise<string> {
  const { signal } = new AbortController();
  return readSecret(REFRESH_TOKEN, { io: { ...makeIo(), ...io }, signal, noInput, contextName: 'bank' });
}

describe('a secret', () => {
  test('a secret is read from standard input, without the line break at its end', async () => {
    expect(await read({ readStdin: async () => 'tok-4711\r\n' })).toBe('tok-4711');
  });

  test('a secret is asked for at a terminal', async () => {
    const asked = read(makeIo({ isTerminal: true }));
    // The question may be there already, and then no next one comes.
    await vi.waitFor(() => expect(screen.getScreen()).toMatch(/refresh token/i), 20_000);
    screen.type('tok-4711');
    screen.keypress('enter');
    expect(await asked).toBe('tok-4711');
  });

  test.each<[string, Partial<Io>, boolean]>([
    ['nobody is to be asked', makeIo({ isTerminal: true }), true],
    ['the question would not be seen', { isStdinTerminal: true, isInteractive: false }, false],
  ])('a secret is not typed into a terminal where %s', async (_, io, noInput) => {
    await expect(read(io, noInput)).rejects.toMatchObject({ code: 'input-required', exitCode: 2 });
  });

  test.each(['', '\n', 'two\nlines-4711'])('%j is refused as a secret', async (text) => {
    const failure: unknown = await read({ readStdin: async () => text }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 3, message: expect.stringContaining('tandard input') });
    expect(JSON.stringify(failure)).not.toContain('4711');
  });
});
