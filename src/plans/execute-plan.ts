import type { Ask, Context, Report } from '../context/context.ts';
import { leaseOnCard, leaseOnKiosk, leaseOnRun, withLeases } from '../context/leases.ts';
import { finishPlan, PLAN_GAP_MS, type PlanRecord, pausePlan, startPlan } from '../detached/plan.ts';
import { type ExitCode, isOfSignal } from '../domain/errors/exit-codes.ts';
import { asFailure, type Failure, type FailureDocument, failure } from '../domain/errors/failure.ts';
import { type CardResult, exitCodeOf, gravestOf, isOfJournal } from '../domain/results.ts';
import { START } from '../kiosks/retry/canary.ts';
import type { RetryPlan } from '../kiosks/retry/retry-plan.ts';
import type { PlanExecution } from '../kiosks/retry/retry-watcher.ts';
import { runRetries } from '../kiosks/retry/run-retry.ts';
import { Heart } from './heart.ts';
import { type PlanObservations, planClocks, readFresh } from './plan-clocks.ts';
import {
  findRemaining,
  plannedOf,
  type Remaining,
  reconcileOthers,
  replayCanaries,
} from './remaining-cards.ts';

/** A server has no user to prompt: everything was answered when the plan was approved. */
const NOBODY: Ask = {
  requireAnswers: refuse,
  confirm: refuse,
  choose: refuse,
  type: refuse,
};

function refuse(): never {
  throw failure('not-confirmed', 'A detached plan can’t prompt for anything.', 'Make another plan.');
}

/** Returns the context in which a server carries out a plan: with the reason of its approver, and without prompts. */
function executorContext(server: Context, { id, approval, approver, timeout }: PlanRecord): Context {
  const { report } = server;
  const about = (text: string) => `Plan ${id}: ${text}`;
  const quiet: Report = {
    note: (text) => report.note(about(text)),
    hint: () => undefined,
    warn: (text) => report.warn(about(text)),
    block: () => undefined,
    learn: async (card) => report.learn(card),
    progress: () => undefined,
  };
  return {
    ...server,
    reason: approver.reason,
    plan: { id, approval: approval.action },
    timing: { ...server.timing, timeout },
    ask: NOBODY,
    report: quiet,
  };
}

/** After these failures and those of the journal, a server continues with the same card. */
function isPassing(
  code: string,
): code is 'leased' | 'plan-stopped' | 'journal-unusable' | 'journal-replaced' {
  return isOfJournal(code) || code === 'leased' || code === 'plan-stopped';
}

/** True for a result that says nothing about the card. */
function isUnfinished({ exitCode, error }: Pick<CardResult, 'exitCode' | 'error'>): boolean {
  return (exitCode !== null && isOfSignal(exitCode)) || (error !== undefined && isPassing(error.code));
}

/**
 * Carries out a plan, or what another server has left of it: canary first, one card a kiosk. May be called any number of
 * times, by any number of servers: the leases let one of them work, and the attempts in the journal decide what is sent.
 * A plan that can't be continued for over a minute, or in which something unexpected happens, pauses.
 * @returns the plan after it; null if it is not finished
 * @throws Failure `leased` while another process works on the plan, its kiosks or cards; Outage if Wise does not answer
 */
export async function executePlan(
  server: Context,
  plan: PlanRecord,
  observations: PlanObservations,
): Promise<PlanRecord | null> {
  const ctx = executorContext(server, plan);
  const { journal } = ctx;
  const all = await journal.listPlanCards(plan.id);
  const cards = all.flatMap((card) => (card.result === null ? (plannedOf(card) ?? []) : []));
  const subjects = [
    leaseOnRun(plan.id),
    ...plan.kioskIds.map(leaseOnKiosk),
    ...cards.map(({ cardToken }) => leaseOnCard(cardToken)),
  ];
  return withLeases(ctx, { subjects, action: 'plan' }, async () => {
    const [first] = cards;
    const vendor = first ? await readFresh(ctx, first) : null;
    const now = await journal.findPlan(plan.id, planClocks(ctx));
    const begun = await journal.changePlan(
      plan.id,
      planClocks(ctx, { vendor, observed: now ? observations.since(now) : 0 }),
      (one, now, by) => startPlan(one, now, { ...by, at: ctx.calendar.now() }),
    );
    if (begun?.state !== 'running') return begun;
    // Somebody may have approved the plan again since it was read.
    return carryOut(executorContext(server, begun), begun, observations);
  });
}

