import { expect, test } from 'vitest';
import { unknownCommand } from '../../src/cli/help.ts';

const commandIDs = ['sandbox', 'sandbox:reset', 'events:list', 'events:show', 'status'];
const unknown = (...words: string[]) => unknownCommand({ commandIDs }, words);

test.each<[string[], RegExp, RegExp]>([
  [['statsu'], /no command “statsu”/, /mean kioskctl status\?/],
  [['events'], /needs another word/, /kioskctl events --help/],
  [['events', '--json'], /needs another word/, /kioskctl events --help/],
  [['events', 'lst'], /no command “events lst”/, /mean kioskctl events list\?/],
  [
    ['events', 'frobnicate'],
    /no command “events frobnicate”/,
    /Use one of list, show. See kioskctl events --help/,
  ],
  [['--json'], /comes first/, /--help/],
])('%j', (words, message, hint) => {
  expect(unknown(...words)).toMatchObject({
    code: 'unknown-command',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
});
