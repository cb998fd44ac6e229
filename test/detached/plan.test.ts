import { expect, test } from 'vitest';
import {
  approvePlan,
  beatPlan,
  cancelPlan,
  finishPlan,
  isOpenPlan,
  PLAN_GAP_MS,
  PLAN_STATES,
  type PlanChange,
  type PlanRecord,
  pausePlan,
  START_WITHIN_MS,
  startPlan,
} from '../../src/detached/plan.ts';
import { differenceOf } from '../../src/detached/plan-terms.ts';
import { elapsedSince, isFreshApproval, type PlanClocks } from '../../src/detached/plan-time.ts';
import { clocks, plan } from '../harness/plans.ts';

const BY = { executor: { user: 'serve', host: 'ops', pid: 7 }, connection: 'c1', at: 5 };
const MINUTE = 60_000;

/** Clocks some milliseconds after the approval, all of which agree. */
const later = (passed: number, more: Partial<PlanClocks> = {}) => clocks({ passed, ...more });
const after = (record: PlanRecord, change: PlanChange | null) => ({ ...record, ...change });
const running = (more: Partial<PlanRecord> = {}) =>
  after(plan(more), startPlan(plan(more), later(1_000), BY));

test('the elapsed time is the most that any clock shows, and nothing without a clock or with one that was set back', () => {
  const { moment } = plan().approval;
  expect(elapsedSince(moment, later(5_000))).toBe(5_000);
  for (const clock of ['server', 'uptime', 'vendor'] as const)
    expect(elapsedSince(moment, { ...later(5_000), [clock]: (moment[clock] ?? 0) + 9_000 })).toBe(9_000);
  expect(elapsedSince(moment, later(5_000, { observed: 70_000 }))).toBe(70_000);
  expect(elapsedSince(moment, { ...later(5_000), server: null, boot: 'b2', vendor: null })).toBeNull();
  expect(elapsedSince(moment, { ...later(5_000), boot: 'b2' })).toBe(5_000);
  for (const clock of ['server', 'uptime', 'vendor'] as const) {
    expect(elapsedSince(moment, { ...later(5_000), [clock]: (moment[clock] ?? 0) - 3_000 })).toBeNull();
    expect(elapsedSince(moment, { ...later(5_000), [clock]: (moment[clock] ?? 0) - 1_000 })).toBe(5_000);
  }
});

test('a clock that was set back hides no time that another clock shows', () => {
  const hours = later(5_000, { uptime: later(3_600_000).uptime, server: 0 });
  expect(startPlan(plan(), hours, BY)).toMatchObject({
    state: 'expired',
    cause: expect.stringMatching(/in time/),
  });
  expect(beatPlan(running(), hours, BY)?.state).toBe('paused');
});

test('the calendar of the same machine shows that it was suspended with its uptime, and extends nothing', () => {
  const { moment } = plan().approval;
  expect(elapsedSince(moment, later(5_000, { calendar: later(3_600_000).calendar }))).toBe(3_600_000);
  expect(elapsedSince(moment, later(5_000, { calendar: 0 }))).toBe(5_000);
  const elsewhere = { boot: 'b2', calendar: later(3_600_000).calendar };
  expect(elapsedSince(moment, later(5_000, elsewhere))).toBe(5_000);
});

test('an approval is stored within a minute of the last answer, and only if a clock proves it', () => {
  const { moment } = plan().approval;
  expect(isFreshApproval(moment, later(MINUTE))).toBe(true);
  expect(isFreshApproval(moment, later(MINUTE + 1))).toBe(false);
  expect(isFreshApproval(moment, later(0, { observed: MINUTE + 1 }))).toBe(false);
  expect(isFreshApproval(moment, later(0, { server: null, boot: 'b2', vendor: null }))).toBe(false);
});

test('a plan that its executor can’t continue pauses with the cause, unless another process has taken it over', () => {
  const end = { connection: 'c1', cause: 'a row is damaged' };
  expect(pausePlan(running(), later(2_000), end)).toEqual({ state: 'paused', cause: 'a row is damaged' });
  expect(pausePlan(running(), later(2_000), { ...end, connection: 'c2' })).toBeNull();
});

test('a plan starts within its time, and expires after it, whatever stepped clocks show', () => {
  const begun = running();
  expect(begun).toMatchObject({ state: 'running', connection: 'c1', startedAt: 5, executor: { pid: 7 } });
  expect(startPlan(plan(), later(START_WITHIN_MS + 1), BY)?.state).toBe('expired');
  const short = plan();
  short.approval.startWithin = MINUTE;
  expect(startPlan(short, later(MINUTE), BY)?.state).toBe('running');
  expect(startPlan(short, later(MINUTE + 1), BY)).toMatchObject({ state: 'expired', exitCode: 9 });
  // The clock of the database was set back by an hour: that of this machine knows better.
  const steppedBack = later(START_WITHIN_MS + 1, { server: later(5_000).server });
  expect(startPlan(plan(), steppedBack, BY)?.state).toBe('expired');
  const unproven = { ...later(0), server: null, boot: 'b2', vendor: null };
  expect(startPlan(plan(), unproven, BY)).toMatchObject({
    state: 'expired',
    cause: 'No clock proves that the approval is recent enough.',
  });
});

