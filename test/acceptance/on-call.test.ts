// "The hopper door was open": twelve cards failed at one kiosk, and each is to be printed once.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ended, ended, User } from '../harness/program.ts';
import { Gateway, ServedSandbox } from '../harness/served.ts';

const KIOSK = 'WIS00001';
const RETRY = ['retry', '--kiosk', KIOSK, '--yes', '--attended', '--reason', 'door closed', '--json'];

let user: User;
let gateway: Gateway;
let sandbox: ServedSandbox;

beforeEach(async () => {
  user = new User({ KIOSKCTL_SETTLE: '1s' });
  gateway = await Gateway.open(user);
  sandbox = await ServedSandbox.open(user);
});
afterEach(async () => {
  await sandbox.close();
  await gateway.close();
  user.leave();
});

/** From now on, the kiosk makes of so many cards what it is told. */
async function kioskMakes(outcome: string, times: number): Promise<void> {
  const args = ['sandbox', 'fault', '--kiosk', KIOSK, '--outcome', outcome, '--times', String(times)];
  const { code, stderr } = await user.run(args);
  expect(code, stderr).toBe(0);
}

/** Cards that failed one after the other, because the hopper door was open. @returns PROFILE/TOKEN of each */
async function failedCards(count: number): Promise<string[]> {
  const cards: string[] = [];
  for (let index = 0; index < count; index += 1) cards.push((await sandbox.readyCard()).card);
  await kioskMakes('PRODUCTION_ERROR:PRD_HOPPER_DOOR', count);
  const produced = await user.run(['produce', ...cards, '--kiosk', KIOSK, '--wait', '--json']);
  expect(produced.code, produced.stderr).toBe(4);
  return cards;
}

async function takenAll(cards: readonly string[]): Promise<number[]> {
  return Promise.all(cards.map(async (card) => gateway.taken(card)));
}

function outcomesOf({ json }: Ended): string[] {
  return json.cards.map(({ outcome }: { outcome: string }) => outcome);
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

test('twelve failed cards, a kill in the middle, and a second person at the same time: each printed once', async () => {
  const cards = await failedCards(12);
  await kioskMakes('PRODUCED', 4);
  const retry = [...RETRY, '--base-url', gateway.url];

  const plan = await user.run(['retry', '--kiosk', KIOSK, '--dry-run', '--json']);
  const planned = plan.json.plan.kiosks[0].cards.map(
    ({ card }: { card: { profileId: number; cardToken: string } }) => `${card.profileId}/${card.cardToken}`,
  );
  expect(planned).toEqual(cards);

  // The fifth request reached the kiosk; its answer never reaches the first person, who is killed there.
  gateway.holdAt('after', 4);
  const first = spawn(process.execPath, [user.binary, ...retry], { env: user.env });
  await gateway.seen('after');

  const second = await user.run(retry);
  expect(second.code, second.stderr).toBe(9);
  expect(outcomesOf(second)).toEqual(Array.from({ length: 8 }, () => 'refused'));
  expect(second.json.cards[0].error).toMatchObject({ code: 'leased' });
  expect(second.json.cards[0].error.message).toContain(`process ${first.pid}`);

  first.kill('SIGKILL');
  await once(first, 'close');
  gateway.reset();

  // The fifth card is still in the kiosk: it is awaited, not sent.
  await kioskMakes('PRODUCED', 1_000);
  const third = user.start([user.binary, ...retry]);
  const end = ended(third);
  await said(third, 'in the kiosk, waiting for it');
  await user.run(['simulate', cards[4] ?? '', '--status', 'PRODUCED']);
  const again = await end;
  expect(again.code, again.stderr).toBe(0);
  expect(outcomesOf(again)).toEqual(Array.from({ length: 8 }, () => 'done'));
  // One request each when they failed, one after it.
  expect(await takenAll(cards)).toEqual(cards.map(() => 2));
  const status = await user.run(['status', ...cards, '--json']);
  expect(status.json.cards.map(({ stage }: { stage: string }) => stage)).toEqual(cards.map(() => 'produced'));

  const log = await user.run(['log', '--kiosk', KIOSK, '--act', 'retry', '--json']);
  expect(log.json.acts).toHaveLength(12);
  expect(log.json.acts.every(({ reason }: { reason: string }) => reason === 'door closed')).toBe(true);
});

test('a canary that fails again ends the retry, and no other card is sent', async () => {
  const cards = await failedCards(4);
  await kioskMakes('PRODUCTION_ERROR:PRD_HOPPER_DOOR', 1);
  const retry = await user.run(RETRY);
  expect(retry.code, retry.stderr).toBe(4);
  expect(outcomesOf(retry)).toEqual(['failed', 'not-started', 'not-started', 'not-started']);
  expect(await takenAll(cards)).toEqual([2, 1, 1, 1]);
  expect(retry.json.error.message).toBe(
    'Nothing more is sent to kiosk WIS00001: the first card failed again.',
  );
});
