import pMap from 'p-map';
import { cancelOne } from '../cards/cancel.ts';
import { forEachInLanes, type Lane } from '../cards/session/each-card.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { leaseOnRun, withLeases } from '../context/leases.ts';
import { recordAction } from '../context/record-action.ts';
import { combineExitCodes, type ExitCode } from '../domain/errors/exit-codes.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import {
  exitCodeOfCard,
  type FreedPlaces,
  type NewRun,
  type RunCard,
  type RunRecord,
} from '../domain/run.ts';
import { everyRunCard, pagesOfRunCards } from '../journal/run-cards.ts';
import { listPrograms } from '../wise/orders.ts';
import { hasUnaccepted, newCard, reopen, wasAtKiosk } from './card-record.ts';
import { CardRun } from './card-run.ts';
import { type Plan, Run, runContext } from './run.ts';
import { RunProgress } from './run-progress.ts';
import { findRun } from './stored-runs.ts';

/**
 * Executes a scenario for all cards of a run and records the progress.
 * @returns the stored run; without an end time after an interruption
 */
export async function startRun(ctx: Context, run: NewRun, plan: Plan): Promise<RunRecord> {
  return carryOut(ctx, { id: run.id, plan }, async () => ctx.journal.startRun(run));
}

/**
 * Resumes a run that was interrupted or killed. Requests that Wise did not accept are sent once more. A finished run
 * without such requests stays unchanged.
 */
export async function resumeRun(ctx: Context, record: RunRecord, plan: Plan): Promise<RunRecord> {
  if (record.endedAt !== null && !(await hasUnaccepted(ctx, record))) return record;
  return carryOut(ctx, { id: record.id, plan }, async () => {
    await ctx.journal.reopenRun(record.id);
    return findRun(ctx, record.id);
  });
}

async function carryOut(
  ctx: Context,
  { id, plan }: { id: string; plan: Plan },
  open: () => Promise<RunRecord>,
): Promise<RunRecord> {
  return withLeases(ctx, { subjects: [leaseOnRun(id)], action: 'run' }, async () => {
    const record = await open();
    const run = new Run(runContext(ctx, record), record, plan);
    await runCards(ctx, run);
    if (!ctx.signal.aborted) await close(ctx, run);
    return findRun(ctx, id);
  });
}

/** Processes the cards in parallel. The kiosk locks allow one card at a time per kiosk. */
async function runCards(ctx: Context, run: Run): Promise<void> {
  const { scenario, cards, concurrency } = run.record;
  const before = await restore(ctx, run);
  const board = new RunProgress(ctx, { title: scenario, total: cards, before });
  const stop = () => ctx.signal.aborted || run.broken !== null;
  try {
    await forEachInLanes(lanesTo(cards), { concurrency, stop }, async (number, _, isStopped) => {
      if (!isStopped)
        await runCard(ctx, run, { number, board }).catch((error: unknown) => void (run.broken ??= error));
    });
  } finally {
    board.close();
    await run.releaseReservedLocks();
  }
  if (run.broken !== null) throw run.broken;
}

async function runCard(
  ctx: Context,
  run: Run,
  { number, board }: { number: number; board: RunProgress },
): Promise<void> {
  const stored = run.record.sessions > 1 ? await ctx.journal.findRunCard(run.record.id, number) : null;
  if (stored?.endedAt != null) return;
  if (run.isStopped && (stored === null || stored.outcome === 'not-started'))
    return run.save(newCard(run.plan(number), 'not-started'));
  const card = new CardRun(run, run.plan(number), stored);
  card.onStep = (step) => board.step(step);
  board.begin(card.record);
  board.end(await card.complete());
}

/** Cancels the run's orders, unless `--keep` is set, and records the exit code. */
async function close(ctx: Context, run: Run): Promise<void> {
  const { id, keep } = run.record;
  const freed = keep ? [] : await cleanUp(run, ctx);
  if (ctx.signal.aborted) return;
  let exitCode: ExitCode = 0;
  for await (const card of everyRunCard(ctx.journal, id))
    exitCode = combineExitCodes([exitCode, exitCodeOfCard(card)]);
  await ctx.journal.endRun({ id, exitCode, freed, at: ctx.calendar.now() });
}

