import { describe, expect, test } from 'vitest';
import { makeDocument, wantsFlag } from '../../src/output/result.ts';

test('every document begins with what all of them have', () => {
  const envelope = { command: 'wait-ready', context: 'ci', environment: 'sandbox', exitCode: 4 } as const;
  expect(Object.entries(makeDocument(envelope, { card: { a: 1 }, changed: true }))).toEqual([
    ['schemaVersion', 1],
    ['command', 'wait-ready'],
    ['context', 'ci'],
    ['environment', 'sandbox'],
    ['exitCode', 4],
    ['card', { a: 1 }],
    ['changed', true],
  ]);
  const nobody = { command: null, context: null, environment: null, exitCode: 2 } as const;
  expect(makeDocument(nobody, {})).toEqual({ schemaVersion: 1, ...nobody });
});

describe('a flag on the command line', () => {
  test.each([
    [['produce', '--json'], true],
    [['--json', 'produce'], true],
    [['produce'], false],
    [['produce', '--jsonp'], false],
    [['produce', '--', '--json'], false],
    [[], false],
  ])('%j asks for JSON: %s', (argv, wanted) => {
    expect(wantsFlag(argv, '--json')).toBe(wanted);
  });
});
