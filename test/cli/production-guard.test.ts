import { screen } from '@inquirer/testing/vitest';
import { describe, expect, test } from 'vitest';
import { type Effect, guardProduction } from '../../src/cli/production-guard.ts';
import type { ContextFlags } from '../../src/cli/settings/sources.ts';
import type { Context, Environment } from '../../src/context/context.ts';
import { makeIo } from '../harness/command-line.ts';

function context(environment: Environment = 'production'): Context {
  return {
    name: 'branch',
    environment,
    reason: null,
    signal: new AbortController().signal,
  } as unknown as Context;
}

async function guard(
  ctx: Context,
  flags: ContextFlags = {},
  { effect = 'writes', isTerminal = false }: { effect?: Effect; isTerminal?: boolean } = {},
): Promise<Context> {
  ctx.reason = flags.reason || null;
  await guardProduction(ctx, { effect, flags, io: makeIo({ isTerminal }) });
  return ctx;
}

describe('an act in production, where nobody can be asked', () => {
  test.each<[string, ContextFlags]>([
    ['not at all', {}],
    ['by --yes', { yes: true, reason: 'why' }],
    ['for another context', { confirm: 'production', reason: 'why' }],
    ['for nothing', { confirm: '', reason: 'why' }],
  ])('an action in production is refused without a prompt when it is confirmed %s', async (_, flags) => {
    await expect(guard(context(), flags)).rejects.toMatchObject({
      code: 'not-confirmed',
      exitCode: 9,
      hint: expect.stringContaining('--confirm branch'),
    });
  });

  test('an action in production is executed when it is confirmed for its context and has a reason', async () => {
    expect(await guard(context(), { confirm: 'branch', reason: 'ticket 4711' })).toMatchObject({
      reason: 'ticket 4711',
    });
  });

  test('one failure names all flags that are missing', async () => {
    const options = { effect: 'writes', flags: {}, io: makeIo(), answers: ['--kiosk <KIOSK>'] } as const;
    await expect(guardProduction(context(), options)).rejects.toMatchObject({
      code: 'not-confirmed',
      hint: 'Run the same command with --confirm branch --reason <TEXT> --kiosk <KIOSK>.',
    });
    const confirmed = { ...options, flags: { confirm: 'branch' } };
    await expect(guardProduction(context(), confirmed)).rejects.toMatchObject({
      code: 'input-required',
      message: '--reason and --kiosk are required in a non-interactive session.',
      hint: 'Run the same command with --reason <TEXT> --kiosk <KIOSK>.',
    });
  });

  test.each([undefined, ''])('an action in production is refused without a reason: %j', async (reason) => {
    await expect(guard(context(), { confirm: 'branch', reason, yes: true })).rejects.toMatchObject({
      code: 'input-required',
      exitCode: 2,
      hint: expect.stringContaining('--reason'),
    });
  });
});

describe('an act in production, at a terminal', () => {
  test('an action in production asks for its reason until there is one, and then for a confirmation that names the context', async () => {
    const guarded = guard(context(), {}, { isTerminal: true });
    await screen.next();
    screen.keypress('enter');
    await screen.next();
    expect(screen.getScreen()).toContain('needs a reason');
    screen.type('ticket 4711');
    screen.keypress('enter');
    await screen.next();
    expect(screen.getScreen()).toMatch(/PRODUCTION.*branch/);
    screen.type('y');
    screen.keypress('enter');
    expect(await guarded).toMatchObject({ reason: 'ticket 4711' });
  });

  test('an action in production asks even with --yes', async () => {
    const guarded = guard(context(), { yes: true, reason: 'why' }, { isTerminal: true });
    const ended = expect(guarded).rejects.toMatchObject({ code: 'not-confirmed', exitCode: 9 });
    await screen.next();
    screen.keypress('enter');
    await ended;
  });

  test('an action in production asks nothing with --no-input', async () => {
    const guarded = guard(context(), { 'no-input': true, reason: 'why' }, { isTerminal: true });
    await expect(guarded).rejects.toMatchObject({ code: 'not-confirmed' });
  });

  test('an action in production asks nothing when flags confirm it', async () => {
    const flags = { confirm: 'branch', reason: 'why' };
    expect(await guard(context(), flags, { isTerminal: true })).toMatchObject({ reason: 'why' });
  });
});

test('a sandbox-only action is refused in production, confirmed or not', async () => {
  const flags = { confirm: 'branch', reason: 'why', yes: true };
  await expect(guard(context(), flags, { effect: 'sandbox-only' })).rejects.toMatchObject({
    code: 'sandbox-only',
    exitCode: 9,
  });
});

test.each<[Environment, Effect]>([
  ['production', 'reads'],
  ['production', 'configures'],
  ['sandbox', 'writes'],
  ['sandbox', 'sandbox-only'],
  ['local', 'writes'],
])('in %s, a command that %s asks nothing', async (environment, effect) => {
  expect(await guard(context(environment), {}, { effect })).toMatchObject({ reason: null });
});
