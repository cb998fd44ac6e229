import { beforeEach, describe, expect, test } from 'vitest';
import { beatPlan, cancelPlan, finishPlan, PLAN_GAP_MS, startPlan } from '../../../src/detached/plan.ts';
import { parseKioskId } from '../../../src/domain/ids.ts';
import type { Journal, NewPlan, OwnClocks } from '../../../src/journal/journal.ts';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { plan } from '../../harness/plans.ts';
import { TOKEN } from '../../harness/records.ts';

const KIOSK = parseKioskId('WIS00001');

/** Clocks of a process on the machine that approved the plan. */
const own = (passed = 0): OwnClocks => ({ boot: 'b1', uptime: 1_000 + passed, vendor: null, observed: 0 });

const start = async (by: Journal, passed = 0) =>
  by.changePlan('r1', own(passed), (one, now, process) => startPlan(one, now, { ...process, at: 5 }));

describe.each(JOURNALS)('the plans of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;
  let other: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
    other = fixture.open();
  });

  async function approve(): Promise<number> {
    const card = { profileId: 0, orderId: null, cardToken: null };
    return journal.startAction({
      action: 'approve',
      context: 'bank',
      ...card,
      kioskId: KIOSK,
      reason: 'door closed',
      plan: { id: 'r1', approval: null },
      at: fixture.now,
    });
  }

  async function add(more: Partial<NewPlan> = {}) {
    const { kind, terms, kioskIds, selection, maxFailures, timeout, settings, simulation } = plan();
    const action = await approve();
    return journal.addPlan(
      {
        id: 'r1',
        kind,
        terms,
        kioskIds,
        selection,
        maxFailures,
        timeout,
        settings,
        simulation,
        approval: { action, startWithin: 60_000 },
        cards: [
          { cardToken: TOKEN, record: { name: 'one' }, result: null },
          { cardToken: null, record: { name: 'two' }, result: null },
        ],
        at: fixture.now,
        ...more,
      },
      own(),
    );
  }

  test('a plan has its approver from the audit log, its cards, and their number by result', async () => {
    const added = await add();
    expect(added).toMatchObject({
      id: 'r1',
      state: 'approved',
      cards: 2,
      approver: {
        user: expect.any(String),
        host: expect.any(String),
        reason: 'door closed',
        at: fixture.now,
      },
      counts: { done: 0, failed: 0, left: 2 },
      isOfJournal: true,
    });
    expect(await other.findPlan('r1', own())).toEqual(added);
    expect(await other.listPlans({ isOpen: true }, own())).toEqual([added]);
    expect(await other.listPlanCards('r1')).toEqual([
      { number: 1, cardToken: TOKEN, attemptId: null, record: { name: 'one' }, result: null },
      { number: 2, cardToken: null, attemptId: null, record: { name: 'two' }, result: null },
    ]);
    const result = { outcome: 'failed', exitCode: 4 } as never;
    await journal.savePlanCard('r1', 1, result);
    expect((await other.listPlanCards('r1'))[0]?.result).toEqual(result);
    expect(await other.findPlan('r1', own())).toMatchObject({ counts: { done: 0, failed: 1, left: 1 } });
    expect(await fixture.open('production').listPlans({}, own())).toEqual([]);
    expect([await other.countPlans(), await other.findPlan('r2', own())]).toEqual([1, null]);
  });

  test('of several processes that start a plan, the last one continues it, and an ended plan never changes', async () => {
    await add();
    expect((await start(journal))?.state).toBe('running');
    const taken = await start(other, 1_000);
    expect(taken).toMatchObject({ state: 'running', startedAt: 5, executor: { pid: process.pid } });
    const end = { exitCode: 0, error: null } as const;
    const finish = async (by: Journal) =>
      by.changePlan('r1', own(2_000), (one, now, process) => finishPlan(one, now, { ...process, ...end }));
    expect((await finish(journal))?.state).toBe('running');
    expect(await finish(other)).toMatchObject({ state: 'done', exitCode: 0, endedAt: expect.any(Number) });
    expect((await journal.changePlan('r1', own(), (one) => cancelPlan(one, 'late')))?.state).toBe('done');
    await expect(journal.changePlan('r1', own(), () => ({ state: 'running' }))).rejects.toThrow(
      'never changed',
    );
    expect(await journal.listPlans({ isOpen: true }, own())).toEqual([]);
  });

  test('a plan without a sign of life for a minute is shown as paused, before anybody writes it down', async () => {
    await add();
    await start(journal);
    const beat = async (passed: number) =>
      journal.changePlan('r1', own(passed), (one, now, process) => beatPlan(one, now, process));
    await beat(PLAN_GAP_MS);
    expect((await other.findPlan('r1', own(2 * PLAN_GAP_MS)))?.state).toBe('running');
    expect((await other.findPlan('r1', own(2 * PLAN_GAP_MS + 1)))?.state).toBe('paused');
    expect((await other.findPlan('r1', own(PLAN_GAP_MS)))?.state).toBe('running');
    expect((await beat(2 * PLAN_GAP_MS + 1))?.state).toBe('paused');
    expect((await other.findPlan('r1', own(PLAN_GAP_MS)))?.state).toBe('paused');
  });

  test('a card is marked as sent for a plan only by its executor, while it runs, and its attempt is recorded', async () => {
    await add();
    const { attempt } = await fixture.claimed(journal);
    const send = async () => journal.markSent(attempt, fixture.sending({ plan: 'r1' }));
    expect(await send()).toBeNull();
    await start(other);
    expect(await send()).toBeNull();
    expect((await journal.listPlanCards('r1'))[0]?.attemptId).toBeNull();
    await start(journal);
    expect(await send()).toMatchObject({ outcome: 'sent' });
    expect((await journal.listPlanCards('r1'))[0]?.attemptId).toBe(attempt.id);
  });

  test.each([
    ['was cancelled', async (by: Journal) => by.changePlan('r1', own(), (one) => cancelPlan(one, 'stop'))],
    ['paused', async (by: Journal) => by.changePlan('r1', own(), () => ({ state: 'paused' }))],
    [
      'has a kiosk that was on hold since the approval',
      async (by: Journal) => {
        const { hold } = await by.holdKiosk({ kioskId: KIOSK, reason: 'door', context: 'bank', at: 1 });
        await by.releaseKiosk(hold, 2);
      },
    ],
  ])('a card is not marked as sent for a plan that %s', async (_, change) => {
    const { hold } = await other.holdKiosk({ kioskId: KIOSK, reason: 'before', context: 'bank', at: 0 });
    await other.releaseKiosk(hold, 1);
    await add();
    await start(journal);
    const { attempt } = await fixture.claimed(journal);
    await change(other);
    expect(await journal.markSent(attempt, fixture.sending({ plan: 'r1' }))).toBeNull();
    // A command may send it.
    expect(await journal.markSent(attempt, fixture.sending())).toMatchObject({ outcome: 'sent' });
  });

  test('the audit log has the approver of an action beside the user who performs it', async () => {
    const { approval } = await add();
    const card = { profileId: 1001, orderId: 501, cardToken: TOKEN, kioskId: KIOSK, reason: null };
    const at = fixture.now;
    const ofPlan = { plan: { id: 'r1', approval: approval.action } };
    await other.startAction({ action: 'retry', context: 'bank', ...card, at, ...ofPlan });
    await other.startAction({ action: 'retry', context: 'bank', ...card, at });
    const log = await journal.listActions({});
    const [approved] = log;
    const { user, host, login } = approved ?? {};
    expect(log.map(({ action, plan: id, approver }) => [action, id, approver])).toEqual([
      ['approve', 'r1', null],
      ['retry', 'r1', { user, host, login }],
      ['retry', null, null],
    ]);
  });
});
