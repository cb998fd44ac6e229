// A kiosk fails a card; somebody looks, holds the kiosk, and releases it: on the built binary, as a script sees it.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, expectError, oneDocument, User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
let failed = '';
let ready = '';

beforeAll(async () => {
  [failed, ready] = await Promise.all([user.readyCard(), user.readyCard()]);
  await user.run([
    'produce',
    failed,
    '--kiosk',
    'WIS00001',
    '--simulate',
    'PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  ]);
});
afterAll(() => user.leave());

test('kiosk hold --for sets an end that kiosk show displays, and a duration of 0 is a usage error', async () => {
  const hold = ['kiosk', 'hold', 'WIS00002', '--for', '4h', '--reason', 'ribbon', '--json'];
  const { hold: held } = oneDocument(await user.run(hold));
  expect(Date.parse(held.until) - Date.parse(held.since)).toBe(4 * 3_600_000);
  const shown = await user.run('kiosk show WIS00002 --json');
  expect(oneDocument(shown).kiosks).toMatchObject([{ hold: { until: held.until, long: false } }]);
  expect((await user.run('kiosk release WIS00002')).stdout).toContain(', until ');
  for (const duration of ['0', '4', 'tomorrow'])
    expect((await user.run(['kiosk', 'hold', 'WIS00002', '--for', duration, '--reason', 'x'])).code).toBe(2);
});

test('kiosk show has the cards in progress, the failures with their fix, and the next command of a kiosk', async () => {
  const [sent, refused] = [await user.readyCard(), await user.readyCard()];
  await user.run(`produce ${sent} --kiosk WIS00003`);
  await user.run(`produce ${refused} --kiosk WIS00003 --simulate PRODUCTION_ERROR:PRT_RIBBON_ENDED`);
  const whole = oneDocument(await user.run('kiosk show WIS00003 WIS00002 --json'));
  expect(whole.kiosks).toMatchObject([
    { kioskId: 'WIS00002', cardsInProgress: [], failures: [], next: null, nextArgv: null },
    {
      kioskId: 'WIS00003',
      cardsInProgress: [{ cardToken: sent.split('/')[1], seconds: expect.any(Number) }],
      failures: [
        {
          errorCode: 'PRT_RIBBON_ENDED',
          count: 1,
          meaning: 'The ribbon is used up.',
          nextStep: 'Replace the ribbon, then retry.',
          actor: 'kiosk-attendant',
        },
      ],
      next: 'kioskctl kiosk recover WIS00003 --context local',
    },
  ]);
  const terminal = Terminal.open(user, 'kiosk show WIS00003', { columns: 80, rows: 24 });
  expect(await terminal.ended).toBe(0);
  const lines = (await terminal.screen()).split('\n').map((line) => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      'WIS00003',
      'Hold:          none',
      expect.stringMatching(/^1001\/\d+, for \d/),
      expect.stringMatching(/^PRT_RIBBON_ENDED {2}1 card: The ribbon is used up\. Replace the ribbon, then/),
      'retry. Who acts: the kiosk attendant.',
      'Next: kioskctl kiosk recover WIS00003 --context local',
    ]),
  );
  expect(oneDocument(await user.run('kiosks WIS00003 --json'))).toMatchObject({
    kiosks: [{ failures: [{ count: 1 }] }],
  });
});

test('kiosk show names the command that fits a kiosk without failures', async () => {
  const nextOf = async () => oneDocument(await user.run('kiosk show WIS00002 --json')).kiosks[0]?.next;
  await user.run(`produce ${await user.readyCard()} --kiosk WIS00002`);
  expect(await nextOf()).toBe('kioskctl status --kiosk WIS00002 --watch --context local');
  await user.run('kiosk hold WIS00002 --reason ribbon');
  expect(await nextOf()).toBe('kioskctl kiosk release WIS00002 --context local');
  await user.run('kiosk release WIS00002');
});

