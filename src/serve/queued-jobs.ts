import type { Context, OpenJobQueue } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { ServerCredentials } from './health.ts';
import { type Job, type JobState, type Jobs, newStates, runJob } from './jobs.ts';

/** Milliseconds between two attempts to run the jobs, while the database or the package is not available. */
const RETRY_MS = 1_000;
const OBSTACLE_RETRY_MS = 60_000;

/** Milliseconds between two starts of a job from this process: many events come at the same time. */
const START_MS = 250;

/** Runs the jobs of a journal in PostgreSQL, as jobs of graphile-worker: each on any of the servers. */
export class QueuedJobs implements Jobs {
  readonly #ctx: Context;
  readonly #open: OpenJobQueue;
  readonly #credentials: ServerCredentials;
  readonly #states: readonly JobState[];
  readonly #started = new Set<string>();
  #queue: JobQueue | null = null;
  #isRunner = false;
  #obstacle: string | null = null;

  constructor(
    ctx: Context,
    jobs: readonly Job[],
    { open, credentials }: { open: OpenJobQueue; credentials: ServerCredentials },
  ) {
    this.#ctx = ctx;
    this.#open = open;
    this.#credentials = credentials;
    this.#states = newStates(ctx, jobs);
  }

  get isRunner(): boolean {
    return this.#isRunner;
  }

  get obstacle(): string | null {
    return this.#obstacle;
  }

  get states(): readonly Readonly<JobState>[] {
    return this.#states;
  }

  start(name: string): void {
    const state = this.#states.find(({ job }) => job.name === name && job.isOn);
    if (!state || this.#started.has(name)) return;
    this.#started.add(name);
    void this.#startSoon(state.job);
  }

  async run(): Promise<void> {
    const { signal, stopwatch } = this.#ctx;
    this.#queue = await this.#open();
    while (!signal.aborted) {
      const pause = await this.#work(this.#queue).catch((error: unknown) => {
        this.#showObstacle(asFailure(error).message, 'wait');
        return RETRY_MS;
      });
      this.#isRunner = false;
      await stopwatch.sleep(pause, signal).catch(() => undefined);
    }
  }

  /** Runs jobs until the signal, or until the queue is lost. @returns milliseconds before the next attempt */
  async #work(queue: JobQueue): Promise<number> {
    const { signal } = this.#ctx;
    const tasks = this.#states
      .filter(({ job }) => job.isOn)
      .map((state) => ({ ...state.job, run: async () => runJob(this.#ctx, state) }));
    const obstacle = await queue.run(tasks, {
      signal,
      mayUseApi: async () => this.#credentials.recheck(),
      onReady: () => {
        this.#isRunner = true;
        this.#obstacle = null;
      },
    });
    this.#showObstacle(obstacle && `${obstacle.reason}. ${obstacle.fix}.`, 'are off');
    return obstacle ? OBSTACLE_RETRY_MS : RETRY_MS;
  }

  /** Shows what prevents the jobs until they run. An outage has several causes one after the other, and one warning. */
  #showObstacle(obstacle: string | null, state: 'are off' | 'wait'): void {
    const { signal, report } = this.#ctx;
    const isNews = this.#obstacle === null || (state === 'are off' && obstacle !== this.#obstacle);
    if (obstacle !== null && isNews && !signal.aborted) report.warn(`The jobs ${state}: ${obstacle}`);
    this.#obstacle = obstacle;
  }

  /** Starts a job, and again if more starts were requested meanwhile. If a start is lost, the job runs at its next time. */
  async #startSoon(job: Job): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    await stopwatch.sleep(START_MS, signal).catch(() => undefined);
    this.#started.delete(job.name);
    await this.#queue?.start(job).catch(() => undefined);
  }
}
