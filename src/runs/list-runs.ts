import type { Context } from '../context/context.ts';
import { leaseOnRun } from '../context/leases.ts';
import type { RunRecord } from '../domain/run.ts';

/** A run, and whether a process carries it out right now. */
export interface ListedRun extends RunRecord {
  isRunning: boolean;
}

/** The runs of this environment, newest first. */
export async function listRuns(ctx: Context, limit: number): Promise<ListedRun[]> {
  const leases = await ctx.journal.listLeases();
  const running = new Set(leases.map(({ subject }) => subject));
  const runs = await ctx.journal.listRuns(limit);
  return runs.map((run) => ({ ...run, isRunning: running.has(leaseOnRun(run.id)) }));
}
