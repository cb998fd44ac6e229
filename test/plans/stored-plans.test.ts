// What users do with plans: hand over, follow, cancel and approve again. And what ends plans.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { PLAN_GAP_MS, type PlanRecord, START_WITHIN_MS } from '../../src/detached/plan.ts';
import { asFailure, type FailureCode, failure } from '../../src/domain/errors/failure.ts';
import { makeStyle } from '../../src/output/style.ts';
import { leaseOnTerms } from '../../src/plans/announced-servers.ts';
import { prepareHandOver } from '../../src/plans/hand-over.ts';
import { PlanServer } from '../../src/plans/plan-server.ts';
import { endOfPlan, shownPlan } from '../../src/plans/plan-views.ts';
import {
  approveStoredPlan,
  cancelStoredPlan,
  findStoredPlan,
  followPlan,
} from '../../src/plans/stored-plans.ts';
import { beforeCall, Detached, TERMS } from './detached.ts';

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
  detached.cards.kioskMakes('PRODUCED');
});
afterEach(() => detached.close());

const APPROVAL = { isAttended: true, startWithin: START_WITHIN_MS, terms: TERMS };

/** A user at a terminal of their own. */
const newUser = (reason = 'smoke'): Context => ({ ...detached.server(), reason });

/** Lets a server carry out a plan until the result of its first card. */
async function interrupt(plan: PlanRecord): Promise<void> {
  const over = new AbortController();
  const server = detached.server({ signal: over.signal });
  const { journal } = server;
  const savePlanCard: typeof journal.savePlanCard = async (...result) => {
    over.abort(failure('terminated', 'Terminated.', ''));
    return journal.savePlanCard(...result);
  };
  await detached.execute({ ...server, journal: { ...journal, savePlanCard } }, plan);
}

test('a plan that paused continues after another approval, which the audit log has beside the first one', async () => {
  const failed = await detached.cards.fail(3);
  const plan = await detached.detach();
  await interrupt(plan);
  detached.world.clock.time += PLAN_GAP_MS + 1;
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'paused' });
  const bob = newUser('server is back');
  await expect(approveStoredPlan(bob, plan.id, APPROVAL)).rejects.toMatchObject({
    code: 'no-server',
    hint: 'Start one: kioskctl serve --accept-plans.',
  });
  await detached.server().journal.takeLeases([leaseOnTerms(TERMS)], 'serve');
  const other = { ...APPROVAL, terms: { ...TERMS, credentials: 'k2' } };
  await expect(approveStoredPlan(bob, plan.id, other)).rejects.toThrow('was made with other settings');
  detached.world.answers.push(true);
  expect(await approveStoredPlan(bob, plan.id, APPROVAL)).toMatchObject({
    changed: true,
    plan: { state: 'approved', approval: { number: 2 }, approver: { reason: 'server is back' } },
  });
  await expect(approveStoredPlan(bob, plan.id, APPROVAL)).rejects.toMatchObject({ code: 'plan-stopped' });
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'done', exitCode: 0 });
  expect(await detached.puts(failed)).toEqual([2, 2, 2]);
  const log = (await detached.world.journal.listActions({})).filter((one) => one.plan === plan.id);
  const approvals = log.filter(({ action }) => action === 'approve');
  expect(new Set(approvals.map(({ reason }) => reason))).toEqual(new Set(['door closed', 'server is back']));
});

test.each([401, 403])(
  'a user whose token Wise refuses with %s can’t approve a plan that paused',
  async (status) => {
    await detached.cards.fail(2);
    const plan = await detached.detach();
    await interrupt(plan);
    detached.world.clock.time += PLAN_GAP_MS + 1;
    await detached.execute(detached.server(), plan);
    await detached.server().journal.takeLeases([leaseOnTerms(TERMS)], 'serve');
    detached.world.answers.push(true);
    detached.world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 5, status });
    await expect(approveStoredPlan(newUser(), plan.id, APPROVAL)).rejects.toMatchObject({ exitCode: 3 });
    expect(await detached.find(plan.id)).toMatchObject({ state: 'paused', approval: { number: 1 } });
  },
);

test('a plan is cancelled with a reason, once, and no server starts it', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  expect(await cancelStoredPlan(newUser(), plan.id)).toMatchObject({
    changed: true,
    plan: { state: 'cancelled', exitCode: 9, cause: 'Cancelled: smoke' },
  });
  expect(await cancelStoredPlan(newUser(), plan.id)).toMatchObject({ changed: false });
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'cancelled' });
  expect(await detached.puts(failed)).toEqual([1]);
});

test('a plan that was carried out can neither be cancelled nor approved', async () => {
  await detached.cards.fail(1);
  const plan = await detached.detach();
  await detached.execute(detached.server(), plan);
  const refused = { code: 'plan-stopped', exitCode: 9 };
  await expect(cancelStoredPlan(newUser(), plan.id)).rejects.toMatchObject(refused);
  await expect(approveStoredPlan(newUser(), plan.id, APPROVAL)).rejects.toMatchObject(refused);
  await expect(cancelStoredPlan(newUser(), 'no such plan')).rejects.toMatchObject({ code: 'not-found' });
});

test('a restored journal cancels a plan, whoever reads it, and nothing is sent', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  const db = new DatabaseSync(join(detached.world.folder, 'journal.db'));
  db.exec("UPDATE identity SET generation = 'restored', restored_at = 1");
  db.close();
  const server = detached.server();
  expect((await findStoredPlan(server, plan.id))?.plan).toMatchObject({
    state: 'cancelled',
    exitCode: 9,
    cause: expect.stringContaining('restored or moved'),
  });
  await new PlanServer(server, TERMS).runDue();
  expect((await findStoredPlan(server, plan.id))?.plan).toMatchObject({ state: 'cancelled' });
  expect(await detached.puts(failed)).toEqual([1]);
});

