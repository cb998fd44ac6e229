// A card whose last attempt was made after the backup that became the journal.
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import type { Context, Timing } from '../../src/context/context.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { CardResult } from '../../src/domain/results.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { backUpJournal, restoreJournal } from '../../src/support/journal/file-journal.ts';
import { World } from '../harness/world.ts';

const kioskId = parseKioskId('WIS00001');
/** As in production. */
const TIMING: Timing = {
  timeout: 600_000,
  firstPause: 2_000,
  interval: 10_000,
  longestPause: 30_000,
  settleWindow: 120_000,
  killedWindow: 300_000,
};

let world: World;
let backup: string;
let journals: Journal[];

beforeEach(async () => {
  world = await World.open();
  backup = join(world.folder, 'backup.db');
  journals = [];
  return async () => {
    await closeJournals();
    await world.close();
  };
});

/** A command of its own, with its own connection to the journal. */
function command(timing: Partial<Timing> = {}): Context {
  const journal = world.openJournal();
  journals.push(journal);
  return world.context({ journal, timing: { ...TIMING, ...timing } });
}

async function closeJournals(): Promise<void> {
  for (const journal of journals.splice(0)) await journal.close();
}

async function backUp(): Promise<void> {
  await backUpJournal(command(), backup, { force: false });
}

async function restore(): Promise<void> {
  await closeJournals();
  await world.journal.close();
  world.answers.push(true);
  await restoreJournal(world.context({ timing: TIMING }), backup);
}

async function send(ctx: Context, ...targets: CardRequest[]): Promise<CardResult[]> {
  return produce(ctx, { targets, kioskId, wait: false, settings: {}, simulation: null });
}

/** A produce request of a process that was killed, as it arrives. */
async function arrive({ cardToken }: CardRequest): Promise<number> {
  const { status } = await fetch(`${world.url}/v3/spend/profiles/1001/cards/${cardToken}/production`, {
    method: 'PUT',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ kioskId }),
  });
  return status;
}

test('a card that was sent after the backup is not sent again while that request may arrive', async () => {
  const card = await world.readyCard();
  await backUp();
  await restore();
  const start = world.clock.now();
  // As late as it can.
  world.clock.plan(299_000, async () => expect(await arrive(card)).toBe(200));
  const [result] = await send(command(), card);
  expect(result).toMatchObject({ exitCode: 0, card: { stage: 'in-progress' } });
  expect(world.clock.now() - start).toBeGreaterThanOrEqual(300_000);
  expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  expect(world.said.join('\n')).toMatch(
    /the journal was restored, or its server failed over, at 2026-03-01T\S+Z; waiting, because a request may have been sent that it does not have \(5m\)/,
  );
});

test('each card waits once after a restore, and the cards of one command wait together', async () => {
  const cards = [await world.readyCard(), await world.readyCard(), await world.readyCard()];
  const [first, second, third] = cards as [CardRequest, CardRequest, CardRequest];
  await backUp();
  await restore();
  const start = world.clock.now();
  const ctx = command();
  expect((await send(ctx, first, second)).map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(world.clock.now() - start).toBeLessThan(310_000);
  expect(await ctx.journal.countState()).toMatchObject({ markedCards: 1 });
  // The mark of a card is gone, also for other commands; that of another card is not.
  const other = command();
  expect(await other.journal.findRestoreMark(first.cardToken as never)).toBeNull();
  const begin = world.clock.now();
  await send(other, third);
  expect(world.clock.now() - begin).toBeGreaterThanOrEqual(300_000);
  expect(await world.puts()).toEqual({ sent: 3, taken: 3 });
});

test('a deadline within the wait sends nothing, and the next command waits the whole window', async () => {
  const card = await world.readyCard();
  await backUp();
  await restore();
  const [result] = await send(command({ timeout: 60_000 }), card);
  expect(result).toMatchObject({
    exitCode: 8,
    error: {
      message: expect.stringMatching(/was not sent: the journal was restored, .* may still arrive for 4m/),
      hint: expect.stringMatching(/--timeout of more than 5m/),
    },
  });
  expect(await world.puts()).toEqual({ sent: 0, taken: 0 });
  const start = world.clock.now();
  await send(command(), card);
  expect(world.clock.now() - start).toBeGreaterThanOrEqual(300_000);
});

test('a step of the calendar does not shorten the wait after a restore', async () => {
  const card = await world.readyCard();
  await backUp();
  await restore();
  let slept = 0;
  const ctx = command();
  world.clock.plan(1_000, () => world.clock.stepCalendar(3_600_000));
  await send(
    { ...ctx, stopwatch: world.clock.stopwatchWith((milliseconds) => void (slept += milliseconds)) },
    card,
  );
  expect(slept).toBeGreaterThanOrEqual(300_000);
});

test('a backup that is put in place by hand counts as restored', async () => {
  const card = await world.readyCard();
  await backUp();
  await closeJournals();
  await world.journal.close();
  const { copyFileSync } = await import('node:fs');
  copyFileSync(backup, join(world.folder, 'journal.db'));
  const start = world.clock.now();
  await send(command(), card);
  expect(world.clock.now() - start).toBeGreaterThanOrEqual(300_000);
});

test('a journal that was never restored does not wait', async () => {
  const card = await world.readyCard();
  await backUp();
  const start = world.clock.now();
  await send(command(), card);
  expect(world.clock.now() - start).toBeLessThan(1_000);
});
