// The prompts are real, on a terminal of @inquirer/testing.
import { screen } from '@inquirer/testing/vitest';
import { describe, expect, test } from 'vitest';
import { type AskOptions, askSecret, makeAsk } from '../../../src/cli/terminal/prompts.ts';
import { Failure } from '../../../src/domain/errors/failure.ts';
import { makeIo } from '../../harness/command-line.ts';

function ask({ isTerminal = true, ...more }: Partial<AskOptions> & { isTerminal?: boolean } = {}) {
  const { signal } = new AbortController();
  return makeAsk({ io: makeIo({ isTerminal }), signal, yes: false, noInput: false, ...more });
}

const CHOICES = ['WIS00001', 'WIS00002', 'WIS00003'];

describe('where nobody can be asked', () => {
  test.each<[string, Parameters<typeof ask>[0]]>([
    ['there is no terminal', { isTerminal: false }],
    ['nobody is to be asked', { noInput: true }],
  ])('a prompt is impossible because %s: the failure names the flag that answers', async (_, options) => {
    const nobody = ask(options);
    const asked = [
      nobody.confirm('Is it fixed?', { flag: '--yes' }),
      nobody.choose('Which kiosk?', { flag: '--kiosk', choices: CHOICES }),
      nobody.type('Reason for this action?', { flag: '--reason' }),
    ];
    const flags = ['--yes', '--kiosk', '--reason'];
    for (const [index, result] of (await Promise.allSettled(asked)).entries()) {
      if (result.status !== 'rejected') throw new Error('somebody answered');
      expect(result.reason).toBeInstanceOf(Failure);
      expect(result.reason).toMatchObject({
        code: 'input-required',
        exitCode: 2,
        hint: expect.stringContaining(flags[index] ?? ''),
      });
    }
  });

  test('one failure names all flags that prompts need, without those that were passed', () => {
    const flags = ['--attended', '--yes', '--reason <TEXT>'];
    expect(() => ask({ isTerminal: false }).requireAnswers(flags)).toThrow(
      expect.objectContaining({
        message: '--attended, --yes and --reason are required in a non-interactive session.',
        hint: 'Run the same command with --attended --yes --reason <TEXT>.',
      }),
    );
    expect(() => ask({ isTerminal: false, yes: true }).requireAnswers(['--yes'])).not.toThrow();
    expect(() => ask().requireAnswers(flags)).not.toThrow();
  });

  test('the failure of an impossible prompt lists the choices', async () => {
    const choose = ask({ isTerminal: false }).choose('Which kiosk?', { flag: '--kiosk', choices: CHOICES });
    await expect(choose).rejects.toMatchObject({ message: expect.stringContaining('WIS00002') });
  });
});

describe('--yes', () => {
  test('--yes confirms without a terminal, and answers nothing else', async () => {
    const yes = ask({ yes: true, isTerminal: false });
    expect(await yes.confirm('Is it fixed?', { flag: '--yes' })).toBe(true);
    await expect(yes.choose('Which?', { flag: '--kiosk', choices: CHOICES })).rejects.toMatchObject({
      code: 'input-required',
    });
    await expect(yes.type('Why?', { flag: '--reason' })).rejects.toMatchObject({ code: 'input-required' });
  });

  test('--yes confirms with --no-input, too', async () => {
    expect(await ask({ yes: true, noInput: true }).confirm('?', { flag: '--yes' })).toBe(true);
  });
});

describe('at a terminal', () => {
  test.each([
    ['y', true],
    ['n', false],
    ['', false],
  ])('a confirmation that is answered with %j is %s', async (typed, answer) => {
    const asked = ask().confirm('Is it fixed?', { flag: '--yes' });
    await screen.next();
    expect(screen.getScreen()).toContain('Is it fixed?');
    if (typed) screen.type(typed);
    screen.keypress('enter');
    expect(await asked).toBe(answer);
  });

  test('a prompt returns the choice of the user', async () => {
    const asked = ask().choose('Which kiosk?', { flag: '--kiosk', choices: CHOICES });
    await screen.next();
    for (const choice of CHOICES) expect(screen.getScreen()).toContain(choice);
    screen.keypress('down');
    screen.keypress('enter');
    expect(await asked).toBe('WIS00002');
  });

  test('the likely choice is preselected', async () => {
    const asked = ask().choose('Which kiosk?', { flag: '--kiosk', choices: CHOICES, likely: 'WIS00003' });
    await screen.next();
    screen.keypress('enter');
    expect(await asked).toBe('WIS00003');
  });

  test('a choice with control characters is returned unchanged', async () => {
    const choices = ['plain', 'with\u001b[2Jescape'];
    const asked = ask().choose('Which?', { flag: '--program', choices });
    await screen.next();
    expect(screen.getScreen({ raw: true })).not.toContain('\u001b[2Jescape');
    screen.keypress('down');
    screen.keypress('enter');
    expect(await asked).toBe(choices[1]);
  });

  test('a prompt returns a typed line of text', async () => {
    const asked = ask().type('Reason for this action?', { flag: '--reason' });
    await screen.next();
    screen.type('ticket 4711');
    screen.keypress('enter');
    expect(await asked).toBe('ticket 4711');
  });

  test('Ctrl-C at a prompt is an interruption', async () => {
    const asked = ask().confirm('Is it fixed?', { flag: '--yes' });
    const ended = expect(asked).rejects.toMatchObject({ code: 'interrupted', exitCode: 130 });
    await screen.next();
    screen.keypress({ name: 'c', ctrl: true });
    await ended;
  });

  test('an aborted signal ends a prompt with its reason', async () => {
    const controller = new AbortController();
    const reason = new Failure('terminated', 'Terminated.', { hint: 'h' });
    const asked = ask({ signal: controller.signal }).type('Why?', { flag: '--reason' });
    const ended = expect(asked).rejects.toBe(reason);
    await screen.next();
    controller.abort(reason);
    await ended;
  });
});

test('a typed secret is never shown', async () => {
  const asked = askSecret('The refresh token:', {
    io: makeIo({ isTerminal: true }),
    signal: new AbortController().signal,
  });
  await screen.next();
  expect(screen.getScreen()).toContain('The refresh token:');
  screen.type('tok-4711');
  screen.keypress({ name: 't', ctrl: true });
  expect(screen.getScreen({ raw: true })).not.toMatch(/4711|\*|visib/);
  screen.keypress('enter');
  expect(await asked).toBe('tok-4711');
  expect(screen.getScreen({ raw: true })).not.toMatch(/4711|\*/);
});
