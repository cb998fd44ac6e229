import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:https';
import * as v from 'valibot';
import { redact, redactData } from '../domain/text/redaction.ts';
import type { RateLimit } from '../domain/times/rate-limit.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import type { HttpAnswer, NoAnswer } from './decode-answer.ts';
import { answerFailure, heldBack, unreachable, unreadable } from './failures.ts';
import { type ExchangeOptions, exchange } from './http.ts';
import { openRequest } from './open-request.ts';
import type { Permit } from './permit.ts';
import { LocallyRateLimited, RateLimiter } from './rate-limiter.ts';
import type { SharedLimits } from './shared-permits.ts';
import { type Left, UNLIMITED } from './try.ts';
import {
  ConnectedRequest,
  type OpenOptions,
  type Owner,
  type Prepared,
  type ReadOptions,
  SEND_TIMEOUT_MS,
  type SendOptions,
  type Sent,
  type VendorRequest,
  versionedPath,
} from './vendor-request.ts';

export { answerFailure, unreachable } from './failures.ts';
export type { Left } from './try.ts';
export type { Owner, ReadOptions, SendOptions, Sent } from './vendor-request.ts';

export interface ClientOptions {
  /** Returns the base URL of the API, without a trailing slash. Called for each request. */
  baseUrl: () => Promise<string>;
  /** `legacy`, or a date version like `2026Q4`. */
  apiVersion: string;
  /** Returns the access token of a profile or of the application. @throws Failure `credentials-…` */
  token: (owner: Owner, options: { isAct: boolean; left: Left }) => Promise<string>;
  /** Replaces a token that the API rejected. @returns true if there is another token */
  replaceToken?: (owner: Owner, refused: string, left: Left) => Promise<boolean>;
  /** Describes the source of a token, for messages. */
  tokenSource?: (owner: Owner) => Promise<string>;
  userAgent: string;
  /** Creates the HTTPS agent at the first request. Default: Node's global agent. */
  agent?: (baseUrl: string) => Promise<Agent>;
  rateLimits?: readonly RateLimit[];
  /** Rate limits that all processes of the client share. */
  sharedLimits?: SharedLimits;
  /** False for a command that declares no effect on Wise. The client then refuses requests with an effect, as a bug. */
  mayAct?: boolean;
  /** Receives a log line for each try, without secrets: method, path, status, duration, ids. */
  onExchange?: (line: string) => void;
  /** Receives headers and bodies for debug output, without secrets and personal data. */
  onDebug?: (lines: string[]) => void;
}

const READ_TIMEOUT_MS = 10_000;
const READ_RETRIES = 3;
const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum wait for the rate limiter, for a request with an effect. Wise's limit per minute may need a minute. */
const SEND_PATIENCE_MS = 70_000;

