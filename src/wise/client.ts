import * as v from 'valibot';
import { formatDuration } from '../domain/duration.ts';
import { Failure, type FailureDetails, Outage } from '../domain/failure.ts';
import { redactData } from '../domain/redaction.ts';
import { printable } from '../domain/terminal-text.ts';
import { readVendorError } from '../wire/error-bodies.ts';
import { exchange, type HttpAnswer, type NoAnswer } from './http.ts';

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
  /** Told of each exchange in one line without secrets: method, path, answer, time, ids. */
  onExchange?: (line: string) => void;
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

export interface VendorRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** On the legacy scheme, like `/v3/spend/…`. */
  path: string;
  profileId: Owner;
  /** Instead of a token: the whole header. */
  authorization?: string;
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

/** The vendor's API over HTTP: versions, tokens and ids of requests, and what their answers mean. */
export class Client {
  readonly #options: ClientOptions;
  #serverTime: number | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
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
    const answer = await this.#exchangeRenewing(request, { timeout, patience, retries, signal });
    if (answer.kind === 'aborted') options.signal?.throwIfAborted();
    if (answer.kind !== 'answered') throw unreachable(answer);
    if (answer.httpStatus < 200 || answer.httpStatus > 299) throw failureOf(answer);
    const parsed = v.safeParse(request.schema, answer.body);
    if (!parsed.success) throw unreadable(answer);
    return parsed.output;
  }

  /**
   * Sends a request that changes something, once: nothing here or below repeats it.
   * @param correlationId what the journal knows it by
   */
  async send(request: VendorRequest, correlationId: string = crypto.randomUUID()): Promise<Sent> {
    return this.#exchange(request, { isAct: true, timeout: SEND_TIMEOUT_MS, retries: 0, correlationId });
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

  async #exchange(request: VendorRequest, options: ExchangeOptions): Promise<Sent> {
    const { correlationId = crypto.randomUUID(), timeout, patience, retries, signal } = options;
    const baseUrl = await this.#options.baseUrl();
    const { profileId: owner } = request;
    const authorization =
      request.authorization ??
      `Bearer ${await this.#options.token(owner, { isAct: options.isAct ?? false })}`;
    const path = versioned(request.path, this.#options.apiVersion);
    const started = performance.now();
    const answer = await exchange({
      method: request.method,
      url: `${baseUrl}${path}`,
      headers: {
        authorization,
        'user-agent': this.#options.userAgent,
        'x-external-correlation-id': correlationId,
        ...request.headers,
      },
      body: request.body,
      form: request.form,
      timeout,
      retries,
      patience,
      signal,
    });
    if (answer.kind === 'answered' && answer.date !== null) this.#serverTime = answer.date;
    const outcome =
      answer.kind === 'answered' ? `${answer.httpStatus} trace ${answer.traceId}` : answer.reason;
    const milliseconds = Math.round(performance.now() - started);
    this.#options.onExchange?.(
      `${request.method} ${path} ${outcome} correlation ${correlationId} ${milliseconds} ms`,
    );
    if (answer.kind !== 'answered') return { ...answer, correlationId };
    // What we sent may come back: it ends here, before anything shows or keeps it.
    const body = redactData(answer.body, [authorization.replace(/^\S+ /, '')]);
    const isRefused = answer.httpStatus === 401 || answer.httpStatus === 403;
    const tokenSource = isRefused ? await this.#options.tokenSource?.(owner) : undefined;
    return { ...answer, body, correlationId, ...(tokenSource !== undefined && { tokenSource }) };
  }
}

interface ExchangeOptions {
  isAct?: boolean;
  timeout: number;
  patience?: number;
  retries: number;
  signal?: AbortSignal | undefined;
  correlationId?: string;
}

/** In the vendor's calendar versions the version segment is replaced: `/v3/spend/…` is `/2026Q4/spend/…`. */
function versioned(path: string, apiVersion: string): string {
  return apiVersion === 'legacy' ? path : path.replace(/^\/v\d+\//, `/${apiVersion}/`);
}

/**
 * What an answer means that isn't a success.
 * @returns an Outage for what passes by itself (429, 5xx, a redirect), a Failure otherwise
 */
export function failureOf(answer: Sent & { kind: 'answered' }): Failure {
  const { httpStatus, tokenSource } = answer;
  const { code, message } = readVendorError(answer.body);
  const details = detailsOf(answer, code);
  if (httpStatus === 401 || httpStatus === 403) {
    const what = tokenSource === undefined ? 'the credentials' : `the token of ${tokenSource}`;
    return new Failure('credentials-refused', `The API refused ${what} (${httpStatus}).`, {
      hint: 'Check that the token is still valid and belongs to this profile and environment.',
      details,
    });
  }
  if (httpStatus === 404) {
    return new Failure('not-found', 'The API knows no such profile, order or card.', {
      hint: 'Check the reference, its profile (PROFILE/CARD or --profile-id) and the environment.',
      details,
    });
  }
  if (httpStatus === 429) {
    const { retryAfter } = answer;
    return new Outage('rate-limited', 'The API is limiting our requests (429).', {
      hint: retryAfter === null ? 'Try again in a minute.' : `Try again in ${formatDuration(retryAfter)}.`,
      details,
      retryAfter,
    });
  }
  if (httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408) {
    const said = printable((message ?? code ?? 'no reason given').slice(0, 500));
    return new Failure('rejected', `The API rejected the request (${httpStatus}): ${said}`, {
      hint: 'Correct the request; quote the trace id when you ask Wise about it.',
      details,
    });
  }
  if (httpStatus < 400) return unreadable(answer);
  return new Outage('api-failing', `The API failed (${httpStatus}).`, {
    hint: 'Try again later; quote the trace id when you ask Wise about it.',
    details,
    retryAfter: answer.retryAfter,
  });
}

/** The failure of a request that got no answer. */
export function unreachable({ reason, correlationId }: NoAnswer & { correlationId: string }): Outage {
  return new Outage('unreachable', `The API could not be reached (${reason}).`, {
    hint: 'Check the network, and the base URL if you set one; then run the command again.',
    details: { correlationId },
  });
}

function unreadable(answer: HttpAnswer & { correlationId: string }): Outage {
  return new Outage('answer-unreadable', `The API's answer (${answer.httpStatus}) can't be read.`, {
    hint: 'Something between here and the API may have answered in its place: check proxy and base URL.',
    details: detailsOf(answer, null),
  });
}

function detailsOf(answer: HttpAnswer & { correlationId: string }, errorCode: string | null): FailureDetails {
  return {
    httpStatus: answer.httpStatus,
    ...(errorCode && { errorCode: printable(errorCode.slice(0, 100)) }),
    correlationId: answer.correlationId,
    ...(answer.traceId && { traceId: printable(answer.traceId.slice(0, 100)) }),
  };
}