/**
 * Restores the state of earlier sessions, and locks the kiosks in which they left cards.
 * @returns the numbers of cards that have passed and failed
 */
async function restore(ctx: Context, run: Run): Promise<{ passed: number; failed: number }> {
  const count = { passed: 0, failed: 0 };
  if (run.record.sessions === 1) return count;
  for await (const card of everyRunCard(ctx.journal, run.record.id)) {
    const isReopened = await reopen(ctx, card);
    if (isReopened) await run.save(card);
    if (card.stopsRun) run.isStopped = true;
    if (isReopened) continue;
    if (card.endedAt !== null) count[card.outcome === 'passed' ? 'passed' : 'failed'] += 1;
    else if (wasAtKiosk(card)) await run.reserveLock(card);
  }
  return count;
}

function* lanesTo(last: number): Generator<Lane<number>> {
  for (let number = 1; number <= last; number += 1) yield { kiosk: null, cards: [number] };
}

type Order = RunCard['orders'][number];

/** Timeout of a cancellation, in milliseconds. It is independent of the timeouts of steps. */
const CANCEL_MS = 60_000;

/** Final order statuses, besides CANCELLED. Such orders can't be cancelled. */
const ENDED = new Set(['COMPLETED', 'RETURNED']);

/** Cancels the orders of a run that are not cancelled yet. @returns the effect on the card limit, for each profile */
async function cleanUp(run: Run, { report }: Context): Promise<FreedPlaces[]> {
  const { ctx } = run;
  let isReported = false;
  const limits = new Map<number, boolean>();
  for await (const cards of pagesOfRunCards(ctx.journal, run.record.id)) {
    const left = cards.filter(({ orders }) => orders.some(({ cleanUp }) => cleanUp === null));
    if (left.length > 0 && !isReported) report.note('Cancelling the orders of the run.');
    isReported ||= left.length > 0;
    const profiles = new Set(left.flatMap(({ orders }) => orders.map(({ profileId }) => profileId)));
    for (const profileId of profiles)
      if (!limits.has(profileId)) limits.set(profileId, await isAtLimit(ctx, profileId));
    await pMap(left, async (card) => cleanCard(run, card), { concurrency: run.record.concurrency });
    if (ctx.signal.aborted) break;
  }
  return Promise.all(
    [...limits].map(async ([profileId, wasAtLimit]) => ({
      profileId,
      isFreed: wasAtLimit ? !(await isAtLimit(ctx, profileId)) : null,
    })),
  );
}

/** True if the card limit is reached: Wise offers the profile no physical program. */
async function isAtLimit(ctx: Context, profileId: number): Promise<boolean> {
  const programs = await listPrograms(ctx.wise, profileId).catch(() => null);
  return programs !== null && programs.every(({ cardType }) => cardType !== 'PHYSICAL');
}

async function cleanCard(run: Run, card: RunCard): Promise<void> {
  for (const order of card.orders) {
    if (order.cleanUp !== null || run.ctx.signal.aborted) continue;
    order.cleanUp = await cancelOrder(run, order);
  }
  await run.save(card);
}

async function cancelOrder(run: Run, { profileId, orderId }: Order): Promise<Order['cleanUp']> {
  const { record } = run;
  const ctx = { ...run.ctx, timing: { ...run.ctx.timing, timeout: CANCEL_MS } };
  const session = new CardSession(ctx, { profileId, orderId, cardToken: null });
  const act = { card: session, action: 'cancel', selection: `run ${record.id}` } as const;
  try {
    const isCancelled = await recordAction(ctx, act, async () => cancelOne(ctx, session));
    return isCancelled ? 'cancelled' : 'ended-before';
  } catch (error) {
    if (ctx.signal.aborted) return null;
    if (ENDED.has(session.card.orderStatus ?? '')) return 'ended-before';
    const { message } = asFailure(error);
    const name = formatReference({ profileId, orderId, cardToken: null });
    ctx.report.warn(`Order ${name} could not be cancelled: ${message}`);
    return 'failed';
  }
}
