// What is wrong with a run is said before anything is sent: its flags, its files, where it goes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, type Expected, expectComplaint, expectError, SECRET, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { apart } from './vendor.ts';

const user = new User();
let sandbox: ServedSandbox;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(user.home, name), content);
  return join(user.home, name);
};
const START = 'version: 1\nname: flow\nsteps:\n  - order\n';

async function run(...words: string[]): Promise<Ended> {
  return user.run(['run', ...words, '--context', 'local', '--base-url', sandbox.url, '--json']);
}

async function expectRefused(words: string[], expected: Omit<Expected, 'code'>): Promise<void> {
  expectError(await run(...words), { code: 2, ...expected });
  expect(await sandbox.requests('')).toEqual([]);
}

describe('a flag', () => {
  test.each<[string, RegExp]>([
    ['--cards 0', /--cards: “0” is not a number from 1 to 100000/],
    ['--cards x', /--cards: “x”/],
    ['--concurrency 257', /--concurrency: “257” is not a number from 1 to 256/],
    ['--limit-rps 0', /--limit-rps: “0” is not a number of requests/],
    ['--limit-rps 1.5', /--limit-rps: “1\.5”/],
    ['--limit-rpm many', /--limit-rpm: “many”/],
    ['--var holder', /A --var is not NAME=VALUE/],
    ['--var street=1 --var street=2', /sets street twice/],
    ['--var stret=1', /stret/],
    ['--cards 2 --data cards.csv', /--data/],
    ['--report xml=run.xml', /unknown report “xml”/],
    ['--report junit=run.xml --report html=run.xml', /two reports can't use the same file/],
    ['--report junit=no/such/folder/run.xml', /its folder does not exist/],
    ['--resume 20261122-152350-3f9a1c07', /A scenario can't be combined with --resume/],
  ])('run rejects %s', async (words, message) => {
    const ended = await run('happy-path', ...words.split(' '));
    expect(ended.json.error.message).toMatch(message);
    expect([ended.code, await sandbox.requests('')]).toEqual([2, []]);
  });

  test('an unknown scenario name suggests the nearest one', async () =>
    expectRefused(['hopper-dor'], { error: 'usage', hint: /Did you mean hopper-door\?/ }));

  test('a scenario whose faults affect the next card requires a concurrency of 1', async () =>
    expectRefused(['lost-answer', '--cards', '2', '--concurrency', '2'], {
      error: 'usage',
      message: /one at a time/,
    }));
});

test.each<[string, RegExp]>([
  ['holdr=x', /^--var holdr: the scenario has no variable “holdr”/],
  ['limit=x', /^--var limit: “limit” is not a number/],
])('a mistake in --var %s is not one of the rows of a data file', async (value, message) => {
  const flow = file('limit.yaml', 'version: 1\nname: flow\nvariables: {limit: 1}\nsteps: [order]\n');
  const data = file('cards.csv', 'kiosk\nWIS00001\nWIS00002\n');
  await expectRefused([flow, '--data', data, '--var', value], {
    error: 'input-required',
    message,
    hint: /the flags/,
  });
  const { code, json } = await user.run([
    'scenario',
    'check',
    flow,
    '--data',
    data,
    '--var',
    value,
    '--json',
  ]);
  expect([code, json.data, json.mistakes.length]).toEqual([2, null, 1]);
});

describe('a scenario', () => {
  const aliases = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 8; level += 1)
    aliases.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}*a${level - 1}]`);

  test.each<[string, string, RegExp]>([
    [
      'an unknown step',
      `${START}  - waitready\n`,
      /line 5, column 5: .*“waitready”: did you mean wait-ready\?$/,
    ],
    ['a wrong type', `${START}  - repeat: {times: x, steps: [produce]}\n`, /line 5, column 21: .*it is text/],
    ['a missing variable', `${START}  - produce: \${kiosk1}\n`, /line 5, column 14: .*no variable “kiosk1”/],
    [
      'a loop that contains itself',
      `${START}  - repeat: &loop\n      times: 2\n      steps: [produce, repeat: *loop]\n`,
      /line 6, column 7: .*contains itself/,
    ],
    ['aliases that explode', `${aliases.join('\n')}\n`, /line \d+, column \d+: .*alias/],
    ['10 MB', '#'.repeat(10_000_000), /flow\.yaml.* 1024 KiB/],
  ])('with %s', async (_, content, message) => {
    const flow = file('flow.yaml', content);
    await expectRefused([flow], { error: 'invalid-input', message, hint: /\S/ });
    const ended = await user.run(['run', flow]);
    expectComplaint(ended, { code: 2, message });
    expect(ended.stdout).toBe('');
  });

  test('a scenario with a required variable explains how to set it', async () => {
    const steps = `variables: {holder: {required: true}}\nsteps: [{order: {cardHolderName: "\${holder}"}}]\n`;
    const flow = file('flow.yaml', `version: 1\nname: flow\n${steps}`);
    await expectRefused([flow], { error: 'input-required', message: /--var holder=/ });
  });
});

describe('a data file', () => {
  test.each<[string, string, RegExp]>([
    ['a kiosk that is none', 'kiosk\nWIS00001\nWIS 2\n', /cards\.csv, line 3: “kiosk”/],
    ['a row that is too long', 'cardholder\nAda\n"Bob\nBob",x\n', /cards\.csv.*line 3/],
    ['a column that no variable has', 'cardholdr\nQuillon\n', /cardholdr/],
    ['no rows', 'cardholder\n', /cards\.csv/],
  ])('with %s', async (_, content, message) => {
    const ended = await run('happy-path', '--data', file('cards.csv', content));
    expectError(ended, { code: 2, error: 'invalid-input', message });
    expect(ended.stdout + ended.stderr).not.toMatch(/Quillon|Bob/);
    expect(await sandbox.requests('')).toEqual([]);
  });
});

describe('outside of local', () => {
  const env = { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1001' };
  const ORDERS = file(
    'ready.yaml',
    'version: 1\nname: ready\nsteps: [{order: {program: PHYSICAL_PROGRAM, cardHolderName: Ada, address: {city: York, country: GB}}}, wait-ready]\n',
  );

  const RETRIES = file(
    'again.yaml',
    'version: 1\nname: again\nvariables: {card: 1001/501}\nsteps: [retry, wait-produced]\n',
  );

  async function elsewhere(words: string[], environment: string) {
    return apart({}, async ({ user: own, vendor }) => {
      const where = ['--environment', environment, '--base-url', vendor.url, '--kiosk', 'WIS00001', '--json'];
      const ended = await own.run(['run', ...words, ...where], { env });
      return { ended, received: vendor.received, acts: vendor.acts };
    });
  }

  test.each<[string, Expected]>([
    ['happy-path', { code: 9, error: 'not-confirmed', hint: /--confirm production/ }],
    ['happy-path --yes --reason test', { code: 9, error: 'not-confirmed', hint: /--confirm production/ }],
    [
      'happy-path --confirm production --reason test',
      { code: 9, error: 'sandbox-only', message: /simulates/ },
    ],
    [
      'over-60-days --confirm production --reason test',
      { code: 2, error: 'usage', message: /embedded sandbox/ },
    ],
    [
      `${RETRIES} --confirm production --reason test`,
      { code: 2, error: 'input-required', message: /needs an approval for each card/, hint: /--yes/ },
    ],
    [`${ORDERS} --confirm production`, { code: 2, error: 'input-required', hint: /--reason/ }],
  ])('in production, run %s sends nothing', async (words, expected) => {
    const { ended, received } = await elsewhere(words.split(' '), 'production');
    expectError(ended, expected);
    expect(received).toEqual([]);
  });

  test('in a sandbox, a scenario that sets faults sends nothing', async () => {
    const { ended, received } = await elsewhere(['lost-answer'], 'sandbox');
    expectError(ended, { code: 2, error: 'usage', message: /embedded sandbox/, hint: /--context local/ });
    expect(received).toEqual([]);
  });

  test('in production, a scenario without simulate is executed, and keeps its orders', async () => {
    const { ended, acts } = await elsewhere(
      [ORDERS, '--confirm', 'production', '--reason', 'test'],
      'production',
    );
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.json).toMatchObject({
      environment: 'production',
      run: { keep: true, reason: 'test' },
      totals: { cleanUp: { orders: 1, kept: 1 } },
    });
    expect(acts.map(({ endpoint }) => endpoint)).toEqual(['order']);
  });
});
