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

test.each([
  [['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl']],
  [['events', 'tok_4711_never_to_be_seen']],
  [['9e1f0c9e-4a3b-4c2d-8e7f-6f1d0c9e4711']],
])('a token that was typed as a command is not repeated: %j', (words) => {
  const { message, hint } = unknown(...words);
  expect(message).toContain('[redacted]');
  expect(message + hint).not.toContain(words.at(-1));
});
