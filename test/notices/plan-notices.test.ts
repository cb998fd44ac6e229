// Notices about detached plans: one for each end and each pause, whichever servers decide.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancelPlan, PLAN_GAP_MS, type PlanRecord, START_WITHIN_MS } from '../../src/detached/plan.ts';
import { GATHER_MS, Notices } from '../../src/notices/notices.ts';
import { STUCK_MS } from '../../src/notices/problem.ts';
import { planClocks } from '../../src/plans/plan-clocks.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { Detached } from '../plans/detached.ts';

const HOUR_MS = 3_600_000;

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
  detached.cards.kioskMakes('PRODUCED');
});
afterEach(async () => {
  detached.world.abort.abort();
  await detached.close();
});

/** A server with a target of all kinds of notices about plans. */
function newServer(): Notices {
  const url = new URL('https://hooks.example.com/s3cr3t-hook');
  const targets = [{ name: 'on-call', format: 'json', url, kinds: ['plan'] } as const];
  // Its decisions are started by the test.
  const { stopwatch } = SimulatedClock.manual();
  return new Notices(detached.server({ stopwatch }), { targets, stuckAfter: STUCK_MS, gather: GATHER_MS });
}

/** Lets two servers that were just started decide at the same time. */
async function decide(): Promise<void> {
  await Promise.all([newServer(), newServer()].map(async (server) => server.run()));
}

/** The notices so far, as title and command. */
async function notices() {
  const rows = await detached.world.journal.listWaiting({ kind: 'notice', name: 'on-call' }, 100);
  return rows.map(({ notice }) => JSON.parse(notice ?? ''));
}

const facts = async () => (await notices()).map(({ title, command }) => [title, command]);

async function cancel({ id }: PlanRecord): Promise<void> {
  const clocks = planClocks(detached.server());
  await detached.world.journal.changePlan(id, clocks, (plan) =>
    cancelPlan(plan, 'Cancelled: Ada Lovelace, +44 7700 900123'),
  );
}

const run = (words: string) => `kioskctl runs ${words} --environment local`;

test('a plan that ends is one notice with its result, without the reason and the name of its approver', async () => {
  await detached.cards.fail(2);
  const plan = await detached.detach();
  await decide();
  expect(await notices()).toEqual([]);
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'done' });
  await decide();
  await decide();
  const [notice, ...others] = await notices();
  expect(others).toEqual([]);
  expect(notice).toMatchObject({
    kind: 'plan',
    kioskId: 'WIS00001',
    plans: [{ id: plan.id, state: 'done', exitCode: 0, cards: 2, done: 2, failed: 0, left: 0 }],
    advice: null,
    command: run(`show ${plan.id}`),
  });
  expect(JSON.stringify(notice)).not.toMatch(/door closed|s3cr3t/);
  expect(JSON.stringify(notice)).not.toContain(plan.approver.user);
  // A day later the plan is forgotten, and not reported once more.
  detached.world.clock.time += 25 * HOUR_MS;
  await decide();
  await decide();
  expect(await notices()).toHaveLength(1);
  expect((await detached.world.journal.listNotices()).filter(({ key }) => key.startsWith('plan'))).toEqual(
    [],
  );
});

test('a pause is one notice with the command to approve the plan, and the end after it is another one', async () => {
  const failed = await detached.cards.fail(2);
  const plan = await detached.detach();
  const [first] = failed;
  if (!first) throw new Error('no card');
  await detached.dieSending(plan, first);
  await decide();
  expect(await notices()).toEqual([]);
  detached.world.clock.time += PLAN_GAP_MS + 1;
  // Until a server that accepts plans stores the pause, it is derived.
  await decide();
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'paused' });
  await decide();
  detached.world.clock.time += 48 * HOUR_MS;
  await decide();
  const paused = [`Plan ${plan.id} is paused: 0 done, 2 left of 2 cards`, run(`approve ${plan.id}`)];
  expect(await facts()).toEqual([paused]);
  await cancel(plan);
  await decide();
  await decide();
  const cancelled = [`Plan ${plan.id} is cancelled: 0 done, 2 left of 2 cards`, run(`show ${plan.id}`)];
  expect(await facts()).toEqual([paused, cancelled]);
  expect(JSON.stringify(await notices())).not.toMatch(/Lovelace|7700/);
});

test('a plan that no server started in time is one notice, also if no server that accepts plans is running', async () => {
  await detached.cards.fail(1);
  const plan = await detached.detach();
  detached.world.clock.time += START_WITHIN_MS + 1;
  await decide();
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'expired' });
  await decide();
  expect(await facts()).toEqual([
    [`Plan ${plan.id} is expired: 0 done, 1 left of 1 card`, run(`show ${plan.id}`)],
  ]);
});