/** Client of the Wise API: API versions, tokens, request ids, and the conversion of responses to failures. */
export class Client {
  /** Number of requests that Wise may have received, including retries. */
  readonly used: { reads: number; sends: number } = { reads: 0, sends: 0 };
  /** Number of tries per HTTP status; `none` without a response. */
  readonly answers = new Map<string, number>();
  /** True once the client started to send a request with an effect. */
  mayHaveSent = false;
  readonly #options: ClientOptions;
  readonly limiter: RateLimiter | undefined;
  #agent: Promise<Agent> | undefined;
  /** Rejected tokens that were replaced. A connection opened with one of them must not be used. */
  readonly #replaced = new Set<string>();
  #serverTime: number | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.limiter = options.rateLimits && new RateLimiter(options.rateLimits, options.sharedLimits);
  }

  get limited(): number {
    return this.answers.get('429') ?? 0;
  }

  /** Wise's clock at the last response, in milliseconds since the epoch; null before the first response. */
  get serverTime(): number | null {
    return this.#serverTime;
  }

  /**
   * Sends a request without an effect and decodes the response. After a 401, retries with a new token.
   * @throws Failure `credentials-refused` (401, 403), `approval-required` (403), `not-found` (404), `rejected` (4xx)
   * @throws Outage for a connection error, 429, 5xx, or an unreadable response
   * @throws the signal's reason if it is aborted
   */
  async read<Schema extends v.GenericSchema>(
    { schema, ...request }: VendorRequest & { schema: Schema },
    options: ReadOptions = {},
  ): Promise<v.InferOutput<Schema>> {
    const { left = UNLIMITED, retry = true, signal } = options;
    const timeout = () => Math.min(READ_TIMEOUT_MS, left());
    const retries = retry ? READ_RETRIES : 0;
    const answer = await this.#exchangeRenewing(request, { timeout, left, retries, signal });
    if (answer.kind === 'aborted') signal?.throwIfAborted();
    if (answer.kind !== 'answered') throw unreachable(answer);
    if (!isSuccess(answer.httpStatus)) throw answerFailure(answer);
    const parsed = v.safeParse(schema, answer.body);
    if (!parsed.success) throw unreadable(answer);
    return parsed.output;
  }

  /**
   * Reserves a permit of the rate limiter for a request that must be recorded before it is sent.
   * @returns undefined if no rate limits apply
   * @throws Outage if Wise requires a long pause (429); the signal's reason
   */
  async reserve({ left = UNLIMITED, signal }: ReadOptions = {}): Promise<Permit | undefined> {
    try {
      return await this.limiter?.reserve({ patience: Math.min(SEND_PATIENCE_MS, left()), signal });
    } catch (error) {
      if (error instanceof LocallyRateLimited) throw heldBack(error.retryAfter);
      throw error;
    }
  }

  /** Sends a request with an effect, without any retry. */
  async send(request: VendorRequest, options: SendOptions = {}): Promise<Sent> {
    const { left = UNLIMITED, correlationId } = options;
    const prepared = await this.#prepare(request, { counts: 'sends', correlationId, left });
    this.mayHaveSent = true;
    const limits = { timeout: () => SEND_TIMEOUT_MS, left: () => Math.min(SEND_PATIENCE_MS, left()) };
    return this.#exchange(prepared, { ...limits, retries: 0 });
  }

  /**
   * Opens a connection for a request with an effect (token, proxy, TLS), and sends nothing.
   * @throws Failure without a token or connection; the signal's reason
   */
  async open<Answer>(
    { decode, ...request }: VendorRequest & { decode: (sent: Sent) => Answer },
    options: OpenOptions = {},
  ): Promise<ConnectedRequest<Answer>> {
    const { permit, signal, correlationId, left = UNLIMITED } = options;
    try {
      const prepared = await this.#prepare(request, { counts: 'sends', correlationId, left });
      const timeout = Math.min(CONNECT_TIMEOUT_MS, left());
      const open = await openRequest({ ...prepared.head, timeout, signal });
      const finish = async (outcome: HttpAnswer | NoAnswer, milliseconds: number) => {
        prepared.onTry(outcome, milliseconds);
        return this.#finish(outcome, prepared);
      };
      if (open.isConnected)
        return new ConnectedRequest({
          open,
          isCurrent: () => !this.#replaced.has(prepared.secret),
          limiter: this.limiter,
          permit,
          begin: () => void (this.mayHaveSent = true),
          finish: async (outcome, milliseconds) => decode(await finish(outcome, milliseconds)),
        });
      const { outcome } = await open.go({ body: null, timeout: 0 });
      signal?.throwIfAborted();
      const sent = await finish(outcome, 0);
      throw sent.kind === 'answered' ? answerFailure(sent) : unreachable(sent);
    } catch (error) {
      permit?.cancel();
      throw error;
    }
  }

  /** Returns unused permits to the shared rate limits. */
  async close(): Promise<void> {
    await this.limiter?.close();
  }

  /** Sends a read, and retries it with a new token if the API rejects the first one. */
  async #exchangeRenewing(request: VendorRequest, options: ExchangeOptions): Promise<Sent> {
    const { left } = options;
    const prepared = await this.#prepare(request, { counts: 'reads', left });
    const answer = await this.#exchange(prepared, options);
    const isRefused = answer.kind === 'answered' && answer.httpStatus === 401;
    if (!isRefused || request.authorization !== undefined) return answer;
    if (!(await this.#options.replaceToken?.(request.profileId, prepared.secret, left))) return answer;
    this.#replaced.add(prepared.secret);
    return this.#exchange(await this.#prepare(request, { counts: 'reads', left }), options);
  }

  async #exchange({ head, ...prepared }: Prepared, options: ExchangeOptions): Promise<Sent> {
    const { content, onTry } = prepared;
    const answer = await exchange({ ...head, ...content, ...options, limiter: this.limiter, onTry });
    return this.#finish(answer, prepared);
  }

  async #prepare(
    request: VendorRequest,
    options: { counts: keyof Client['used']; left: Left; correlationId?: string | undefined },
  ): Promise<Prepared> {
    const { counts, left, correlationId = randomUUID() } = options;
    const { method = 'GET', body, form, profileId: owner } = request;
    if (counts === 'sends' && this.#options.mayAct === false)
      throw new TypeError(`a request with an effect (${method}) of a command that has none`);
    const baseUrl = await this.#options.baseUrl();
    const isSecure = baseUrl.startsWith('https:');
    const agent = isSecure ? await (this.#agent ??= this.#options.agent?.(baseUrl)) : undefined;
    const authorization = await this.#authorize(request, { isAct: counts === 'sends', left });
    const path = versionedPath(request.path, this.#options.apiVersion);
    const secret = authorization.replace(/^\S+ /, '');
    const headers = {
      ...(authorization && { authorization }),
      'user-agent': this.#options.userAgent,
      'x-external-correlation-id': correlationId,
      ...request.headers,
    };
    const onTry = (outcome: HttpAnswer | NoAnswer, milliseconds: number) => {
      if (outcome.kind !== 'not-connected') this.used[counts] += 1;
      const status = outcome.kind === 'answered' ? String(outcome.httpStatus) : 'none';
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      const result =
        outcome.kind === 'answered' ? `${outcome.httpStatus} trace ${outcome.traceId}` : outcome.reason;
      const line = `${method} ${path} ${result} correlation ${correlationId} ${milliseconds} ms`;
      this.#options.onExchange?.(redact(line, [secret]));
    };
    const head = { method, url: `${baseUrl}${path}`, headers, agent, onDebug: this.#options.onDebug };
    return { head, content: { body, form }, owner, correlationId, secret, onTry };
  }

  async #authorize(
    { authorization, profileId }: VendorRequest,
    options: { isAct: boolean; left: Left },
  ): Promise<string> {
    if (authorization !== undefined) return authorization ?? '';
    return `Bearer ${await this.#options.token(profileId, options)}`;
  }

  async #finish(
    answer: HttpAnswer | NoAnswer,
    { owner, correlationId, secret }: Omit<Prepared, 'head'>,
  ): Promise<Sent> {
    if (answer.kind !== 'answered') return { ...answer, correlationId };
    if (answer.date !== null) this.#serverTime = answer.date;
    // A response may contain our token. Redact it before it is shown or stored.
    const body = redactData(answer.body, [secret]);
    const traceId = answer.traceId && redact(answer.traceId, [secret]);
    const isRefused = answer.httpStatus === 401 || answer.httpStatus === 403;
    const tokenSource = isRefused ? await this.#options.tokenSource?.(owner) : undefined;
    return { ...answer, body, traceId, correlationId, ...(tokenSource !== undefined && { tokenSource }) };
  }
}
