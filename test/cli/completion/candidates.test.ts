import { describe, expect, test } from 'vitest';
import { type Candidate, type Completable, candidatesFor } from '../../../src/cli/completion/candidates.ts';

const GLOBAL = {
  context: { type: 'option', summary: 'Context to use.' },
  json: { type: 'boolean', summary: 'JSON.' },
};

const VALUES: Record<string, string[]> = {
  card: ['1001/501', '1001/502'],
  kiosk: ['WIS00001', 'WIS00002'],
  context: ['ci', 'local'],
  setting: ['kiosk', 'kiosks'],
  code: ['PRD_HOPPER_DOOR', 'CARD_EXPIRED'],
  'production-code': ['PRD_HOPPER_DOOR'],
  run: ['20261122-152350-3f9a1c07'],
  topic: ['safety', 'scripting'],
};

const SURFACE: Completable = {
  commands: {
    status: { summary: 'Where cards sandbox.', args: { card: { multiple: true } }, flags: GLOBAL },
    produce: {
      args: { card: { multiple: true } },
      flags: {
        ...GLOBAL,
        kiosk: { type: 'option' },
        simulate: { type: 'option' },
        wait: { type: 'boolean' },
        secret: { type: 'boolean', hidden: true },
      },
    },
    'runs:show': { args: { run: {} }, flags: GLOBAL },
    run: { args: {}, flags: { ...GLOBAL, resume: { type: 'option' } } },
    explain: { args: { code: {} }, flags: GLOBAL },
    'context:use': { summary: 'Use one.', args: { name: {} }, flags: GLOBAL },
    'context:add': { args: { name: {} }, flags: GLOBAL },
    'context:set': { args: { key: {}, value: { multiple: true } }, flags: GLOBAL },
    sandbox: { summary: 'Serve it.', args: {}, flags: GLOBAL },
    'sandbox:reset': { args: {}, flags: GLOBAL },
    completion: { args: { shell: { options: ['bash', 'zsh'] } }, flags: GLOBAL },
  },
  groups: { context: 'Contexts.', runs: 'Runs.', sandbox: 'The sandbox.' },
  values: (kind) => (VALUES[kind] ?? []).map((word): Candidate => ({ word, about: '' })),
};

/** What is offered for a line; the cursor is at its end. */
function offered(line: string): string[] {
  return candidatesFor(line.split(' ').slice(1), SURFACE).map(({ word }) => word);
}

const COMMANDS = ['context', 'sandbox', 'status', 'produce', 'explain', 'run', 'runs', 'completion', 'help'];

test.each<[string, string[]]>([
  ['kioskctl ', COMMANDS],
  ['kioskctl s', ['sandbox', 'status']],
  ['kioskctl help s', ['sandbox', 'status', 'safety', 'scripting']],
  ['kioskctl help sa', ['sandbox', 'safety']],
  ['kioskctl s', ['sandbox', 'status']],
  ['kioskctl context ', ['use', 'add', 'set']],
  ['kioskctl context u', ['use']],
  ['kioskctl sandbox ', ['reset']],
  ['kioskctl --context ci context ', ['use', 'add', 'set']],
  ['kioskctl --json stat', ['status']],
  ['kioskctl nonsense ', []],
])('commands are completed after “%s”', (line, words) => {
  expect(offered(line).toSorted()).toEqual(words.toSorted());
});

test.each<[string, string[]]>([
  ['kioskctl status ', ['1001/501', '1001/502']],
  ['kioskctl status 1001/502', ['1001/502']],
  ['kioskctl status 1001/501 ', ['1001/502']],
  ['kioskctl status x', []],
  ['kioskctl runs show ', ['20261122-152350-3f9a1c07']],
  ['kioskctl run --resume ', ['20261122-152350-3f9a1c07']],
  ['kioskctl explain PRD', ['PRD_HOPPER_DOOR']],
  ['kioskctl explain PRD_HOPPER_DOOR ', []],
  ['kioskctl context use ', ['ci', 'local']],
  ['kioskctl context add ', []],
  ['kioskctl context set ki', ['kiosk', 'kiosks']],
  ['kioskctl context set kiosk ', []],
  ['kioskctl completion ', ['bash', 'zsh']],
  ['kioskctl sandbox reset ', []],
])('arguments are completed after “%s”', (line, words) => {
  expect(offered(line)).toEqual(words);
});

test.each<[string, string[]]>([
  ['kioskctl produce --', ['--context', '--json', '--kiosk', '--simulate', '--wait', '--help']],
  ['kioskctl produce 1001/501 --wait --w', []],
  ['kioskctl produce --kiosk ', ['WIS00001', 'WIS00002']],
  ['kioskctl produce --kiosk=WIS00002', ['--kiosk=WIS00002']],
  ['kioskctl produce --kiosk WIS00001 ', ['1001/501', '1001/502']],
  ['kioskctl produce --kiosk=WIS00001 ', ['1001/501', '1001/502']],
  ['kioskctl produce --simulate PRODUCTION_ERROR:', ['PRODUCTION_ERROR:PRD_HOPPER_DOOR']],
  ['kioskctl status --kiosk ', ['1001/501', '1001/502']],
  ['kioskctl --context ', ['ci', 'local']],
  ['kioskctl status --context l', ['local']],
])('flags are completed after “%s”', (line, words) => {
  expect(offered(line)).toEqual(words);
});

describe('what a shell could take for something else', () => {
  test.each(['a b', '$(id)', '`id`', "it's", 'a;b', 'a\u001b[2J', '*', ''])(
    '%j is not offered, because a shell could interpret it',
    (word) => {
      const world = { ...SURFACE, values: () => [{ word, about: '' }] };
      expect(candidatesFor(['status', ''], world)).toEqual([]);
    },
  );
});