/** Sends what is left of a plan, and ends or pauses it. @returns null if it is not finished */
async function carryOut(
  ctx: Context,
  plan: PlanRecord,
  observations: PlanObservations,
): Promise<PlanRecord | null> {
  const heart = new Heart(ctx, plan);
  try {
    const end = await sendRemaining(ctx, plan, heart);
    return await ctx.journal.changePlan(plan.id, planClocks(ctx), (one, now, { connection }) =>
      finishPlan(one, now, { connection, ...end }),
    );
  } catch (error) {
    if (ctx.signal.aborted) return null;
    return await pauseIfStuck(ctx, asFailure(error), { plan, observations });
  } finally {
    await heart.stop();
  }
}

/** Pauses a plan after a failure. @throws the failure, if the plan may be continued after it */
async function pauseIfStuck(
  ctx: Context,
  why: Failure,
  { plan: { id }, observations }: { plan: PlanRecord; observations: PlanObservations },
): Promise<PlanRecord | null> {
  const now = await ctx.journal.findPlan(id, planClocks(ctx));
  if (now?.state !== 'running') return now;
  if (isPassing(why.code) && observations.stuckFor(now) <= PLAN_GAP_MS) throw why;
  const cause = `It could not be continued: ${why.message}`;
  return ctx.journal.changePlan(id, planClocks(ctx), (one, clocks, { connection }) =>
    pausePlan(one, clocks, { connection, cause }),
  );
}

/** Sends what is left of a plan. @returns its end @throws Failure if it is not finished */
async function sendRemaining(
  ctx: Context,
  plan: PlanRecord,
  heart: Heart,
): Promise<{ exitCode: ExitCode; error: FailureDocument | null }> {
  const { journal } = ctx;
  const cards = await journal.listPlanCards(plan.id);
  const canaries = replayCanaries(plan, cards);
  const { joined, blocked } = await reconcileOthers(ctx, plan, cards);
  for (const { kioskId, failure } of blocked) {
    const stop = { code: failure.code, exitCode: failure.exitCode, why: failure.message };
    if (kioskId !== null) canaries.set(kioskId, { ...START, stop });
  }
  const own = await findRemaining(ctx, cards);
  const kiosks = plan.kioskIds.map((kioskId) => {
    const others = joined.filter((one) => one.kioskId === kioskId);
    return { kioskId, cards: [...others, ...(own.get(kioskId) ?? [])], usual: null };
  });
  const results: CardResult[] = cards.flatMap(({ result }) => result ?? []);
  const onResult: PlanExecution['onResult'] = async (planned, result) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the cards that are passed below
    const { number, kioskId } = planned as Remaining;
    if (number === null || isUnfinished(result)) return;
    const stored = { ...result, kioskId, approval: plan.approval.number };
    if (!(await journal.savePlanCard(plan.id, number, stored)))
      throw failure('plan-stopped', 'another server carries out the plan', '');
  };
  const { maxFailures, selection, settings, simulation } = plan;
  const execution = { canaries, onResult, findStop: async () => heart.findStop() };
  const options = { maxFailures, selection, settings, simulation, execution };
  const retry: RetryPlan = { kiosks, leftOut: [], beyondLimit: 0 };
  const numbers = kiosks.flatMap((kiosk) => kiosk.cards.map(({ number }) => number));
  const { results: made, stops } = await runRetries(ctx, retry, options);
  ctx.signal.throwIfAborted();
  const stop = stops.find(({ code }) => isPassing(code));
  if (stop) throw stop;
  const unfinished = made.find(isUnfinished)?.error;
  if (unfinished) throw failure('plan-stopped', unfinished.message, unfinished.hint);
  const planned = made.filter((_, index) => numbers[index] !== null);
  const exitCode = exitCodeOf([...results, ...planned], stops);
  return { exitCode, error: gravestOf(stops)?.toDocument() ?? null };
}
