import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';

/** A task that a server runs at intervals. A repeated run does no harm. */
export interface Job {
  name: string;
  /** Milliseconds between the end of a run and the start of the next one. */
  every: number;
  /** Milliseconds before the first run. */
  after: number;
  /** False for a job that is not configured. */
  isOn: boolean;
  /** True for a job that reads the API, which needs credentials. */
  needsApi: boolean;
  run: () => Promise<void>;
}

export interface JobState {
  job: Job;
  dueAt: Reading;
  runs: { done: number; failed: number };
  /** Milliseconds since the epoch; null before the first success. */
  succeededAt: number | null;
  isFailing: boolean;
}

/** Runs jobs while a server is running. Of all servers on a journal, one at a time runs each job. */
export interface Jobs {
  /** True if this process may run jobs now. */
  readonly isRunner: boolean;
  /** Why this server can't run the jobs, with what to do if it must be mended; null if it can. */
  readonly obstacle: string | null;
  /** The jobs, with their runs in this process. */
  readonly states: readonly Readonly<JobState>[];
  /** Runs due jobs until the signal of the context. */
  run(): Promise<void>;
  /** Runs a job now instead of at its time. If the job is running, it runs once more afterwards. */
  start(name: string): void;
}

export function newStates({ stopwatch }: Context, jobs: readonly Job[]): JobState[] {
  return jobs.map((job) => ({
    job,
    dueAt: stopwatch.after(job.after),
    runs: { done: 0, failed: 0 },
    succeededAt: null,
    isFailing: false,
  }));
}

/** Runs a job, and counts the run. Warns of the first failure of several. */
export async function runJob({ calendar, report, signal }: Context, state: JobState): Promise<void> {
  const { job } = state;
  try {
    await job.run();
    state.runs.done += 1;
    state.succeededAt = calendar.now();
    state.isFailing = false;
  } catch (error) {
    if (signal.aborted) return;
    state.runs.failed += 1;
    const { message, details } = asFailure(error);
    if (!state.isFailing)
      report.warn(`The job ${job.name} failed: ${message}`, { traceId: details?.traceId });
    state.isFailing = true;
  }
}
