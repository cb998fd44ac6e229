import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Command } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import type { BaseCommand } from '../../src/cli/base-command.ts';
import { globalFlags } from '../../src/input/flags.ts';

const ROOT = join(import.meta.dirname, '../..');

type CommandClass = typeof BaseCommand & Command.Class;

const files = globSync('src/commands/**/*.ts', { cwd: ROOT }).map((file) => file.split(sep).join('/'));
const commands = await Promise.all(
  files.map(async (file): Promise<[id: string, command: CommandClass, file: string]> => {
    const { default: command } = (await import(join(ROOT, file))) as { default: CommandClass };
    const id = file.replace(/^src\/commands\/|(\/index)?\.ts$/g, '').replaceAll('/', ' ');
    return [id, command, file];
  }),
);

const manifest = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
  commands: Record<string, { args: Record<string, unknown>; flags: Record<string, unknown> }>;
};

test('the manifest lists all commands with their arguments and flags', () => {
  const listed = Object.entries(manifest.commands).map(([id, { args, flags }]) => [
    id.replaceAll(':', ' '),
    { args: Object.keys(args), flags: Object.keys(flags).toSorted() },
  ]);
  const there = commands.map(([id, { args, flags }]) => [
    id,
    { args: Object.keys(args), flags: Object.keys({ ...globalFlags, ...flags }).toSorted() },
  ]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(there));
});

describe.each(commands)('%s', (id, command, file) => {
  test('a command declares its side effects', () => {
    expect(['reads', ...Object.keys(EFFECTS)]).toContain(command.effect);
  });

  test('a command never fills an argument from standard input automatically', () => {
    for (const [name, arg] of Object.entries(command.args ?? {})) {
      expect((arg as { ignoreStdin?: boolean }).ignoreStdin, name).toBe(true);
    }
  });

  test('a command has a summary, and examples with a comment each', () => {
    expect(command.summary).toMatch(/^[A-Z].*\.$/);
    expect(command.examples?.length ?? 0).toBeGreaterThan(0);
    for (const example of command.examples ?? []) {
      const { description, command: line } = example as Exclude<Command.Example, string>;
      expect(line).toContain(`kioskctl ${id}`);
      expect(description).toMatch(/^[A-Z].*[.]$/);
    }
  });

  test('no flag takes a secret', () => {
    const flags = Object.entries({ ...globalFlags, ...command.flags })
      .filter(([, { type }]) => type === 'option')
      .map(([flag]) => flag);
    // Where a secret is, or what prints it, is none.
    const ofSecrets = /(token|secret|password|credential)(?!s?-(command|file)$)/;
    expect(flags.filter((flag) => ofSecrets.test(flag))).toEqual([]);
  });

  test('each visible flag of a command has a summary', () => {
    for (const [name, flag] of Object.entries(command.flags ?? {})) {
      const { summary, hidden } = flag as { summary?: string; hidden?: boolean };
      if (!hidden) expect(summary, name).toMatch(/.+\.$/);
    }
  });

  test('a command only declares and delegates', () => {
    const code = readFileSync(join(ROOT, file), 'utf8');
    expect(code.split('\n').length).toBeLessThanOrEqual(151);
    expect(code).not.toMatch(/\bconsole\.|process\.(stdout|stderr|env|exit)|\bif \(.*json/);
  });
});

/** The effects of each command that does more than read, by hand: such a one is thought about before it is written down here. */
const EFFECTS: Record<string, readonly string[]> = {
  records: [
    'events export',
    'events import',
    'events list',
    'events prune',
    'events replay',
    'events show',
    'events tail',
    'events verify',
    'journal backup',
    'journal create',
    'journal upgrade',
    'kiosk hold',
    'listen',
    'notify test',
    'runs cancel',
    'serve',
  ],
  configures: [
    'context add',
    'context remove',
    'context set',
    'context unset',
    'context use',
    'login',
    'logout',
  ],
  writes: [
    'cancel',
    'journal move',
    'journal restore',
    'journal restored',
    'kiosk recover',
    'kiosk release',
    'order',
    'produce',
    'retry',
    'run',
    'runs approve',
    'webhooks create',
    'webhooks delete',
    'webhooks test',
  ],
  'sandbox-only': [
    'sandbox',
    'sandbox advance',
    'sandbox fault',
    'sandbox requirement',
    'sandbox reset',
    'simulate',
  ],
};

test('only the commands that are listed here do more than read', () => {
  const declared = commands
    .filter(([, { effect }]) => effect !== 'reads')
    .map(([id, { effect }]) => [id, effect]);
  const known = Object.entries(EFFECTS).flatMap(([effect, ids]) => ids.map((id) => [id, effect]));
  expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(known));
});

test.each([...(EFFECTS.writes ?? []), 'simulate'])(
  '%s, which acts, takes a reason and a confirmation',
  (id) => {
    const [, command] = commands.find(([one]) => one === id) ?? [];
    expect(Object.keys(command?.flags ?? {})).toEqual(
      expect.arrayContaining(['reason', 'confirm', 'yes', 'no-input']),
    );
  },
);

test.each(commands.filter(([, { effect }]) => ['reads', 'records', 'configures'].includes(effect)))(
  '%s, which does not act, has nothing to confirm in production',
  (_, { flags }) => {
    expect(Object.keys(flags ?? {})).not.toContain('confirm');
  },
);

test('a hold needs a reason in every environment', () => {
  const [, command] = commands.find(([one]) => one === 'kiosk hold') ?? [];
  expect(Object.keys(command?.flags ?? {})).toContain('reason');
});
