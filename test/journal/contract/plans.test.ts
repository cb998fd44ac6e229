import { beforeEach, describe, expect, test } from 'vitest';
import { beatPlan, cancelPlan, finishPlan, PLAN_GAP_MS, startPlan } from '../../../src/detached/plan.ts';
import { parseKioskId } from '../../../src/domain/ids.ts';
import type { CheckPlan, Journal, NewPlan, OwnClocks } from '../../../src/journal/journal.ts';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { plan } from '../../harness/plans.ts';
import { TOKEN } from '../../harness/records.ts';

const KIOSK = parseKioskId('WIS00001');

/** Clocks of a process on the machine that approved the plan. */
const own = (passed = 0): OwnClocks => {
  return { boot: 'b1', uptime: 1_000 + passed, calendar: passed, vendor: null, observed: 0 };
};

/** The request of a process that carries the plan out. */
const ofPlan = (passed = 0) => ({ plan: { id: 'r1', uptime: own(passed).uptime } });

const FAILED = { outcome: 'failed', exitCode: 4 } as never;

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

  async function add(more: Partial<NewPlan> = {}, check: CheckPlan = () => undefined) {
    const { kind, terms, kioskIds, selection, maxFailures, timeout, settings, simulation } = plan();
    const action = await approve();
    const moment = { ...own(), server: await journal.readServerClock() };
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
        approval: { action, startWithin: 60_000, moment },
        cards: [
          { cardToken: TOKEN, record: { name: 'one' }, result: null },
          { cardToken: null, record: { name: 'two' }, result: null },
        ],
        at: fixture.now,
        ...more,
      },
      own(),
      check,
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
    await start(journal);
    expect(await journal.savePlanCard('r1', 1, FAILED)).toBe(true);
    expect((await other.listPlanCards('r1'))[0]?.result).toEqual(FAILED);
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
    const send = async () => journal.markSent(attempt, fixture.sending(ofPlan()));
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
    expect(await journal.markSent(attempt, fixture.sending(ofPlan()))).toBeNull();
    // A command may send it.
    expect(await journal.markSent(attempt, fixture.sending())).toMatchObject({ outcome: 'sent' });
  });

  test('a card is not marked as sent if its server gave no sign of life for a minute', async () => {
    await add();
    await start(journal);
    const { attempt } = await fixture.claimed(journal);
    const send = async (passed: number) => journal.markSent(attempt, fixture.sending(ofPlan(passed)));
    expect(await send(PLAN_GAP_MS + 1)).toBeNull();
    expect((await journal.listPlanCards('r1'))[0]?.attemptId).toBeNull();
    expect(await send(PLAN_GAP_MS)).toMatchObject({ outcome: 'sent' });
  });

  test('the result of a card is stored once, and only by the process that carries the plan out', async () => {
    await add();
    expect(await journal.savePlanCard('r1', 1, FAILED)).toBe(false);
    await start(journal);
    await start(other);
    expect(await journal.savePlanCard('r1', 1, FAILED)).toBe(false);
    expect(await other.savePlanCard('r1', 1, FAILED)).toBe(true);
    await start(journal);
    const again = { outcome: 'done', exitCode: 0 } as never;
    expect(await journal.savePlanCard('r1', 1, again)).toBe(false);
    expect((await journal.listPlanCards('r1'))[0]?.result).toEqual(FAILED);
    // A card that is in its kiosk when its plan is cancelled still has a result.
    await other.changePlan('r1', own(), (one) => cancelPlan(one, 'stop'));
    expect(await journal.savePlanCard('r1', 2, again)).toBe(true);
  });

  test('a new plan is checked against the open plans in the transaction that stores it', async () => {
    await add();
    const seen: string[][] = [];
    const refuse: CheckPlan = (open) => {
      seen.push(open.map(({ id }) => id));
      throw new Error('refused');
    };
    await expect(add({ id: 'r2' }, refuse)).rejects.toThrow('refused');
    expect(seen).toEqual([['r1']]);
    expect(await journal.countPlans()).toBe(1);
  });

  test.each([
    ['of another plan', { action: 'approve', plan: { id: 'r2', approval: null } }],
    ['that approves nothing', { action: 'retry', plan: { id: 'r1', approval: null } }],
  ] as const)('an action %s makes nobody the approver of a plan', async (_, act) => {
    await add();
    const card = { profileId: 0, orderId: null, cardToken: null, kioskId: KIOSK, reason: null };
    const action = await journal.startAction({ context: 'bank', ...card, at: fixture.now, ...act });
    const forge = journal.changePlan('r1', own(), (one) => ({ approval: { ...one.approval, action } }));
    // A server rejects it. In a file, the plan is not found any more.
    expect(await forge.catch(() => null)).toBeNull();
    expect((await journal.findPlan('r1', own()))?.approval.action).not.toBe(action);
  });

  test('the audit log has the approver of an action beside the user who performs it', async () => {
    const { approval } = await add();
    const card = { profileId: 1001, orderId: 501, cardToken: TOKEN, kioskId: KIOSK, reason: null };
    const at = fixture.now;
    await other.startAction({
      action: 'retry',
      context: 'bank',
      ...card,
      at,
      plan: { id: 'r1', approval: approval.action },
    });
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
