import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerPool } from 'graphile-worker';
import type { MakeFault } from '../database/faults.ts';
import type { PostgresAddress } from '../postgres/address.ts';
import { faultOf } from '../postgres/faults.ts';
import { PostgresSession } from '../postgres/session.ts';
import { type Graphile, loadGraphile, type Obstacle } from './graphile.ts';
import {
  findObstacle,
  freeDead,
  lockWorker,
  queueSchemaOf,
  quietLogger,
  scheduleSql,
} from './queue-schema.ts';

/** A task that runs on one server at a time. */
export interface QueuedTask {
  name: string;
  /** Milliseconds between the end of a run and the start of the next one. */
  every: number;
  /** Milliseconds before the first run. */
  after: number;
  /** True for a task that only servers with credentials run. */
  needsApi: boolean;
  run: () => Promise<void>;
}

interface QueueWorld {
  /** Stops the queue. Runs in progress may complete. */
  signal: AbortSignal;
  /** Returns true if this process may run tasks that need the API. */
  mayUseApi: () => Promise<boolean>;
  /** Called when this process starts to look for due tasks. */
  onReady: () => void;
}

/** Maximum time for a statement of the queue, in milliseconds. */
const ANSWER_MS = 5_000;

/** Milliseconds between two checks for jobs of killed processes. */
const CHECK_MS = 3_000;

/**
 * Milliseconds without a check after which PostgreSQL ends the session, because this process is suspended or
 * disconnected.
 */
const SILENCE_MS = 15_000;

/** Milliseconds between two searches for due jobs. A job that `start` requests is found immediately. */
const POLL_MS = 2_000;

/** Number of connections of graphile-worker: one for notifications, the others for statements. */
const CONNECTIONS = 3;

/** Maximum times to wait when the queue stops, in milliseconds: for the runs in progress, then for graphile-worker. */
const END_MS = { runs: 33_000, worker: 3_000 };

/** Time to wait until statements on lost connections have failed, in milliseconds. */
const LOSS_MS = 500;

/** Flag that marks jobs that need the API. */
const API = 'api';

/** Exit code that graphile-worker sets if another version has changed the schema of the queue. */
const SCHEMA_CHANGED = 57;

/**
 * The jobs of a journal in PostgreSQL. Any number of servers can share the jobs; each job runs on one server at a time.
 */
export class JobQueue {
  readonly #address: PostgresAddress;
  readonly #fault: MakeFault;
  readonly #schema: string;
  readonly #runs = new Set<Promise<void>>();
  #session: PostgresSession | null = null;

  constructor(address: PostgresAddress, fault: MakeFault) {
    this.#address = address;
    this.#fault = fault;
    this.#schema = queueSchemaOf(address.schema);
  }

