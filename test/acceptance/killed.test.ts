// A process that is killed at any point around its produce request, and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Gateway } from '../harness/served.ts';

const user = new User({ KIOSKCTL_SETTLE: '1s' });
let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.open(user);
});
afterEach(() => gateway.reset());
afterAll(async () => {
  await gateway.close();
  user.leave();
});

const produce = (card: string) => [
  'produce',
  card,
  '--kiosk',
  'WIS00001',
  '--base-url',
  gateway.url,
  '--json',
];

/** Runs the command until the gateway sees that moment of its request, and kills it there. */
async function killAt(moment: 'before' | 'after' | 'answered', card: string): Promise<void> {
  const child = spawn(process.execPath, ['bin/run.js', ...produce(card)], { env: { ...user.env } });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await gateway.seen(moment);
  child.kill('SIGKILL');
  await closed;
  gateway.letGo();
}

/** Resolves when a process has said something on standard error. */
async function said(child: ChildProcess, words: string): Promise<void> {
  let heard = '';
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => {
      heard += String(chunk);
      if (heard.includes(words)) resolve();
    });
  });
}

describe.each(['before', 'after', 'answered'] as const)('killed %s the request had its effect', (moment) => {
  test('a command that is killed and repeated ends with exactly one request that a kiosk accepted', async () => {
    const card = await user.readyCard();
    gateway.holdAt(moment);
    await killAt(moment, card);
    gateway.reset();
    const again = await user.run(produce(card));
    expect(again.code, again.stderr).toBe(0);
    expect(again.json).toMatchObject({ card: { stage: 'in-progress', production: { kioskId: 'WIS00001' } } });
    expect(await gateway.taken(card)).toBe(1);
    const put = gateway.log.findIndex((line) => line.startsWith('PUT'));
    if (moment !== 'before') {
      expect(put).toBe(-1);
      return;
    }
    // The first one never arrived: a second goes out, but only after looks that showed so.
    const looksBefore = gateway.log.slice(0, put).filter((line) => /^GET .*\/production$/.test(line));
    expect(looksBefore.length).toBeGreaterThanOrEqual(2);
  });
});

test('a command that is killed before its request releases the card', async () => {
  const card = await user.readyCard();
  gateway.holdReads();
  const child = spawn(process.execPath, ['bin/run.js', ...produce(card)], { env: { ...user.env } });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await gateway.seen('read');
  const meanwhile = await user.run(['produce', card, '--kiosk', 'WIS00001', '--json']);
  expect(meanwhile).toMatchObject({ code: 9 });
  expect(meanwhile.json.error).toMatchObject({ code: 'leased' });
  child.kill('SIGKILL');
  await closed;
  gateway.reset();
  const again = await user.run(produce(card));
  expect(again.code, again.stderr).toBe(0);
  expect(again.json).toMatchObject({ changed: true, card: { attempt: 1 } });
  expect(await gateway.taken(card)).toBe(1);
});

test('within the settle window after a kill, no command sends the card again', async () => {
  const card = await user.readyCard();
  gateway.holdAt('before');
  await killAt('before', card);
  gateway.reset();
  const again = await user.run([...produce(card), '--timeout', '0'], { env: { KIOSKCTL_SETTLE: '1m' } });
  expect(again.code).toBe(8);
  expect(again.json).toMatchObject({ error: { code: 'outcome-unknown' }, card: { stage: 'unknown' } });
  expect(gateway.log.filter((line) => line.startsWith('PUT'))).toEqual([]);
});

test('the first Ctrl-C does not cut a request in flight', async () => {
  const card = await user.readyCard();
  gateway.holdAt('after');
  const child = spawn(process.execPath, ['bin/run.js', ...produce(card)], { env: { ...user.env } });
  let stdout = '';
  child.stdout.on('data', (chunk) => void (stdout += String(chunk)));
  const code = new Promise((resolve) => child.once('close', resolve));
  await gateway.seen('after');
  child.kill('SIGINT');
  gateway.letGo();
  expect(await code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ changed: true, card: { stage: 'in-progress' } });
});

test('a second Ctrl-C cuts a request in flight, and the attempt is settled later', async () => {
  const card = await user.readyCard();
  gateway.holdAt('after');
  const child = spawn(process.execPath, ['bin/run.js', ...produce(card)], { env: { ...user.env } });
  const code = new Promise((resolve) => child.once('close', resolve));
  await gateway.seen('after');
  child.kill('SIGINT');
  // Two signals at once would be one: the first has been heard when it is said so.
  await said(child, 'A second signal ends kioskctl immediately');
  child.kill('SIGINT');
  expect(await code).toBe(8);
  gateway.letGo();
  gateway.reset();
  const { json } = await user.run([...produce(card), '--wait', '--simulate', 'PRODUCED']);
  expect(json).toMatchObject({ exitCode: 0, card: { stage: 'produced', attempt: 1 } });
});
