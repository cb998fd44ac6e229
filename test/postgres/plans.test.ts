// Detached plans in PostgreSQL: what the database itself requires of a login that writes them.
import { expect } from 'vitest';
import { startPlan } from '../../src/detached/plan.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Journal, NewPlan } from '../../src/journal/journal.ts';
import { nextServerGeneration } from '../../src/journal/tables/state.ts';
import { plan } from '../harness/plans.ts';
import {
  makeLogin,
  makeSchema,
  openPostgresJournal,
  openTestSession,
  testWithPostgres,
} from '../harness/postgres.ts';
import { TOKEN } from '../harness/records.ts';

const KIOSK = parseKioskId('WIS00001');
const NOBODY = { profileId: 0, orderId: null, cardToken: null };
const CLOCKS = { boot: 'b1', uptime: 1_000, calendar: 1, vendor: null, observed: 0 };
const unchecked = () => undefined;

/** Starts an action with which a user approves a plan. @returns its id */
async function approve(journal: Journal, id: string): Promise<number> {
  const about = { action: 'approve' as const, context: 'bank', kioskId: KIOSK, reason: 'door closed' };
  return journal.startAction({ ...about, ...NOBODY, plan: { id, approval: null }, at: 1 });
}

function newPlan(id: string, action: number): NewPlan {
  const { kind, terms, kioskIds, selection, maxFailures, timeout, settings, simulation } = plan();
  const facts = { id, kind, terms, kioskIds, selection, maxFailures, timeout, settings, simulation };
  const cards = [{ cardToken: TOKEN, record: {}, result: null }];
  return {
    ...facts,
    approval: { action, startWithin: 60_000, moment: { ...CLOCKS, server: 1 } },
    cards,
    at: 1,
  };
}

testWithPostgres(
  'a login can store a plan only within its own approval, and add no card to a plan that was approved',
  async () => {
    const owner = await makeSchema();
    const [ada, eve] = [await makeLogin(owner), await makeLogin(owner)];
    const open = (address: typeof ada) =>
      openPostgresJournal({ address, environment: 'sandbox', now: () => Date.now() });
    const journal = open(ada);
    const action = await approve(journal, 'r1');
    await journal.addPlan(newPlan('r1', action), CLOCKS, unchecked);
    const session = await openTestSession(eve);
    const names = 'environment, facts, state, generation, last_hold, progress, created_at, approved_act';
    const copyPlan = `INSERT INTO plans (id, ${names}) SELECT 'r2', ${names} FROM plans`;
    const addCard = `INSERT INTO plan_cards (environment, plan_id, number, record) VALUES ('sandbox', 'r1', 9, '{}')`;
    await expect(session.run(copyPlan)).rejects.toThrow('a plan needs an approval of its login');
    await expect(session.run(addCard)).rejects.toThrow('a card needs the approval of its plan');

    await journal.endAction(action, { exitCode: 0, orderId: null, attemptId: null, at: 2 });
    const own = await openTestSession(ada);
    await expect(own.run(addCard)).rejects.toThrow('a card needs the approval of its plan');
    // An approval that has ended, or is for another plan, approves nothing.
    const others = open(eve);
    const other = await approve(others, 'r3');
    const reapprove = `UPDATE plans SET approved_act = ${other} WHERE id = 'r1'`;
    await expect(session.run(reapprove)).rejects.toThrow('a plan needs an approval of its login');
    await expect(session.run(`UPDATE plans SET facts = '{}'`)).rejects.toThrow(
      /permission denied|never changed/,
    );
    const added = others.addPlan(newPlan('r3', other), CLOCKS, unchecked);
    await expect(added).resolves.toMatchObject({ approval: { action: other } });
  },
);

testWithPostgres('a failover to a promoted standby cancels a plan, whoever reads it', async () => {
  const owner = await makeSchema();
  const open = () => openPostgresJournal({ address: owner, environment: 'sandbox', now: () => Date.now() });
  const journal = open();
  await journal.addPlan(newPlan('r1', await approve(journal, 'r1')), CLOCKS, unchecked);
  const session = await openTestSession(owner);
  // A client marks a database at another place in this way: see failover.test.ts.
  await session.script(...nextServerGeneration(Date.now()));
  const later = open();
  expect(await later.findPlan('r1', CLOCKS)).toMatchObject({ state: 'cancelled', exitCode: 9 });
  const started = await later.changePlan('r1', CLOCKS, (one, now, by) =>
    startPlan(one, now, { ...by, at: 1 }),
  );
  expect(started).toMatchObject({
    state: 'cancelled',
    cause: expect.stringContaining('failed over') as string,
  });
});
