// A run that ends before its end: Ctrl-C, kills, and how it goes on.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ended, expectError, oneDocument, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

const FLOW = `version: 1
name: flow
variables: {holder: {required: true}, note: x}
steps:
  - order: {cardHolderName: "\${holder}", address: {firstLine: 1 Street, city: York, postCode: Y1, country: GB}}
  - wait-ready
  - produce
  - wait-produced
  - expect: {stage: produced, attempt: 1}
`;
const user = new User({ KIOSKCTL_CONTEXT: 'local' });
const flow = join(user.home, 'flow.yaml');
let sandbox: ServedSandbox;
let stopped: Ended;
let id = '';

const resume = async (...words: string[]) => user.run(['run', '--resume', id, ...words, '--json']);

/** Two cards of which the kiosk has the first one, and nobody says what becomes of it: there it is interrupted. */
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
  user.env.KIOSKCTL_BASE_URL = sandbox.url;
  writeFileSync(flow, FLOW);
  const words = [
    '--var',
    'holder=Quillon',
    '--var',
    'note=y',
    '--kiosk',
    'WIS00001',
    '--cards',
    '2',
    '--json',
  ];
  const child = user.start([user.binary, 'run', flow, ...words]);
  const end = ended(child);
  while (!(await sandbox.requests('/production')).some(({ method }) => method === 'PUT'));
  child.kill('SIGINT');
  stopped = await end;
  id = stopped.json.run.id;
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

describe('Ctrl-C in the middle', () => {
  test('a run that is interrupted ends with 130 and one document that explains how to resume', () => {
    expectError(stopped, { code: 130, error: 'interrupted', hint: RegExp(`kioskctl run --resume ${id}`) });
    const { run, totals, cards } = stopped.json;
    expect([run.endedAt, totals.outcome, totals.cleanUp.pending]).toEqual([null, 'interrupted', 2]);
    expect(cards).toHaveLength(2);
    expect(stopped.stdout + stopped.stderr).not.toContain('Quillon');
  });

  test('runs list and runs show report an interrupted run as unfinished', async () => {
    const { json } = await user.run('runs list --json');
    expect(json.runs).toMatchObject([
      { id, isRunning: false, exitCode: null, forgottenVariables: ['holder'], variables: { note: 'y' } },
    ]);
    const { stdout } = await user.run(['runs', 'show', id]);
    expect(stdout).toContain(`Continue with: kioskctl run --resume ${id}`);
    expect(stdout).not.toContain('Quillon');
  });

  test('resuming a run requires the variables again that the journal does not store', async () =>
    expectError(await resume(), {
      code: 2,
      error: 'input-required',
      message: /holder/,
      hint: /--var holder=…/,
    }));

  test('resuming a run rejects other values of stored variables', async () =>
    expectError(await resume('--var', 'note=z'), { code: 2, error: 'usage', message: /--var note/ }));

  test('a run is resumed only with the same context, server and profile', async () => {
    const { length } = await sandbox.requests('/card-orders');
    for (const other of [
      ['--profile-id', '1002'],
      ['--base-url', 'http://127.0.0.1:9'],
    ])
      expectError(await resume('--var', 'holder=Quillon', ...other), {
        code: 2,
        error: 'usage',
        message: /another context, server or profile/,
        hint: RegExp(`run --resume ${id} --context`),
      });
    expect(await sandbox.requests('/card-orders')).toHaveLength(length);
  });

  test('a run is resumed only with an unchanged scenario file', async () => {
    writeFileSync(flow, `${FLOW}  - cancel\n`);
    expectError(await resume('--var', 'holder=Quillon'), {
      code: 2,
      error: 'usage',
      message: /flow\.yaml has changed since run/,
    });
    writeFileSync(flow, FLOW);
  });

  test('a resumed run ends with one order and one PUT per card', async () => {
    const first = stopped.json.cards.find(({ stage }: { stage: string }) => stage === 'in-progress');
    await user.run(`simulate 1001/${first.cardToken} --status PRODUCED`);
    await user.run('sandbox fault --outcome PRODUCED --kiosk WIS00001');
    const gone = await resume('--var', 'holder=Quillon');
    expect(gone.code, gone.stdout).toBe(0);
    const { run, summary, totals } = oneDocument(gone);
    expect([run.sessions, summary, totals.cleanUp.cancelled]).toEqual([2, { total: 2, done: 2 }, 2]);
    const puts = (await sandbox.requests('/production')).filter(({ method }) => method === 'PUT');
    expect(new Set(puts.map(({ path }) => path)).size).toBe(2);
    expect(puts).toHaveLength(2);
    const orders = (await sandbox.requests('/card-orders')).filter(
      ({ method, effect }) => method === 'POST' && effect,
    );
    expect(orders).toHaveLength(2);
  });

  test('a finished run is shown again without its file, and nothing is sent', async () => {
    const before = await sandbox.requests('');
    writeFileSync(flow, 'gone');
    const report = join(user.home, 'run.xml');
    const again = await resume('--report', `junit=${report}`);
    expect(again.code, again.stdout).toBe(0);
    expect(again.json).toMatchObject({ run: { id, sessions: 2 }, summary: { total: 2, done: 2 } });
    expect(readFileSync(report, 'utf8')).toContain('tests="10"');
    expect(await sandbox.requests('')).toEqual(before);
  });
});

test('resuming an unknown run ends with 10', async () =>
  expectError(await user.run('run --resume 20260101-000000-abcd --json'), {
    code: 10,
    error: 'not-found',
    hint: /kioskctl runs list/,
  }));