test.each([
  ['context', { ...TERMS, context: 'other' }],
  ['application', { ...TERMS, credentials: 'k2' }],
  ['API', { ...TERMS, api: 'https://other.example' }],
  ['major version', { ...TERMS, major: 2 }],
])('a server leaves a plan to others if its %s differs', async (_, terms) => {
  const failed = await detached.cards.fail(1);
  await detached.detach();
  const ended: string[] = [];
  for (const [name, own] of Object.entries({ other: terms, equal: TERMS }))
    await new PlanServer(detached.server(), own, () => void ended.push(name)).runDue();
  await expect.poll(() => ended).toEqual(['equal']);
  expect(await detached.puts(failed)).toEqual([2]);
});

test('a plan is handed over only while a server with equal terms accepts plans', async () => {
  const detachment = { kind: 'retry', terms: TERMS, startWithin: START_WITHIN_MS } as const;
  const refused = expect.objectContaining({ code: 'no-server', exitCode: 9 }) as Error;
  await expect(prepareHandOver(newUser(), detachment)).rejects.toEqual(refused);
  await detached.server().journal.takeLeases([leaseOnTerms({ ...TERMS, credentials: 'k2' })], 'serve');
  await expect(prepareHandOver(newUser(), detachment)).rejects.toThrow('has other credentials');
  await detached.server().journal.takeLeases([leaseOnTerms(TERMS)], 'serve');
  await expect(prepareHandOver(newUser(), detachment)).resolves.toEqual(expect.any(Function));
});

test.each([
  ['is done', 0, 2],
  ['was cancelled', 9, 0],
] as const)('following a plan that %s ends with its exit code', async (_, exitCode, done) => {
  await detached.cards.fail(2);
  const plan = await detached.detach();
  if (exitCode === 9) await cancelStoredPlan(newUser(), plan.id);
  await detached.execute(detached.server(), plan);
  const seen: PlanRecord[] = [];
  const onChange = async (stored: { plan: PlanRecord }) => void seen.push(stored.plan);
  const end = await followPlan(newUser(), plan.id, { onChange, onRead: () => undefined });
  expect([endOfPlan(end), seen.map(({ counts }) => counts.done)]).toEqual([exitCode, [done]]);
});

test('Ctrl-C ends only the view of a plan, and says that the plan continues', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  const over = new AbortController();
  const user = detached.server({ signal: over.signal });
  const notes: string[] = [];
  user.report.note = (text) => void notes.push(text);
  const onRead = () => over.abort(failure('interrupted', 'Interrupted.', ''));
  const following = followPlan(user, plan.id, { onChange: async () => undefined, onRead });
  await expect(following).rejects.toMatchObject({ code: 'interrupted' });
  expect(notes).toEqual([expect.stringContaining(`Only this view ended: plan ${plan.id} continues.`)]);
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'done' });
  expect(await detached.puts(failed)).toEqual([2]);
});

/** Lets the journal be away for the first reads of a plan, and follows the plan. */
async function followWhileAway(plan: PlanRecord, { code = 'journal-unusable' as FailureCode, times = 1e9 }) {
  const user = detached.server();
  const warnings: string[] = [];
  user.report.warn = (text) => void warnings.push(text);
  const journal = beforeCall(user.journal, 'findPlan', async (nth) => {
    if (nth <= times) throw failure(code, 'The journal is away.', 'Repair it.');
  });
  const started = detached.world.clock.now();
  const silent = { onChange: async () => undefined, onRead: () => undefined };
  const end = await followPlan({ ...user, journal }, plan.id, silent).catch(asFailure);
  return { end, warnings, passed: detached.world.clock.now() - started };
}

test('a view of a plan waits while the journal is away, and says that the plan continues', async () => {
  await detached.cards.fail(1);
  const plan = await detached.detach();
  await detached.execute(detached.server(), plan);
  const { end, warnings } = await followWhileAway(plan, { times: 3 });
  expect(end).toMatchObject({ plan: { state: 'done' } });
  expect(warnings).toEqual([expect.stringContaining(`Plan ${plan.id} continues at its server.`)]);
});

test.each([
  ['is away for a minute', 'journal-unusable', PLAN_GAP_MS],
  ['was replaced', 'journal-replaced', 0],
] as const)(
  'a view of a plan whose journal %s ends with 9, and the hint that only the view has ended',
  async (_, code, passed) => {
    await detached.cards.fail(1);
    const followed = await followWhileAway(await detached.detach(), { code });
    expect(followed.end).toMatchObject({
      code,
      exitCode: 9,
      hint: expect.stringMatching(/^Only this view ended\. .*kioskctl runs show \S+ --follow/),
    });
    expect(followed.passed).toBe(passed);
  },
);

test('a card that was sent is not shown as not started while its result is missing', async () => {
  const [first] = await detached.cards.fail(2);
  const plan = await detached.detach();
  if (first) await detached.dieSending(plan, first);
  const stored = await findStoredPlan(newUser(), plan.id);
  if (!stored) throw new Error('no plan');
  const shown = shownPlan(stored, { flags: [] });
  expect(shown.document).toMatchObject({ cards: [{ outcome: null }, { outcome: 'not-started' }] });
  expect(shown.text(makeStyle(false))).toMatch(
    /… 1001\/\S+ sent to WIS00001, no result yet\n– 1001\/\S+ not-started\n2 cards: 1 sent, 1 not-started\n$/,
  );
});
