// The names of cards: what users see, what they may type, and what programs read.
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
afterAll(() => user.leave());

const card = user.readyCard();
const prefixOf = (reference: string) => reference.slice(0, reference.indexOf('-') + 2);

test('text has the short name, and documents, references and tables off a terminal the whole token', async () => {
  const reference = await card;
  const produced = await user.run(
    `produce ${reference} --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR`,
  );
  expect(produced.code).toBe(4);
  expect(produced.stdout).toContain('✗ 1001/501 failed on WIS00001');
  expect(produced.stdout + produced.stderr).not.toContain(reference);
  const { stdout } = await user.run('status --cached');
  expect(stdout.split('\n')[1]).toMatch(new RegExp(`^${reference}\t`));
  expect(stdout).toContain('Next: kioskctl retry 1001/501');
  const { json } = await user.run('status --cached --json');
  expect(json.cards[0].next).toContain(`retry ${reference}`);
  expect((await user.run('status --cached --quiet')).stdout).toBe(`${reference}\n`);
  expect((await user.run(`incident ${reference}`)).stdout).toContain(reference);
});

const NO_ORDERS = JSON.stringify({ totalCount: 0, cardOrders: [] });

/** Matches a card token. */
const TOKEN = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/;

test('messages during a run have short names, also where a failure is tolerated', async () => {
  const { code, stderr } = await user.run('run hopper-door');
  expect(code).toBe(0);
  expect(stderr).toMatch(/as the scenario allows: The production of card 1001\/\d+ on kiosk/);
  expect(stderr).not.toMatch(TOKEN);
});

test('messages have the short name of a card without an order that the journal did not know before', async () => {
  await using sandbox = await startSandbox({ speed: 50 });
  const { cardToken } = sandbox.readyCard();
  // Another system has the order of the card.
  const path = '/card-orders';
  sandbox.addFault({ kind: 'answer', method: 'GET', path, status: 200, body: NO_ORDERS, times: 100 });
  const person = () => {
    const one = new User({ KIOSKCTL_ENVIRONMENT: 'local', KIOSKCTL_BASE_URL: sandbox.url });
    onTestFinished(() => one.leave());
    return one;
  };
  sandbox.addFault({
    kind: 'outcome',
    kioskId: 'WIS00001',
    status: 'PRODUCTION_ERROR',
    errorCode: 'PRD_HOPPER_DOOR',
  });
  sandbox.addFault({ kind: 'outcome', kioskId: 'WIS00001', status: 'PRODUCED' });
  await person().run(`produce 1001/${cardToken} --kiosk WIS00001 --wait`);
  const { code, stderr } = await person().run(`retry 1001/${cardToken} --yes --wait`);
  expect(code, stderr).toBe(0);
  // A name of digits only would be an order.
  const name = /^\d{8}/.test(cardToken) ? prefixOf(`1001/${cardToken}`) : `1001/${cardToken.slice(0, 8)}`;
  expect(stderr).toContain(`Card ${name} failed with PRD_HOPPER_DOOR`);
  expect(stderr).not.toMatch(TOKEN);
});

test('a table on a terminal has the short name', async () => {
  const terminal = Terminal.open(user, `status ${await card}`);
  expect(await terminal.ended).toBe(0);
  expect(await terminal.screen()).toMatch(/^1001\/501 +(501 \w+ +)?●/m);
});

test('the beginning of a token names the card, in arguments, on standard input and in flags', async () => {
  const reference = await card;
  const prefix = prefixOf(reference);
  for (const name of [prefix, prefix.replace('1001/', '')]) {
    const { json } = await user.run(`status ${name} --json`);
    expect(`${json.card.profileId}/${json.card.cardToken}`).toBe(reference);
  }
  const piped = await user.run('status - --json', { input: `${prefix}\n` });
  expect(`1001/${piped.json.cards[0].cardToken}`).toBe(reference);
  const ordered = await user.run(`order --like ${prefix} --dry-run --json`);
  expect(ordered.code).toBe(0);
  expect((await user.run(`log --card ${prefix} --json`)).json.total).toBeGreaterThan(0);
});

test('a beginning that no card of the journal has is refused, and never sent', async () => {
  const { code, json, stderr } = await user.run('status 1001/00000000-0 --json --verbose');
  expect([code, json.error.code]).toEqual([2, 'invalid-reference']);
  expect(json.error.message).toContain('1001/00000000-0');
  expect(stderr).not.toContain('GET');
});

test('messages have local times for people, and UTC in documents', async () => {
  const reference = await card;
  const env = { TZ: 'Asia/Kolkata' };
  await user.run(['kiosk', 'hold', 'WIS00003', '--reason', 'door']);
  const command = `retry ${reference} --to-kiosk WIS00003 --yes`;
  const { stderr } = await user.run(command, { env });
  expect(stderr).toMatch(/on hold since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:30/);
  const { json } = await user.run(`${command} --json`, { env });
  expect(json.error.message).toMatch(/on hold since \d{4}-\d\d-\d\dT[\d:.]+Z/);
  await user.run('kiosk release WIS00003');
});
