// Plans that can't be continued: they end or pause, and are not tried for ever.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { approvePlan, PLAN_GAP_MS, START_WITHIN_MS } from '../../src/detached/plan.ts';
import { failure } from '../../src/domain/errors/failure.ts';
import { PlanObservations, planClocks } from '../../src/plans/plan-clocks.ts';
import { PlanServer } from '../../src/plans/plan-server.ts';
import { HERE } from '../kiosks/failed-cards.ts';
import { beforeCall, countCalls, Detached, TERMS } from './detached.ts';

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
});
afterEach(() => detached.close());

test('a kiosk that was on hold since the approval ends the plan, even if the hold ended while a card was in it', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const server = detached.server();
  const journal = beforeCall(server.journal, 'savePlanCard', async (times) => {
    if (times > 1) return;
    const reason = { kioskId: HERE, reason: 'smoke', context: 'local', at: 1 };
    const { hold } = await detached.world.journal.holdKiosk(reason);
    await detached.world.journal.releaseKiosk(hold, 2);
  });
  expect(await detached.execute({ ...server, journal }, plan)).toMatchObject({
    state: 'done',
    exitCode: 9,
    error: { code: 'plan-held' },
    counts: { done: 1, failed: 1, left: 1 },
  });
  expect(await detached.puts(failed)).toEqual([2, 1, 1]);
});

test('a plan pauses with the cause if something unexpected happens after its start', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  const server = detached.server();
  const journal = beforeCall(server.journal, 'listCardStates', async () => {
    throw new TypeError('no such field');
  });
  expect(await detached.execute({ ...server, journal }, plan)).toMatchObject({
    state: 'paused',
    cause: expect.stringContaining('no such field'),
  });
  expect(await detached.puts(failed)).toEqual([1]);
});

test('a plan that makes no progress for over a minute pauses, although its server is running', async () => {
  await detached.cards.fail(1);
  const plan = await detached.detach();
  const server = detached.server();
  const journal = beforeCall(server.journal, 'listCardStates', async () => {
    throw failure('leased', 'Card 7 is locked by root@vm.', '');
  });
  const locked = { ...server, journal };
  const observations = new PlanObservations(locked);
  const round = async () => detached.execute(locked, plan, observations);
  for (let passed = 0; passed <= PLAN_GAP_MS; passed += PLAN_GAP_MS / 4) {
    await expect(round()).rejects.toMatchObject({ code: 'leased' });
    expect((await detached.find(plan.id)).state).toBe('running');
    detached.world.clock.time += PLAN_GAP_MS / 4;
  }
  expect(await round()).toMatchObject({ state: 'paused', cause: expect.stringContaining('root@vm') });
});

test('the actions of a plan that was approved again meanwhile have the second approver and reason', async () => {
  await detached.cards.fail(1);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const { journal } = detached.world;
  const server = detached.server();
  // The server reads the plan; then it pauses, and somebody approves it again.
  const again = beforeCall(server.journal, 'findPlan', async (times) => {
    if (times > 1) return;
    const bob = detached.world.openJournal('local', { user: 'bob' });
    const card = { profileId: 0, orderId: null, cardToken: null, kioskId: HERE, reason: 'it is back' };
    const ofPlan = { plan: { id: plan.id, approval: null }, at: detached.world.clock.now() };
    const action = await bob.startAction({ action: 'approve', context: 'local', ...card, ...ofPlan });
    const clocks = planClocks(server);
    const moment = { ...clocks, server: null };
    await bob.changePlan(plan.id, clocks, () => ({ state: 'paused' }));
    const approval = { action, startWithin: START_WITHIN_MS, moment };
    await bob.changePlan(plan.id, clocks, (one, now) => approvePlan(one, now, approval));
    await bob.close();
  });
  expect(await detached.execute({ ...server, journal: again }, plan)).toMatchObject({ state: 'done' });
  const [retry] = (await journal.listActions({})).filter(({ action }) => action === 'retry').slice(-1);
  expect(retry).toMatchObject({ reason: 'it is back', approver: { user: 'bob' } });
});

test('a server beside another one only reads the journal, and its plans are left to it', async () => {
  await detached.cards.fail(1);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const worker = detached.server();
  await worker.journal.takeLeases([`run ${plan.id}`, `kiosk ${HERE}`], 'plan');
  const server = detached.server();
  const writes = countCalls(server.journal, ['takeLeases', 'releaseLeases', 'changePlan', 'startAction']);
  const idle = new PlanServer({ ...server, journal: writes.journal }, TERMS);
  await idle.runDue();
  await idle.runDue();
  expect(writes.count).toBe(0);
  await worker.journal.releaseLeases([`run ${plan.id}`, `kiosk ${HERE}`]);
  await idle.runDue();
  await expect.poll(async () => (await detached.find(plan.id)).state, { timeout: 60_000 }).toBe('done');
});
