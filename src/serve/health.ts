import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { findLastEvent, findLastEventAt } from '../context/listener-state.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Readiness } from '../events/heartbeat.ts';
import type { AdminAnswer, AdminOptions } from '../http/admin-server.ts';
import type { Job, Jobs } from './jobs.ts';
import { labelsOf, type Outbox, type OutboxCount } from './outbox.ts';

/** Exit code of missing, refused and expired credentials. */
const NO_CREDENTIALS = 3;

/** Milliseconds between two checks of missing credentials. */
const RECHECK_MS = 60_000;

/** The credentials of a server. A server without credentials still receives and forwards events. */
export class ServerCredentials {
  readonly #ctx: Context;
  #areThere: boolean | null = null;
  #checkedAt: Reading | null = null;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True if the latest check found credentials; null before the first check. */
  get areThere(): boolean | null {
    return this.#areThere;
  }

  /** Checks missing credentials again, at most once per minute. @returns false while they are missing */
  async recheck(): Promise<boolean> {
    const isDue = this.#checkedAt === null || this.#ctx.stopwatch.since(this.#checkedAt) >= RECHECK_MS;
    if (this.#areThere === false && isDue) return this.check();
    return this.#areThere !== false;
  }

  /** Checks the credentials, and warns when they went missing. */
  async check(): Promise<boolean> {
    const { report, stopwatch } = this.#ctx;
    this.#checkedAt = stopwatch.now();
    const problem = await this.#findProblem();
    if (problem !== null && this.#areThere !== false)
      report.warn(`${problem} Events are received and forwarded; nothing is read from the API.`);
    this.#areThere = problem === null;
    return this.#areThere;
  }

  /** Checks the default profile; without one, the profile of the last event. @returns null if there are credentials */
  async #findProblem(): Promise<string | null> {
    const { environment } = this.#ctx;
    const profileId = this.#ctx.profileId ?? (await findLastEvent(this.#ctx))?.profileId ?? null;
    if (profileId === null)
      return environment === 'local' ? null : 'No profile is set, and the journal has no events.';
    const found = await this.#ctx.authorize(profileId).catch(asFailure);
    return found instanceof Error && found.exitCode === NO_CREDENTIALS ? found.message : null;
  }
}

interface Parts {
  readiness: Readiness;
  credentials: ServerCredentials;
  jobs: Jobs;
  outbox: Outbox;
}

/** Maximum time for reading the last event, in milliseconds. */
const READ_MS = 500;

/** The health of a server, as the admin port shows it. */
export class ServerHealth {
  readonly #ctx: Context;
  readonly #parts: Parts;
  #lastEventAt: number | null = null;
  #outbox: readonly OutboxCount[] = [];

  constructor(ctx: Context, parts: Parts) {
    this.#ctx = ctx;
    this.#parts = parts;
  }

  get routes(): AdminOptions['routes'] {
    return {
      '/health': { isOpen: true, answer: async () => this.#answer(true) },
      '/ready': { isOpen: true, answer: async () => this.#answer(this.isReady) },
    };
  }

  get areCredentialsThere(): boolean | null {
    return this.#parts.credentials.areThere;
  }

  /** The jobs, with their state in this process. */
  get jobs(): Jobs {
    return this.#parts.jobs;
  }

  isOn({ isOn, needsApi }: Job): boolean {
    return isOn && !(needsApi && this.areCredentialsThere === false) && this.jobs.obstacle === null;
  }

  get isReady(): boolean {
    return this.#parts.readiness.isReady && !this.#ctx.signal.aborted;
  }

  async #answer(isGood: boolean): Promise<AdminAnswer> {
    await this.#read();
    const body = {
      status: isGood ? 'ok' : 'unavailable',
      journal: this.isReady ? 'writable' : 'unavailable',
      lastEventAt: utcTime(this.#lastEventAt),
      credentials: { null: 'unknown', true: 'available', false: 'missing' }[`${this.areCredentialsThere}`],
      jobs: this.#describeJobs(),
      outbox: this.#outbox.map((one) => ({
        ...labelsOf(one),
        waiting: one.waiting,
        oldestAt: utcTime(one.oldestAt),
      })),
    };
    const httpStatus = isGood ? 200 : 503;
    return { httpStatus, type: 'application/json', body: `${JSON.stringify(body)}\n` };
  }

  #describeJobs() {
    const { isRunner, states, obstacle } = this.jobs;
    const described: Record<string, string | boolean> = { runHere: isRunner };
    if (obstacle !== null) described.obstacle = obstacle;
    for (const { job } of states) described[job.name] = this.isOn(job) ? 'on' : 'off';
    return described;
  }

  /** Reads the last event and the outbox. The response does not wait for a journal that does not answer. */
  async #read(): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    const read = async () => {
      this.#lastEventAt = await findLastEventAt(this.#ctx);
      this.#outbox = await this.#parts.outbox.count();
    };
    await Promise.race([read(), stopwatch.sleep(READ_MS, signal)]).catch(() => undefined);
  }
}
