import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';

/** Work that must happen although nobody runs a command. May run any number of times. */
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

interface JobState {
  job: Job;
  dueAt: Reading;
  runs: { done: number; failed: number };
  /** Milliseconds since the epoch; null before the first success. */
  succeededAt: number | null;
  isFailing: boolean;
}

/** Lease of the process that runs the jobs of a journal. */
const LEASE = 'jobs server';

/** Milliseconds between two checks for due jobs and for the lease. A killed process keeps it for 10 seconds. */
const TICK_MS = 5_000;

/**
 * Runs jobs at intervals. Of all servers that use a journal, the one with a lease runs them: if it ends, even by a kill,
 * another one continues within 20 seconds.
 */
export class Jobs {
  readonly #ctx: Context;
  readonly #states: readonly JobState[];
  #isRunner = false;

  constructor(ctx: Context, jobs: readonly Job[]) {
    this.#ctx = ctx;
    this.#states = jobs.map((job) => ({
      job,
      dueAt: ctx.stopwatch.after(job.after),
      runs: { done: 0, failed: 0 },
      succeededAt: null,
      isFailing: false,
    }));
  }

  /** True if this process has the lease. */
  get isRunner(): boolean {
    return this.#isRunner;
  }

  get states(): readonly Readonly<JobState>[] {
    return this.#states;
  }

  /** Runs due jobs until the signal of the context, and then releases the lease. */
  async run(): Promise<void> {
    const { stopwatch, signal, journal } = this.#ctx;
    while (!signal.aborted) {
      this.#isRunner = await this.#hasLease().catch(() => false);
      if (this.#isRunner) await Promise.all(this.#states.map(async (state) => this.#runDue(state)));
      await stopwatch.sleep(TICK_MS, signal).catch(() => undefined);
    }
    if (this.#isRunner) await journal.releaseLeases([LEASE]).catch(() => undefined);
    this.#isRunner = false;
  }

  /** Takes the lease, or takes it again if it expired while this process was suspended. */
  async #hasLease(): Promise<boolean> {
    const { journal } = this.#ctx;
    if (this.#isRunner && (await journal.holdsLeases([LEASE]))) return true;
    if (this.#isRunner) await journal.releaseLeases([LEASE]);
    this.#isRunner = false;
    return (await journal.takeLeases([LEASE], 'serve')).length === 0;
  }

  async #runDue(state: JobState): Promise<void> {
    const { stopwatch, calendar, report, signal } = this.#ctx;
    const { job } = state;
    if (stopwatch.until(state.dueAt) > 0 || !job.isOn) return;
    try {
      await job.run();
      state.runs.done += 1;
      state.succeededAt = calendar.now();
      state.isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      state.runs.failed += 1;
      if (!state.isFailing) report.warn(`The job ${job.name} failed: ${asFailure(error).message}`);
      state.isFailing = true;
    }
    state.dueAt = stopwatch.after(job.every);
  }
}
