import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { START_WITHIN_MS } from '../../src/detached/plan.ts';
import { leaseOnTerms } from '../../src/plans/announced-servers.ts';
import { handOver } from '../../src/plans/hand-over.ts';
import { planClocks } from '../../src/plans/plan-clocks.ts';
import { approveStoredPlan } from '../../src/plans/stored-plans.ts';
import { beforeCall, Detached, TERMS } from './detached.ts';

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
});
afterEach(() => detached.close());

const HOURS = 9 * 3_600_000;
const sleep = async () => void (detached.world.clock.time += HOURS);

/** Hands a recovery over, with a context that does something right before a method of the journal. */
async function handOverWith(name: Parameters<typeof beforeCall>[1], act: () => Promise<void>) {
  await detached.cards.fail(1);
  const { journal } = detached.server();
  await journal.takeLeases([leaseOnTerms(TERMS)], 'serve');
  return detached.cards.retry({
    detach: async (ctx: Context, approved) => {
      const slow = { ...ctx, journal: beforeCall(ctx.journal, name, act) };
      return handOver(slow, approved, { kind: 'retry', terms: TERMS, startWithin: START_WITHIN_MS });
    },
  });
}

test.each(['readServerClock', 'listPlans', 'renewLeases', 'addPlan'] as const)(
  'no plan is stored by a laptop that slept after the last answer, before it called %s',
  async (name) => {
    await expect(handOverWith(name, sleep)).rejects.toMatchObject({
      code: expect.stringMatching(/not-confirmed|leased|no-server/),
    });
    expect(await detached.world.journal.countPlans()).toBe(0);
  },
);

test('two commands at the same time store one plan for a kiosk', async () => {
  let isFirst = true;
  const twice = handOverWith('addPlan', async () => {
    if (!isFirst) return;
    isFirst = false;
    // The other command checked for open plans before this one stored its own.
    await detached.detach();
  });
  await expect(twice).rejects.toMatchObject({ code: 'plan-open' });
  expect(await detached.world.journal.countPlans()).toBe(1);
});

test('a plan that paused is not approved again by a laptop that slept after the last answer', async () => {
  await detached.cards.fail(1);
  const plan = await detached.detach();
  const ctx = detached.server({ reason: 'again' });
  await ctx.journal.changePlan(plan.id, planClocks(ctx), () => ({ state: 'paused' }));
  const ask = { ...ctx.ask, confirm: async () => true };
  const options = { isAttended: true, startWithin: START_WITHIN_MS, terms: TERMS };
  const slow = { ...ctx, ask, journal: beforeCall(ctx.journal, 'startAction', sleep) };
  await expect(approveStoredPlan(slow, plan.id, options)).rejects.toMatchObject({ code: 'not-confirmed' });
  expect(await detached.find(plan.id)).toMatchObject({ state: 'paused', approval: { number: 1 } });
});
