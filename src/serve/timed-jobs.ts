import type { Context } from '../context/context.ts';
import { type Job, type JobState, type Jobs, newStates, runJob } from './jobs.ts';

/** Lease of the process that runs the jobs of a journal. */
const LEASE = 'jobs server';

/** Milliseconds between two checks for due jobs and for the lease. A killed process keeps it for 10 seconds. */
const TICK_MS = 5_000;

/**
 * Runs the jobs of a journal in a file, at intervals. Of all servers that use it, the one with a lease runs them: if it ends,
 * even by a kill, another one continues within 20 seconds.
 */
export class TimedJobs implements Jobs {
  readonly obstacle = null;
  readonly #ctx: Context;
  readonly #states: readonly JobState[];
  readonly #running = new Map<JobState, Promise<void>>();
  #isRunner = false;
  #wake = () => undefined as void;

  constructor(ctx: Context, jobs: readonly Job[]) {
    this.#ctx = ctx;
    this.#states = newStates(ctx, jobs);
  }

  get isRunner(): boolean {
    return this.#isRunner;
  }

  get states(): readonly Readonly<JobState>[] {
    return this.#states;
  }

  start(name: string): void {
    const state = this.#states.find(({ job }) => job.name === name);
    if (!state) return;
    state.dueAt = this.#ctx.stopwatch.now();
    this.#wake();
  }

  /** Runs due jobs until the signal of the context, and then releases the lease. A long run does not delay other jobs. */
  async run(): Promise<void> {
    const { signal, journal } = this.#ctx;
    while (!signal.aborted) {
      this.#isRunner = await this.#hasLease().catch(() => false);
      if (this.#isRunner) for (const state of this.#states) this.#runDue(state);
      await this.#pause();
    }
    await Promise.all(this.#running.values());
    if (this.#isRunner) await journal.releaseLeases([LEASE]).catch(() => undefined);
    this.#isRunner = false;
  }

  /** Waits for the next check, the start of a job, or the signal. */
  async #pause(): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await stopwatch.sleep(TICK_MS, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  }

  /** Takes the lease, or takes it again if it expired while this process was suspended. */
  async #hasLease(): Promise<boolean> {
    const { journal } = this.#ctx;
    if (this.#isRunner && (await journal.holdsLeases([LEASE]))) return true;
    if (this.#isRunner) await journal.releaseLeases([LEASE]);
    this.#isRunner = false;
    return (await journal.takeLeases([LEASE], 'serve')).length === 0;
  }

  #runDue(state: JobState): void {
    const { stopwatch } = this.#ctx;
    if (this.#running.has(state) || stopwatch.until(state.dueAt) > 0 || !state.job.isOn) return;
    state.dueAt = stopwatch.after(state.job.every);
    const began = state.dueAt;
    const run = runJob(this.#ctx, state).finally(() => {
      this.#running.delete(state);
      // A start that was requested during the run stays.
      if (state.dueAt === began) state.dueAt = stopwatch.after(state.job.every);
      else this.#wake();
    });
    this.#running.set(state, run);
  }
}
