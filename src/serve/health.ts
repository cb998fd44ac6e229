import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Readiness } from '../events/heartbeat.ts';
import type { AdminAnswer, AdminOptions } from '../http/admin-server.ts';

/** Exit code of missing, refused and expired credentials. */
const NO_CREDENTIALS = 3;

/** The credentials of a server, which receives and forwards events without them. */
export class ServerCredentials {
  readonly #ctx: Context;
  #areThere: boolean | null = null;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True if the latest check found credentials; null before the first check. */
  get areThere(): boolean | null {
    return this.#areThere;
  }

  /** Checks the credentials of the default profile, and warns when they went missing. */
  async check(): Promise<boolean> {
    const { profileId, report } = this.#ctx;
    const found = profileId === null ? null : await this.#ctx.authorize(profileId).catch(asFailure);
    const problem = found instanceof Error && found.exitCode === NO_CREDENTIALS ? found.message : null;
    if (problem !== null && this.#areThere !== false)
      report.warn(`${problem} Events are received and forwarded; nothing is read from the API.`);
    this.#areThere = problem === null;
    return this.#areThere;
  }
}

interface Parts {
  readiness: Readiness;
  credentials: ServerCredentials;
  /** False if the catch-up is switched off. */
  doesCatchUp: boolean;
}

/** Maximum time for reading the last event, in milliseconds. */
const READ_MS = 500;

/** The health of a server, as the admin port shows it. */
export class ServerHealth {
  readonly #ctx: Context;
  readonly #parts: Parts;
  #lastEventAt: number | null = null;

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

  get doesCatchUp(): boolean {
    return this.#parts.doesCatchUp && this.areCredentialsThere !== false;
  }

  get isReady(): boolean {
    return this.#parts.readiness.isReady && !this.#ctx.signal.aborted;
  }

  async #answer(isGood: boolean): Promise<AdminAnswer> {
    const body = {
      status: isGood ? 'ok' : 'unavailable',
      journal: this.isReady ? 'writable' : 'unavailable',
      lastEventAt: await this.#lastEvent(),
      credentials: { null: 'unknown', true: 'available', false: 'missing' }[`${this.areCredentialsThere}`],
      jobs: { catchUp: this.doesCatchUp ? 'on' : 'off' },
    };
    const httpStatus = isGood ? 200 : 503;
    return { httpStatus, type: 'application/json', body: `${JSON.stringify(body)}\n` };
  }

  /** Reads the last event. The response does not wait for a journal that does not answer. */
  async #lastEvent(): Promise<string | null> {
    const { journal, stopwatch, signal } = this.#ctx;
    const read = async () => {
      const [last] = await journal.listEvents({ limit: 1, newestFirst: true });
      this.#lastEventAt = last?.receivedAt ?? null;
    };
    await Promise.race([read(), stopwatch.sleep(READ_MS, signal)]).catch(() => undefined);
    return utcTime(this.#lastEventAt);
  }
}
