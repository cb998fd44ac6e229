import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { idOf, readSurface } from '../../../src/cli/help/surface.ts';
import { meantBy, unknownCommand } from '../../../src/cli/help/unknown-command.ts';
import { User } from '../../harness/program.ts';

const surface = readSurface(join(import.meta.dirname, '../../..'));
const unknown = (...words: string[]) => unknownCommand(surface, words, { isTopic: false });

const user = new User();
afterAll(() => user.leave());

test.each<[words: string, meant: string]>([
  ['statsu', 'status'],
  ['ls', 'status'],
  ['contexts', 'context list'],
  ['history', 'log'],
  ['failures', 'status'],
  ['kiosk WIS00001', 'kiosk show'],
  ['scenario happy-path', 'scenario show'],
  ['auth login', 'login'],
  ['auth logout', 'logout'],
  ['auth', 'login'],
  ['config', 'context show'],
  ['hold WIS00001', 'kiosk hold'],
  ['events ls', 'events list'],
  ['events lst', 'events list'],
  ['event ls', 'events list'],
  ['kiosk ls', 'kiosk list'],
  ['kiosk get', 'kiosk show'],
  ['context create', 'context add'],
  ['context delete', 'context remove'],
  ['context rm', 'context remove'],
  ['webhooks remove', 'webhooks delete'],
  ['webhook list', 'webhooks list'],
  ['runs ls', 'runs list'],
  ['scenario validate', 'scenario check'],
  ['orders list', 'orders'],
  ['orders ls', 'orders'],
  ['programs ls', 'programs'],
  ['cards ls', 'cards'],
  ['contexts ls', 'context list'],
  ['order list', 'orders'],
  ['sandbox rest', 'sandbox reset'],
])('after “%s”, kioskctl suggests “%s”', async (words, meant) => {
  const { code, json, stdout } = await user.run(`${words} --json`);
  expect(code, stdout).toBe(2);
  expect(json.error.hint).toMatch(RegExp(`^Did you mean kioskctl ${meant}( [\\w-]+)?\\? `));
  expect(idOf(surface, meant.replaceAll(' ', ':'))).not.toBeNull();
});

test('an unknown subcommand without a similar one lists the subcommands', () => {
  expect(unknown('journal', 'frobnicate')).toMatchObject({
    code: 'unknown-command',
    message: 'There is no command “journal frobnicate”.',
    hint: expect.stringMatching(/^Use one of backup, .*restore, .*show.* See kioskctl journal --help\.$/),
  });
});

test.each([
  ['kiosks ls', 'kiosk list'],
  ['kiosks describe WIS00001', 'kiosk show'],
  ['scenarios ls', 'scenario list'],
])('“%s” is read as “%s”, and not as the name of a kiosk or scenario', async (words, command) => {
  const { code, json } = await user.run(`${words} --json`);
  expect([code, json.command]).toEqual([0, command]);
});

test('a short word that is like no command suggests none', () => {
  expect(unknown('foo').hint).toBe('See kioskctl --help.');
});

test('an unknown word after help is no topic either', async () => {
  const { code, stderr } = await user.run('help nothing-like-it');
  expect(code).toBe(2);
  expect(stderr).toContain('There is no command or topic “nothing-like-it”.');
  expect(stderr).toContain('See kioskctl --help, which lists both.');
});

test('flags without a command are a missing command', () => {
  expect(unknown('--json')).toMatchObject({ message: 'Missing command.', hint: 'See kioskctl --help.' });
});

test.each(['list', 'ls', 'show', 'hold', 'recover', 'replay', 'use', 'logs', 'print', 'new'])(
  'the command that “%s” suggests exists',
  (word) => {
    const meant = meantBy(surface, word, undefined) ?? '';
    expect(idOf(surface, meant.replaceAll(' ', ':'))).not.toBeNull();
  },
);

test.each([
  [['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl']],
  [['events', 'tok_4711_never_to_be_seen']],
  [['9e1f0c9e-4a3b-4c2d-8e7f-6f1d0c9e4711']],
])('a token that was typed as a command is not repeated: %j', (words) => {
  const { message, hint } = unknown(...words);
  expect(message).toContain('[redacted]');
  expect(message + hint).not.toContain(words.at(-1));
});

test.each([
  ['log WIS00001', 'Did you mean kioskctl log --kiosk WIS00001? '],
  ['run happy-path --junit junit.xml', 'Did you mean --report junit=<FILE>? '],
  ['kiosk recover', 'kioskctl kiosk list shows the kiosks and their failures.'],
  ['run nope', 'kioskctl scenario list shows the built-in scenarios. '],
])('the hint after “%s” has the words to use', async (words, hint) => {
  const { code, json } = await user.run(`${words} --json`);
  expect(code).toBe(2);
  expect(json.error.hint).toContain(hint);
});

test('simulate accepts an error code after the status, as --simulate does', async () => {
  const card = await user.readyCard();
  await user.run(`produce ${card} --kiosk WIS00001`);
  const { code, json } = await user.run(`simulate ${card} --status PRODUCTION_ERROR:PRD_HOPPER_DOOR --json`);
  expect(code, json.error?.message).toBe(0);
  expect(json.card.production).toMatchObject({ errorCode: 'PRD_HOPPER_DOOR' });
});

test('simulate without --status names the missing flag', async () => {
  const { code, json } = await user.run('simulate 501 --json');
  expect([code, json.error.message]).toEqual([2, '--status is required.']);
  expect(json.error.hint).toContain('--status PRODUCED');
});
