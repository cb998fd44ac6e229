import pMap from 'p-map';
import type { Context } from '../context/context.ts';
import { leaseOnRun, withLeases } from '../context/leases.ts';
import { Failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { type NewRun, RunCodes, type RunRecord } from '../domain/run.ts';
import { everyRunCard } from '../journal/run-cards.ts';
import { newCard, wasAtKiosk } from './card-record.ts';
import { CardRun } from './card-run.ts';
import { cleanUp } from './clean-up.ts';
import { type Plan, Run, runContext } from './run.ts';
import { RunBoard } from './run-progress.ts';

/**
 * Carries a scenario out for all cards of a run, and keeps how it goes.
 * @returns the run as it is kept now; without an end when it was interrupted
 */
export async function startRun(ctx: Context, run: NewRun, plan: Plan): Promise<RunRecord> {
  return goOn(ctx, { id: run.id, plan }, async () => ctx.journal.startRun(run));
}

/** Goes on with a run that was interrupted, or whose process died. One that is over stays as it is. */
export async function resumeRun(ctx: Context, record: RunRecord, plan: Plan): Promise<RunRecord> {
  if (record.endedAt !== null) return record;
  return goOn(ctx, { id: record.id, plan }, async () => {
    await ctx.journal.reopenRun(record.id);
    return findRun(ctx, record.id);
  });
}

async function goOn(
  ctx: Context,
  { id, plan }: { id: string; plan: Plan },
  begin: () => Promise<RunRecord>,
): Promise<RunRecord> {
  return withLeases(ctx, { subjects: [leaseOnRun(id)], action: 'run' }, async () => {
    const record = await begin();
    const run = new Run(runContext(ctx, record), record, plan);
    await runCards(ctx, run);
    if (!ctx.signal.aborted) await close(ctx, run);
    return findRun(ctx, id);
  });
}

async function runCards(ctx: Context, run: Run): Promise<void> {
  const { scenario, cards, concurrency } = run.record;
  const before = await recall(ctx, run);
  const board = new RunBoard(ctx, { title: scenario, total: cards, before });
  try {
    await pMap(
      numbersTo(cards),
      async (number) => {
        if (ctx.signal.aborted || run.broken !== null) return;
        await runCard(ctx, run, { number, board }).catch((error: unknown) => void (run.broken ??= error));
      },
      { concurrency },
    );
  } finally {
    board.close();
    await run.releaseReservedLocks();
  }
  if (run.broken !== null) throw run.broken;
}

async function runCard(
  ctx: Context,
  run: Run,
  { number, board }: { number: number; board: RunBoard },
): Promise<void> {
  const kept = run.record.sessions > 1 ? await ctx.journal.findRunCard(run.record.id, number) : null;
  if (kept?.endedAt != null) return;
  if (run.isStopped && (kept === null || kept.outcome === 'not-started'))
    return run.save(newCard(run.plan(number), 'not-started'));
  const card = new CardRun(run, run.plan(number), kept);
  card.onStep = (step) => board.step(step);
  board.begin(card.record);
  board.end(await card.complete());
}

/** Outside of production, what was ordered is cancelled. */
async function close(ctx: Context, run: Run): Promise<void> {
  const { id, keep } = run.record;
  const freed = keep ? [] : await cleanUp(run, (text) => ctx.report.note(text));
  if (ctx.signal.aborted) return;
  const codes = new RunCodes();
  for await (const card of everyRunCard(ctx.journal, id)) codes.add(card);
  await ctx.journal.endRun({ id, exitCode: codes.combine(null), freed, at: ctx.calendar.now() });
}

/** What earlier sessions left: how many cards came to an end, which are in kiosks, and whether one ended the run. */
async function recall(ctx: Context, run: Run): Promise<{ passed: number; failed: number }> {
  const count = { passed: 0, failed: 0 };
  if (run.record.sessions === 1) return count;
  for await (const card of everyRunCard(ctx.journal, run.record.id)) {
    if (card.stopsRun) run.isStopped = true;
    if (card.endedAt !== null) count[card.outcome === 'passed' ? 'passed' : 'failed'] += 1;
    else if (wasAtKiosk(card)) await run.reserveLock(card);
  }
  return count;
}

/** @throws Failure `not-found` */
export async function findRun(ctx: Context, id: string): Promise<RunRecord> {
  const run = await ctx.journal.findRun(id);
  if (run) return run;
  throw new Failure('not-found', `The journal of ${ctx.environment} has no run ${id}.`, {
    hint: `See those that it has: ${commandLine(['runs', 'list'], ctx.invocation)}`,
  });
}

function* numbersTo(last: number): Generator<number> {
  for (let number = 1; number <= last; number += 1) yield number;
}