  /**
   * Runs tasks until the signal, or until another version changes the schema of the queue.
   * @returns the obstacle if graphile-worker or its schema is missing
   * @throws the error of `fault`, or a bug; the caller may call again to continue
   */
  async run(tasks: readonly QueuedTask[], world: QueueWorld): Promise<Obstacle | null> {
    try {
      return await this.#serve(tasks, world);
    } catch (error) {
      throw faultOf(error, this.#fault);
    }
  }

  /** Starts a task now, on any server. If the task is running, it runs once more afterwards. */
  async start({ name, needsApi }: QueuedTask): Promise<void> {
    await this.#session?.run(...this.#schedule({ name, needsApi }, { wait: 0, mode: 'replace' }));
  }

  async #serve(tasks: readonly QueuedTask[], world: QueueWorld): Promise<Obstacle | null> {
    const graphile = await loadGraphile();
    if ('fix' in graphile) return graphile;
    const settings = { idle_session_timeout: SILENCE_MS };
    const over = new AbortController();
    const session = await PostgresSession.open(this.#address, {
      patience: ANSWER_MS,
      answer: ANSWER_MS,
      settings,
      onLost: () => over.abort(),
    });
    try {
      const obstacle = await findObstacle(session, graphile);
      if (obstacle) return obstacle;
      this.#session = session;
      const signal = AbortSignal.any([world.signal, over.signal]);
      await this.#work(tasks, { graphile, session, world: { ...world, signal } });
      return null;
    } finally {
      this.#session = null;
      await session.end();
    }
  }

  async #work(
    tasks: readonly QueuedTask[],
    { graphile, session, world }: { graphile: Graphile; session: PostgresSession; world: QueueWorld },
  ): Promise<void> {
    for (const task of tasks)
      await session.run(...this.#schedule(task, { wait: task.after, mode: 'preserve_run_at' }));
    const pool = graphile.openPool(this.#address, {
      max: CONNECTIONS,
      patience: ANSWER_MS,
      answer: ANSWER_MS,
    });
    const locked = Promise.withResolvers<void>();
    locked.promise.catch(() => undefined);
    const worker = graphile.worker.runTaskList(
      {
        schema: this.#schema,
        concurrency: tasks.length,
        pollInterval: POLL_MS,
        noHandleSignals: true,
        logger: quietLogger(graphile),
        // With a delay of 0, graphile-worker handles an error at the end of a job. By default, the error is unhandled.
        preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
        forbiddenFlags: async () => {
          await locked.promise;
          world.signal.throwIfAborted();
          return (await world.mayUseApi()) ? [] : [API];
        },
      },
      Object.fromEntries(
        tasks.map((task) => [task.name, async () => this.#runTask(task, { session, world })]),
      ),
      pool,
    );
    const ended = new AbortController();
    void worker.promise.catch(() => undefined).finally(() => ended.abort());
    try {
      await lockWorker(session, worker.id);
      locked.resolve();
      world.onReady();
      await this.#check(session, AbortSignal.any([world.signal, ended.signal]));
    } finally {
      locked.reject(new Error('the worker has ended'));
      // Searches for jobs on lost connections must fail first: after the end of the worker, their failure would print a
      // stack.
      if (session.isLost) await sleep(LOSS_MS);
      await this.#end(worker);
      await Promise.race([pool.end(), sleep(END_MS.worker)]);
      if (process.exitCode === SCHEMA_CHANGED) process.exitCode = undefined;
    }
  }

  /** Frees the jobs of killed processes regularly, until the signal. */
  async #check(session: PostgresSession, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await freeDead(session, this.#schema);
      await sleep(CHECK_MS, null, { signal }).catch(() => undefined);
    }
  }

  async #runTask(
    task: QueuedTask,
    { session, world }: { session: PostgresSession; world: QueueWorld },
  ): Promise<void> {
    const run = this.#run(task, { session, world });
    this.#runs.add(run);
    await run.finally(() => this.#runs.delete(run));
  }

  /** Runs a task, and schedules its next run. If the signal interrupts the run, another server repeats it. */
  async #run(
    task: QueuedTask,
    { session, world }: { session: PostgresSession; world: QueueWorld },
  ): Promise<void> {
    if (!world.signal.aborted) await task.run();
    const wait = world.signal.aborted ? 0 : task.every;
    // A start that was requested during the run remains scheduled.
    await session.run(...this.#schedule(task, { wait, mode: 'preserve_run_at' }));
  }

  #schedule(
    { name, needsApi }: Pick<QueuedTask, 'name' | 'needsApi'>,
    { wait, mode }: { wait: number; mode: 'replace' | 'preserve_run_at' },
  ): [sql: string, parameters: Record<string, string | number>] {
    return [scheduleSql(this.#schema, needsApi ? [API] : []), { name, wait, mode }];
  }

  /** Ends the worker, but does not wait long for a database that does not answer. */
  async #end(worker: WorkerPool): Promise<void> {
    const ending = Promise.resolve(worker.gracefulShutdown()).catch(() => undefined);
    const runs = Promise.allSettled(this.#runs);
    await Promise.race([runs, sleep(END_MS.runs, null, { ref: false })]);
    await Promise.race([ending, sleep(END_MS.worker, null, { ref: false })]);
  }
}
