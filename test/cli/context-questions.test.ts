import { screen } from '@inquirer/testing/vitest';
import { describe, expect, test } from 'vitest';
import { askForAccess, askForProgram, askForValues, checkProgram } from '../../src/cli/context-questions.ts';
import { makeAsk } from '../../src/cli/terminal/prompts.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { makeIo } from '../harness/command-line.ts';
import { World } from '../harness/world.ts';

function person() {
  const { signal } = new AbortController();
  return makeAsk({ io: makeIo({ isTerminal: true }), signal, yes: false, noInput: false });
}

/** Answers the question that is on the screen next. */
async function answer(question: string, ...typed: string[]): Promise<void> {
  await screen.next();
  expect(screen.getScreen()).toContain(question);
  for (const text of typed) {
    if (text.startsWith('<')) screen.keypress(text.slice(1, -1));
    else screen.type(text);
  }
  screen.keypress('enter');
}

describe('a person is asked', () => {
  test('context add asks for profile, kiosks and the default kiosk', async () => {
    const asked = askForValues(person(), {});
    await answer('Which profile id?', '123456');
    await answer('Which kiosks?', 'WIS00001, WIS00002');
    await answer('Which kiosk is the default', '<down>');
    expect(await asked).toEqual({
      profileId: 123456,
      kiosks: ['WIS00001', 'WIS00002'],
      kiosk: 'WIS00002',
    });
  });

  test('context add asks for nothing that is set, and accepts empty answers', async () => {
    const asked = askForValues(person(), { kiosks: [parseKioskId('A1')], program: 'P' });
    await answer('Which profile id?');
    expect(await asked).toEqual({ kiosks: [parseKioskId('A1')], program: 'P' });
  });

  test('context add asks again after a bad answer', async () => {
    const asked = askForValues(person(), { kiosks: [parseKioskId('A1')] });
    await answer('Which profile id?', 'abc');
    await screen.next();
    expect(screen.getScreen()).toContain('“abc” is not a valid profile id');
    screen.keypress('backspace');
    screen.keypress('backspace');
    screen.keypress('backspace');
    screen.type('7');
    screen.keypress('enter');
    expect(await asked).toMatchObject({ profileId: 7 });
  });
});

describe('a person is asked where tokens come from', () => {
  test('the user may choose to log in after context add', async () => {
    const asked = askForAccess(person(), { profileId: 7 });
    await answer('Which base URL');
    await answer('Where do tokens come from?', '<down>', '<down>');
    expect(await asked).toEqual({ values: { profileId: 7 }, logsIn: true });
  });

  test('the user may name a credential command in context add', async () => {
    const asked = askForAccess(person(), {});
    await answer('Which base URL', 'https://gateway.example');
    await answer('Where do tokens come from?', '<down>');
    await answer('Which program?', '["vault-token"]');
    const values = { baseUrl: 'https://gateway.example', credentialCommand: ['vault-token'] };
    expect(await asked).toEqual({ values, logsIn: false });
  });
});

describe('the program', () => {
  test('the card program is chosen from those of the profile', async () => {
    const world = await World.open();
    const program = await askForProgram(world.context({ profileId: 1001 }));
    expect(program).toMatch(/PHYSICAL/);
    await world.close();
  });

  test('the card program is not asked for without credentials, with a note', async () => {
    const world = await World.open();
    const missing = new Failure('credentials-missing', 'There is no token.', { hint: 'h' });
    const authorize = async () => Promise.reject(missing);
    expect(await askForProgram(world.context({ profileId: 1001, authorize }))).toBeNull();
    expect(world.said.join('\n')).toMatch(/no credentials yet.*context set program <NAME>/);
    await world.close();
  });

  test('the card program is not asked for without a profile, with a note', async () => {
    const world = await World.open();
    expect(await askForProgram(world.context({ profileId: null }))).toBeNull();
    expect(world.said.join('\n')).toMatch(/without a profile/);
    await world.close();
  });

  test('an interruption while the programs are listed ends the command', async () => {
    const world = await World.open();
    const interrupted = new Failure('interrupted', 'Interrupted.', { hint: 'h' });
    const authorize = async () => Promise.reject(interrupted);
    await expect(askForProgram(world.context({ profileId: 1001, authorize }))).rejects.toMatchObject({
      exitCode: 130,
    });
    await world.close();
  });
});

describe('a program that is given', () => {
  test('a card program that the profile does not have is refused', async () => {
    const world = await World.open();
    const ctx = world.context({ profileId: 1001 });
    await expect(checkProgram(ctx, 'MISTYPED')).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      hint: expect.stringMatching(/VISA_.*PHYSICAL/),
    });
    await checkProgram(ctx, 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API');
    expect(world.said).toEqual([]);
    await world.close();
  });

  test('the card program is not checked without access to the API, with a note', async () => {
    const world = await World.open();
    const missing = new Failure('credentials-missing', 'There is no token.', { hint: 'h' });
    await checkProgram(world.context({ authorize: async () => Promise.reject(missing) }), 'P');
    await checkProgram(world.context({ profileId: null }), 'P');
    expect(world.said).toEqual([
      expect.stringMatching(/P is not checked. There are no credentials yet/),
      expect.stringMatching(/no profile is set/),
    ]);
    await world.close();
  });
});
