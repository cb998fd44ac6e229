// `run` as a new user uses it: the scenarios that come with it, their own, many cards, reports.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneDocument, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { problemsOf, valuesIn } from '../runs/reports/xml.ts';

const user = new User();
let sandbox: ServedSandbox;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

const file = (name: string, content = '') => {
  if (content) writeFileSync(join(user.home, name), content);
  return join(user.home, name);
};
const scenario = (name: string, steps: string) =>
  file(`${name}.yaml`, `version: 1\nname: ${name}\nsteps: [${steps}]\n`);
const READY = scenario('only-ready', 'order, wait-ready');
const UNMET = scenario('unmet', 'order, wait-ready, {expect: {stage: [produced, failed]}}, produce');
const FAILS = scenario(
  'fails',
  'order, wait-ready, produce, {simulate: "PRODUCTION_ERROR:CB_NOT_AVAILABLE"}, wait-produced',
);

interface CardDocument {
  outcome: string;
  orderId: number;
  cardToken: string;
  production: { kioskId: string };
}

const BUILT_IN = readdirSync('scenarios').map((name) => name.replace('.yaml', ''));

test.concurrent.each(BUILT_IN)('the built-in scenario %s passes', async (name) => {
  // Each has the embedded sandbox to itself: they set faults and move the clock.
  const own = new User();
  const { code, stdout, stderr } = await own.run(['run', name]);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(
    RegExp(`^${name}: passed {2}run [\\d-]+-[\\da-f]{8}\n {2}Cards +The card passed\\.\n`),
  );
  expect(stderr).toContain('Context local, environment local\n1 ');
  own.leave();
});

test('a run produces five cards on two kiosks, one at a time per kiosk, and cancels their orders', async () => {
  const where = '--kiosk WIS00001 --kiosk WIS00002';
  const ended = await user.run(`run happy-path --cards 5 ${where} --base-url ${sandbox.url} --json`);
  const { cards, totals, summary } = oneDocument(ended);
  expect([ended.code, summary, totals.outcome]).toEqual([0, { total: 5, done: 5 }, 'passed']);
  const kiosks = cards.map(({ production }: CardDocument) => production.kioskId).toSorted();
  expect(kiosks).toEqual(['WIS00001', 'WIS00001', 'WIS00001', 'WIS00002', 'WIS00002']);
  expect(totals.cleanUp).toMatchObject({ orders: 5, cancelled: 5 });
  for (const { cardToken } of cards) expect(await sandbox.puts(`1001/${cardToken}`)).toHaveLength(1);
  const { json } = await user.run(`status 1001/${cards[0].orderId} --json --base-url ${sandbox.url}`);
  expect(json.card.orderStatus).toBe('CANCELLED');
});

test("a run with a data file produces a card per row at the row's kiosk, and shows no values of the file", async () => {
  const rows = 'cardholder,kiosk\nQuillon Example,WIS00003\n"Featherstone, Ada",WIS00002\n';
  const data = file('cards.csv', rows);
  const { code, stdout, stderr } = await user.run(['run', 'happy-path', '--data', data, '--json']);
  expect(code, stdout).toBe(0);
  const { cards, run } = JSON.parse(stdout);
  expect(cards.map(({ production }: CardDocument) => production.kioskId)).toEqual(['WIS00003', 'WIS00002']);
  expect(stdout + stderr).not.toMatch(/Quillon|Featherstone/);
  const shown = await user.run(['runs', 'show', run.id]);
  expect(shown.stdout).toMatch(/Card 1 \(\S+\) row 2 WIS00003: passed/);
  expect(shown.stdout).not.toMatch(/Quillon|Featherstone/);
});

describe('its end tells how it went:', () => {
  test('a run with an unmet expectation ends with 11', async () => {
    const ended = await user.run(['run', UNMET, '--json']);
    const { error, cards, totals } = oneDocument(ended);
    expect(ended.code).toBe(11);
    expect(error).toMatchObject({
      code: 'expectation-unmet',
      message: '3. expect stage produced or failed: stage: expected produced or failed, was ready.',
      hint: expect.stringMatching(/kioskctl runs show \S+/),
    });
    expect(cards).toMatchObject([{ outcome: 'failed', exitCode: 11, stage: 'ready', attempt: 0 }]);
    expect(totals.cleanUp.cancelled).toBe(1);
  });

  test('a run with a failed step ends with the exit code of the step', async () => {
    const { code, stdout, stderr } = await user.run(['run', FAILS, '--cards', '2', '--kiosk', 'WIS00001']);
    expect(code, stdout + stderr).toBe(5);
    expect(stdout).toContain('0 of 2 cards passed: 2 failed.');
    expect(stderr.match(/^Error: .*/gm)).toEqual([
      expect.stringMatching(
        /^Error: Cards 1, 2: 5\. wait-produced: The production of the card .*CB_NOT_AVAILABLE/,
      ),
    ]);
    // Their orders are cancelled: nobody is sent to retry them, but where they are kept.
    expect(stderr).not.toContain('kioskctl retry');
    const kept = await user.run(['run', FAILS, '--keep']);
    expect(kept.stderr).toContain('Next: kioskctl retry 1001/');
  });

  test('a run with --quiet prints the cards that passed', async () => {
    const { code, stdout, stderr } = await user.run(['run', READY, '--cards', '2', '--quiet']);
    expect([code, stderr]).toEqual([0, 'Context local, environment local\n']);
    expect(stdout).toMatch(/^(1001\/[\da-f-]{36}\n){2}$/);
    const unmet = await user.run(['run', UNMET, '--cards', '2', '--quiet']);
    expect([unmet.code, unmet.stdout]).toEqual([11, '']);
  });
});