test('a running plan is taken over within a minute of its last sign of life, and pauses after it', () => {
  const begun = running();
  const other = { ...BY, connection: 'c2' };
  const taken = startPlan(begun, later(1_000 + PLAN_GAP_MS), other);
  expect(taken).toMatchObject({ state: 'running', connection: 'c2', startedAt: 5 });
  expect(startPlan(begun, later(1_001 + PLAN_GAP_MS), other)?.state).toBe('paused');
  const restarted = { ...later(2_000), server: null, boot: 'b2' };
  expect(startPlan(begun, restarted, other)?.state).toBe('paused');
  const moment = after(begun, taken);
  expect(beatPlan(moment, later(62_000), { connection: 'c1' })).toBeNull();
  expect(beatPlan(moment, later(62_000), { connection: 'c2' })).toMatchObject({
    beat: { uptime: later(62_000).uptime },
  });
  expect(beatPlan(moment, later(62_000, { observed: PLAN_GAP_MS + 1 }), { connection: 'c2' })?.state).toBe(
    'paused',
  );
});

test('only a plan that paused can be approved again, which gives it a new time to start', () => {
  const begun = running();
  const again = { action: 9, startWithin: MINUTE, moment: later(10 * MINUTE) };
  expect(approvePlan(plan(), later(0), again)).toBeNull();
  expect(approvePlan(begun, later(2_000), again)).toBeNull();
  const paused = after(begun, { state: 'paused', cause: 'x' });
  const approved = after(paused, approvePlan(paused, later(10 * MINUTE), again));
  expect(approved).toMatchObject({ state: 'approved', cause: null, connection: null, beat: null });
  expect(approved.approval).toMatchObject({ action: 9, number: 2 });
  // Nobody has written down that it paused.
  expect(approvePlan(begun, later(10 * MINUTE), again)?.state).toBe('approved');
  expect(startPlan(approved, later(11 * MINUTE), BY)?.state).toBe('running');
  expect(startPlan(approved, later(11 * MINUTE + 1), BY)?.state).toBe('expired');
});

/** The changes of all decisions. */
const decisions = (one: PlanRecord) => [
  startPlan(one, later(2_000), BY),
  beatPlan(one, later(2_000), { connection: 'c1' }),
  approvePlan(one, later(2_000), { action: 9, startWithin: MINUTE, moment: later(2_000) }),
  finishPlan(one, later(2_000), { connection: 'c1', exitCode: 0, error: null }),
];

test('a plan that has ended, or whose journal was restored, is neither started, continued, approved nor finished', () => {
  for (const state of PLAN_STATES.filter((one) => !isOpenPlan({ state: one })))
    expect([...decisions({ ...running(), state }), cancelPlan({ ...running(), state }, 'x')]).toEqual(
      Array.from({ length: 5 }, () => null),
    );
  for (const state of ['approved', 'running', 'paused'] as const)
    for (const change of decisions({ ...running(), state, isOfJournal: false }))
      expect(change).toMatchObject({
        state: 'cancelled',
        exitCode: 9,
        cause: expect.stringMatching(/restored/),
      });
});

test('a plan ends with its exit code, unless another process has taken it over', () => {
  const end = { connection: 'c1', exitCode: 4, error: null } as const;
  expect(finishPlan(running(), later(2_000), end)).toEqual({ state: 'done', exitCode: 4, error: null });
  expect(finishPlan(running(), later(2_000), { ...end, connection: 'c2' })).toBeNull();
  expect(finishPlan(running(), later(90_000), end)?.state).toBe('paused');
  expect(cancelPlan(running(), 'why')).toMatchObject({ state: 'cancelled', cause: 'why', exitCode: 9 });
});

test('a server with another context, API, version or other credentials may not carry out a plan', () => {
  const { terms } = plan();
  expect(differenceOf(terms, { ...terms })).toBeNull();
  expect(differenceOf(terms, { ...terms, context: 'b' })).toBe('context b instead of bank');
  expect(differenceOf(terms, { ...terms, api: 'https://x' })).toBe('another API');
  expect(differenceOf(terms, { ...terms, major: 2 })).toBe('version 2.x instead of 1.x');
  expect(differenceOf(terms, { ...terms, credentials: 'y' })).toBe('other credentials');
});
