import type { Agent } from 'node:https';
import * as v from 'valibot';
import { redact, redactData } from '../domain/text/redaction.ts';
import { failureOf, heldBack, unreachable, unreadable } from './failures.ts';
import { exchange } from './http.ts';
import { type Ceiling, HeldBack, Limiter, type Reservation } from './rate-limiter.ts';
import type { HttpAnswer, NoAnswer } from './send-request.ts';

export { failureOf, unreachable } from './failures.ts';

export interface ClientOptions {
  /** Where the API is, without a slash at its end; asked for at the first request. */
  baseUrl: () => Promise<string>;
  /** `legacy`, or a calendar version like `2026Q4`. */
  apiVersion: string;
  /** The access token for a profile, or the application's own. @throws Failure `credentials-…` */
  token: (owner: Owner, options: { isAct: boolean }) => Promise<string>;
  /** Fetches another token in place of one that was refused. @returns whether there is another one */
  replaceToken?: (owner: Owner, refused: string) => Promise<boolean>;
  /** Where an owner's token is from, for messages. */
  tokenSource?: (owner: Owner) => Promise<string>;
  userAgent: string;
  /** What makes the connections for https, asked for at the first request; without it, Node's own way. */
  agent?: (baseUrl: string) => Promise<Agent>;
  /** How many requests may go out in which time; without any, they go out as they come. */
  ceilings?: readonly Ceiling[];
  /** False for a command that declares no effect on the vendor: an act of it would be a bug, and is not sent. */
  mayAct?: boolean;
  /** Told of each try in one line without secrets: method, path, answer, time, ids. */
  onExchange?: (line: string) => void;
  /** Told of headers and bodies, too, without secrets and without anything about a person. */
  onDebug?: (lines: string[]) => void;
}

/** Whose token a request carries. */
export type Owner = number | 'application';

/** How a read is to be made. */
export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one try; the default suits a person who waits. */
  timeout?: number;
  /** Milliseconds for all tries: none is begun after them. */
  patience?: number;
  /** False where the caller repeats it anyhow (a poll). */
  retry?: boolean;
}

/** How a request that changes something is to be sent. */
export interface SendOptions {
  /** What the journal knows it by. */
  correlationId?: string;
  reservation?: Reservation | undefined;
  /** Milliseconds that it may wait for its turn without a reservation. */
  patience?: number;
  /** Called when token and way are there and nothing is left but to send it; what it throws keeps it from being sent. */
  beforeSending?: () => void;
}

export interface VendorRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** On the legacy scheme, like `/v3/spend/…`. */
  path: string;
  profileId: Owner;
  /** Instead of a token: the whole header; null sends none. */
  authorization?: string | null;
  body?: unknown;
  /** Instead of `body`. */
  form?: Readonly<Record<string, string>>;
  headers?: Record<string, string>;
}

/** What became of a request that changes something: an answer, whatever it says, or none. */
export type Sent = (HttpAnswer | NoAnswer) & {
  correlationId: string;
  /** Where the token is from, if it was refused. */
  tokenSource?: string;
};

const READ_TIMEOUT_MS = 10_000;
const READ_RETRIES = 3;
/** An act is never cut short by a deadline or the first Ctrl-C; this is its own limit. */
const SEND_TIMEOUT_MS = 30_000;
/** How long an act may wait for its turn: where the ceiling of a minute is reached, a minute. */
const SEND_PATIENCE_MS = 70_000;