test('a kiosk is listed, put on hold, refuses cards, and is released', async () => {
  const before = oneDocument(await user.run('kiosks WIS00001 --json'));
  expect(before.kiosks).toMatchObject([
    {
      kioskId: 'WIS00001',
      failed: 1,
      failedByErrorCode: [{ errorCode: 'PRD_HOPPER_DOOR', count: 1 }],
      hold: null,
    },
  ]);
  expect(before.coverage).toMatchObject({ listening: false, firstEventAt: null });

  const hold = ['kiosk', 'hold', 'WIS00001', '--reason', 'door', '--json'];
  expect(oneDocument(await user.run(hold))).toMatchObject({
    kioskId: 'WIS00001',
    changed: true,
    known: true,
    hold: { reason: 'door', context: 'local' },
    reach: { journal: join(user.home, 'journal.db') },
  });
  const again = await user.run('kiosk hold WIS00001 --reason other --json');
  expect(again.code).toBe(0);
  expect(oneDocument(again)).toMatchObject({ changed: false, hold: { reason: 'door' } });

  const produce = await user.run(['produce', ready, '--kiosk', 'WIS00001', '--json']);
  expectError(produce, {
    code: 9,
    error: 'kiosk-held',
    message: /: door$/,
    hint: /kioskctl kiosk release WIS00001/,
  });
  expectComplaint(await user.run(['retry', failed, '--yes']), { code: 9, message: /on hold since/ });

  expect(oneDocument(await user.run('kiosk release WIS00001 --json'))).toMatchObject({ changed: true });
  const released = await user.run('kiosk release WIS00001');
  expect(released).toMatchObject({ code: 0, stdout: '= Kiosk WIS00001 was not on hold.\n' });
});

test("cards at a kiosk are a list with the journal's coverage, and can be piped", async () => {
  const ended = await user.run('status --kiosk WIS00001 --failed --cached --json');
  expect(oneDocument(ended)).toMatchObject({
    cards: [{ stage: 'failed', daysLeft: 60, next: expect.stringContaining(`kioskctl retry ${failed}`) }],
    summary: { total: 1, done: 1 },
    cached: true,
    coverage: { listening: false },
  });
  const piped = await user.run('status - --quiet', { input: ended.stdout });
  expect(piped.stdout).toBe(`${failed}\n`);
  const none = await user.run('status --stage cancelled');
  expect(none).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^The journal has no matching cards\.\nNo webhook listener ran/),
  });
});

test('kiosk list --watch prints a document per line, and ends with Ctrl-C', async () => {
  const watch = user.start([user.binary, 'kiosks', '--watch', '--json']);
  if (!watch.stdout) throw new Error('no standard output');
  const lines = createInterface({ input: watch.stdout });
  const [first] = (await once(lines, 'line')) as [string];
  expect(JSON.parse(first)).toMatchObject({ schemaVersion: 1, command: 'kiosk list', exitCode: 0 });
  const hold = user.run('kiosk hold WIS00003 --reason ribbon');
  const [second] = (await once(lines, 'line')) as [string];
  expect(JSON.parse(second)).toMatchObject({ kiosks: [{}, {}, { hold: { reason: 'ribbon' } }] });
  await hold;
  watch.kill('SIGINT');
  const [code] = (await once(watch, 'close')) as [number];
  expect(code).toBe(130);
});

describe('mistakes', () => {
  test.each<[string, RegExp]>([
    ['kiosks WIS0001', /Kiosk “WIS0001” is neither in the journal nor in context/],
    ['status --kiosk WIS0001 --failed', /Kiosk “WIS0001” is neither in the journal nor in context/],
    ['status --failed --stage produced', /contradict/],
    [`status 501 --failed`, /filters can't be combined/],
    ['kiosk hold WIS00001', /--reason is required/],
  ])('%s ends with 2', async (command, message) => {
    const ended = await user.run(`${command} --json`);
    expect(ended.code, ended.stdout).toBe(2);
    expect(oneDocument(ended).error.message).toMatch(message);
  });

  test('without a journal, kiosk list is an error and does not look like kiosks without failures', async () => {
    const broken = new User();
    mkdirSync(join(broken.home, 'journal.db'));
    const ended = await broken.run('kiosks --json');
    broken.leave();
    expectError(ended, { code: 9, error: 'journal-unusable' });
  });

  test('a release in production needs a confirmation; a hold, which only protects, needs none', async () => {
    const env = { KIOSKCTL_ENVIRONMENT: 'production' };
    const hold = await user.run('kiosk hold WIS00001 --reason door --json', { env });
    expect(oneDocument(hold)).toMatchObject({ environment: 'production', changed: true, known: false });
    expectError(await user.run('kiosk release WIS00001 --json', { env }), {
      code: 9,
      error: 'not-confirmed',
    });
  });
});
