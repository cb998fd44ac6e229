// Cards go to a kiosk that the context does not list only if a person, or the flag for it, says so.
import { afterAll, describe, expect, test } from 'vitest';
import { expectError, User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
afterAll(() => user.leave());

const card = await user.readyCard();

describe.each([
  ['produce', `produce ${card} --kiosk WIS0002`],
  ['retry', `retry ${card} --to-kiosk WIS0002`],
  ['retry of a selection', 'retry --kiosk WIS00001 --to-kiosk WIS0002 --attended'],
  ['kiosk recover', 'kiosk recover WIS00001 --to-kiosk WIS0002 --rejected none --attended'],
  ['run', 'run happy-path --kiosk WIS0002'],
])('%s to an unlisted kiosk', (_, command) => {
  test.each(['', ' --yes'])('is refused in a script, and “%s” does not change that', async (yes) => {
    expectError(await user.run(`${command}${yes} --json`), {
      code: 2,
      error: 'input-required',
      message: /“WIS0002” is not one of the kiosks of context local \(WIS00001, .*Did you mean WIS00002\?/,
      hint: /with --allow-unlisted-kiosk\.$/,
    });
  });
});

test('--allow-unlisted-kiosk sends the card, and a kiosk from the environment needs the flag as well', async () => {
  const KIOSKCTL_KIOSK = 'WIS00009';
  expect((await user.run(`produce ${card}`, { env: { KIOSKCTL_KIOSK } })).code).toBe(2);
  const ended = await user.run(`produce ${card} --allow-unlisted-kiosk --json`, { env: { KIOSKCTL_KIOSK } });
  expect(ended.json.error).toMatchObject({ details: { errorCode: 'KIOSK_ID_NOT_FOUND' } });
});

test('a user at a terminal is prompted about an unlisted kiosk, and “no” sends nothing', async () => {
  const terminal = Terminal.open(user, `produce ${card} --kiosk WIS0002`);
  await terminal.shows('Send cards to WIS0002?');
  terminal.type('n\r');
  expect(await terminal.ended).toBe(9);
  expect(await terminal.screen()).toContain('Nothing was sent.');
});

test('the question about an unlisted kiosk is broken at words, and “no” shows how to list the kiosk', async () => {
  const add = 'context add lab --environment sandbox --base-url http://127.0.0.1:9 --profile-id 1001';
  expect((await user.run(`${add} --kiosks WIS00001,WIS00002`)).code).toBe(0);
  const env = { KIOSKCTL_TOKEN: 'a-test-token' };
  const terminal = Terminal.open(user, 'produce 1001/501 --kiosk WIS00009 --context lab', {
    columns: 76,
    env,
  });
  await terminal.shows('Send cards to WIS00009?');
  const [, ...question] = (await terminal.screen()).trim().split('\n');
  expect(question.length).toBeGreaterThan(1);
  expect(question.join(' ').trim()).toMatch(
    /^\? Kiosk “WIS00009” is not one of the kiosks of context lab \(WIS00001, WIS00002\)\. .*Send cards to WIS00009\? \(y\/N\)$/,
  );
  terminal.type('n\r');
  expect(await terminal.ended).toBe(9);
  await terminal.shows("kioskctl context set kiosks 'WIS00001,WIS00002,WIS00009' --context lab");
});

test('putting an unlisted kiosk on hold warns each time', async () => {
  for (const changed of [true, false]) {
    const { json, stderr } = await user.run('kiosk hold WIS0003 --reason door --json');
    expect(json).toMatchObject({ changed });
    expect(stderr).toMatch(/Warning: Kiosk “WIS0003” is not one of .*Did you mean WIS00003\?/);
  }
});
