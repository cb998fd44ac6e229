import { forEachInLanes, type Lane } from '../cards/session/each-card.ts';
import type { Context } from '../context/context.ts';
import { leaseOnRun, withLeases } from '../context/leases.ts';
import { type NewRun, RunCodes, type RunRecord } from '../domain/run.ts';
import { everyRunCard } from '../journal/run-cards.ts';
import { newCard, wasAtKiosk } from './card-record.ts';
import { CardRun } from './card-run.ts';
import { cleanUp } from './clean-up.ts';
import { hasUnaccepted, reopen } from './recover-step.ts';
import { type Plan, Run, runContext } from './run.ts';
import { RunProgress } from './run-progress.ts';
import { findRun } from './stored-runs.ts';

/**
 * Carries out a scenario for all cards of a run, and stores the progress.
 * @returns the run as it is stored now; without an end after an interruption
 */
export async function startRun(ctx: Context, run: NewRun, plan: Plan): Promise<RunRecord> {
  return carryOut(ctx, { id: run.id, plan }, async () => ctx.journal.startRun(run));
}

/**
 * Continues a run that was interrupted, or whose process was killed. What was certainly not accepted is sent once more; a
 * run that is over and has nothing of that stays as it is.
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

/** Works on the cards side by side; the kiosk locks of the run keep cards apart that go to the same kiosk. */
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

/** Cancels the orders unless they are to be kept, and stores the exit code. */
async function close(ctx: Context, run: Run): Promise<void> {
  const { id, keep } = run.record;
  const freed = keep ? [] : await cleanUp(run, (text) => ctx.report.note(text));
  if (ctx.signal.aborted) return;
  const codes = new RunCodes();
  for await (const card of everyRunCard(ctx.journal, id)) codes.add(card);
  await ctx.journal.endRun({ id, exitCode: codes.combine(null), freed, at: ctx.calendar.now() });
}

/** Restores what earlier sessions left, and locks the kiosks that have cards. @returns the number of cards that ended */
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
