import type { Context } from '../context/context.ts';
import { leaseOnRun } from '../context/leases.ts';
import { failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import type { RunRecord } from '../domain/run.ts';

export interface ListedRun extends RunRecord {
  /** True if a process is executing the run. */
  isRunning: boolean;
}

/**
 * Lists the runs of this environment, newest first.
 * @param limit maximum number of runs
 * @returns the runs, and the total number of stored runs
 */
export async function listRuns(ctx: Context, limit: number): Promise<{ runs: ListedRun[]; total: number }> {
  const leases = await ctx.journal.listLeases();
  const running = new Set(leases.filter(({ isRunning }) => isRunning).map(({ subject }) => subject));
  const runs = await ctx.journal.listRuns(limit);
  return {
    runs: runs.map((run) => ({ ...run, isRunning: running.has(leaseOnRun(run.id)) })),
    total: runs.length < limit ? runs.length : await ctx.journal.countRuns(),
  };
}

/** Returns a run from the journal. @throws Failure `not-found` */
export async function findRun(ctx: Context, id: string): Promise<RunRecord> {
  const run = await ctx.journal.findRun(id);
  if (run) return run;
  throw failure(
    'not-found',
    `The journal of ${ctx.environment} has no run ${id}.`,
    `List them: ${commandLine(['runs', 'list'], ctx.invocation)}`,
  );
}