/** The vendor's API over HTTP: versions, tokens and ids of requests, and what their answers mean. */
export class Client {
  /** How many requests were sent, repeats and all, as far as they may have arrived. */
  readonly used: { reads: number; sends: number } = { reads: 0, sends: 0 };
  /** How many of them were answered with a 429. */
  limited = 0;
  readonly #options: ClientOptions;
  readonly #limiter: Limiter | undefined;
  #agent: Promise<Agent> | undefined;
  #serverTime: number | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#limiter = options.ceilings && new Limiter(options.ceilings);
  }

  /** The vendor's clock at the latest answer, in milliseconds since the epoch; null before there was one. */
  get serverTime(): number | null {
    return this.#serverTime;
  }

  /**
   * Makes a request without an effect and reads its answer. It is repeated with another token, if there is one, when its
   * token is refused (401).
   * @throws Failure `credentials-refused` (401, 403), `not-found` (404), `rejected` (another 4xx)
   * @throws Outage no connection, 429, 5xx, or an answer that can't be read
   * @throws the signal's reason, when it was aborted
   */
  async read<Schema extends v.GenericSchema>(
    request: VendorRequest & { schema: Schema },
    options: ReadOptions = {},
  ): Promise<v.InferOutput<Schema>> {
    const { patience = Number.POSITIVE_INFINITY, retry = true, signal } = options;
    const timeout = Math.min(options.timeout ?? READ_TIMEOUT_MS, patience);
    const retries = retry ? READ_RETRIES : 0;
    const answer = await this.#exchangeRenewing(request, {
      counts: 'reads',
      timeout,
      patience,
      retries,
      signal,
    });
    if (answer.kind === 'aborted') options.signal?.throwIfAborted();
    if (answer.kind !== 'answered') throw unreachable(answer);
    if (answer.httpStatus < 200 || answer.httpStatus > 299) throw failureOf(answer);
    const parsed = v.safeParse(request.schema, answer.body);
    if (!parsed.success) throw unreadable(answer);
    return parsed.output;
  }

  /**
   * Waits until a request may go out, for an act whose sending is recorded right before it: with a reservation it goes out
   * at once. Where nothing is limited, there is nothing to wait for.
   * @throws Outage when the API told us to stay away for long; the signal's reason
   */
  async reserve(signal?: AbortSignal): Promise<Reservation | undefined> {
    try {
      return await this.#limiter?.reserve({ patience: SEND_PATIENCE_MS, signal });
    } catch (error) {
      if (error instanceof HeldBack) throw heldBack(error.retryAfter);
      throw error;
    }
  }

  /** Sends a request that changes something, once: nothing here or below repeats it. */
  async send(request: VendorRequest, options: SendOptions = {}): Promise<Sent> {
    if (this.#options.mayAct === false)
      throw new TypeError(`an act (${request.method}) of a command that has none`);
    const { patience = SEND_PATIENCE_MS, ...rest } = options;
    return this.#exchange(request, {
      ...rest,
      counts: 'sends',
      timeout: SEND_TIMEOUT_MS,
      retries: 0,
      patience,
    });
  }

  /** A read changes nothing: with another token it may be made again. */
  async #exchangeRenewing(request: VendorRequest, options: ExchangeOptions): Promise<Sent> {
    const { profileId: owner, authorization } = request;
    if (authorization !== undefined) return this.#exchange(request, options);
    const token = await this.#options.token(owner, { isAct: false });
    const answer = await this.#exchange({ ...request, authorization: `Bearer ${token}` }, options);
    const isRefused = answer.kind === 'answered' && answer.httpStatus === 401;
    const isReplaced = isRefused && (await this.#options.replaceToken?.(owner, token));
    return isReplaced ? this.#exchange(request, options) : answer;
  }

  #agentFor(baseUrl: string): Promise<Agent> | undefined {
    this.#agent ??= this.#options.agent?.(baseUrl);
    return this.#agent;
  }

  async #authorize({ authorization, profileId }: VendorRequest, isAct: boolean): Promise<string> {
    if (authorization !== undefined) return authorization ?? '';
    return `Bearer ${await this.#options.token(profileId, { isAct })}`;
  }

  async #exchange(request: VendorRequest, options: ExchangeOptions): Promise<Sent> {
    const { correlationId = crypto.randomUUID(), counts, beforeSending, ...rest } = options;
    const baseUrl = await this.#options.baseUrl();
    const agent = baseUrl.startsWith('https:') ? await this.#agentFor(baseUrl) : undefined;
    const authorization = await this.#authorize(request, counts === 'sends');
    const path = versioned(request.path, this.#options.apiVersion);
    // What we sent may come back: it ends here, before anything shows or keeps it.
    const sent = [authorization.replace(/^\S+ /, '')];
    beforeSending?.();
    const answer = await exchange({
      method: request.method,
      url: `${baseUrl}${path}`,
      headers: {
        ...(authorization && { authorization }),
        'user-agent': this.#options.userAgent,
        'x-external-correlation-id': correlationId,
        ...request.headers,
      },
      body: request.body,
      form: request.form,
      ...rest,
      agent,
      limiter: this.#limiter,
      onDebug: this.#options.onDebug,
      onTry: (outcome, milliseconds) => {
        if (outcome.kind !== 'not-connected') this.used[counts] += 1;
        if (outcome.kind === 'answered' && outcome.httpStatus === 429) this.limited += 1;
        const came =
          outcome.kind === 'answered' ? `${outcome.httpStatus} trace ${outcome.traceId}` : outcome.reason;
        const line = `${request.method} ${path} ${came} correlation ${correlationId} ${milliseconds} ms`;
        this.#options.onExchange?.(redact(line, sent));
      },
    });
    if (answer.kind === 'answered' && answer.date !== null) this.#serverTime = answer.date;
    if (answer.kind !== 'answered') return { ...answer, correlationId };
    const body = redactData(answer.body, sent);
    const traceId = answer.traceId && redact(answer.traceId, sent);
    const isRefused = answer.httpStatus === 401 || answer.httpStatus === 403;
    const tokenSource = isRefused ? await this.#options.tokenSource?.(request.profileId) : undefined;
    return { ...answer, body, traceId, correlationId, ...(tokenSource !== undefined && { tokenSource }) };
  }
}

interface ExchangeOptions {
  counts: 'reads' | 'sends';
  timeout: number;
  patience: number;
  retries: number;
  signal?: AbortSignal | undefined;
  correlationId?: string | undefined;
  reservation?: Reservation | undefined;
  beforeSending?: () => void;
}

/** In the vendor's calendar versions the version segment is replaced: `/v3/spend/…` is `/2026Q4/spend/…`. */
function versioned(path: string, apiVersion: string): string {
  return apiVersion === 'legacy' ? path : path.replace(/^\/v\d+\//, `/${apiVersion}/`);
}