test('only a plan can be followed: another run is refused with 2, and an unknown id with 10, as without --follow', async () => {
  const { json } = await user.run(['run', READY, '--json']);
  const other = await user.run(['runs', 'show', json.run.id, '--follow', '--json']);
  expect([other.code, other.json.error]).toMatchObject([2, { hint: 'Leave out --follow.' }]);
  for (const flags of [[], ['--follow']]) {
    const unknown = await user.run(['runs', 'show', 'nope', ...flags, '--json']);
    expect([unknown.code, unknown.json.error.code]).toEqual([10, 'not-found']);
  }
});

test('cards that a run keeps can be processed by other commands', async () => {
  const { code, stdout } = await user.run(['run', READY, '--cards', '2', '--keep', '--json']);
  expect(code, stdout).toBe(0);
  const status = await user.run('status - --json', { input: stdout });
  expect(status.json.cards).toMatchObject([
    { stage: 'ready', orderStatus: 'CARD_DETAILS_CREATED' },
    { stage: 'ready', orderStatus: 'CARD_DETAILS_CREATED' },
  ]);
  const cancelled = await user.run('cancel - --yes --json', { input: stdout });
  expect([cancelled.code, cancelled.json.summary]).toEqual([0, { total: 2, done: 2 }]);
  // One that failed goes no further, and its code goes through.
  const unmet = await user.run(['run', UNMET, '--keep', '--json']);
  const stopped = await user.run('cancel - --yes --json', { input: unmet.stdout });
  expect([stopped.code, stopped.json.summary]).toEqual([11, { total: 1, skipped: 1 }]);
});

describe('reports', () => {
  test('a run with failures writes four reports', async () => {
    const [junit, html, json, markdown] = ['junit.xml', 'run.html', 'run.json', 'run.md'].map((name) =>
      file(name),
    );
    const targets = [`junit=${junit}`, `html=${html}`, `json=${json}`, `markdown=${markdown}`];
    const words = targets.flatMap((target) => ['--report', target]);
    const { code, stdout } = await user.run(['run', FAILS, '--cards', '2', ...words, '--json']);
    expect(code).toBe(5);
    const { run } = JSON.parse(stdout);
    const xml = readFileSync(junit ?? '', 'utf8');
    expect(await problemsOf(xml)).toEqual([]);
    expect(await valuesIn(xml, { cases: 'count(//testcase)', failures: 'count(//failure)' })).toEqual({
      cases: '10',
      failures: '2',
    });
    expect(readFileSync(html ?? '', 'utf8')).toMatch(/^<!DOCTYPE html>.*CB_NOT_AVAILABLE.*<\/html>\s*$/s);
    const report = JSON.parse(readFileSync(json ?? '', 'utf8'));
    expect(report).toMatchObject({
      command: 'run',
      exitCode: 5,
      run: { id: run.id },
      cards: [{ number: 1 }, { number: 2 }],
    });
    expect(readFileSync(markdown ?? '', 'utf8')).toContain('## ✗ fails: failed');
    // The journal has all of it: reports can be made again, and are the same.
    const again = file('again.xml');
    expect(await user.run(['runs', 'show', run.id, '--report', `junit=${again}`])).toMatchObject({ code: 0 });
    expect(readFileSync(again, 'utf8')).toBe(xml);
  });

  test('on GitHub Actions, a run writes annotations and a step summary, and standard output remains one document', async () => {
    const summary = file('summary.md', '# Before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const ended = await user.run(['run', FAILS, '--json'], { env });
    oneDocument(ended);
    expect(ended.stderr).toMatch(
      /^::error file=\S+fails\.yaml,line=3,title=fails%2C card 1%2C 5\. wait-produced::The/m,
    );
    expect(readFileSync(summary, 'utf8')).toMatch(/^# Before\n## ✗ fails: failed\n/);
    const without = await user.run(['run', FAILS, '--no-annotations'], { env });
    expect([without.code, without.stdout + without.stderr]).toEqual([
      5,
      expect.not.stringContaining('::error'),
    ]);
    expect(readFileSync(summary, 'utf8').match(/^## /gm)).toHaveLength(1);
    const unwritable = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(user.home, 'no/summary.md') };
    const unsummed = await user.run(['run', READY, '--json'], { env: unwritable });
    expect(unsummed.code).toBe(0);
    expect(oneDocument(unsummed)).not.toHaveProperty('error');
    expect(unsummed.stderr).toMatch(
      /^Warning: The step summary could not be written\. .*no\/summary\.md was not written/m,
    );
    const elsewhere = await user.run(['run', FAILS]);
    expect(elsewhere.stderr).not.toContain('::error');
  });
});
