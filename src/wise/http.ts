import { isUtf8 } from 'node:buffer';
import type { Method, RequestError } from 'got';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form, instead of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds for the whole exchange, retries not counted. */
  timeout: number;
  /** How often a request without an effect is repeated after a network fault, 5xx or 429. */
  retries: number;
  /** Milliseconds in which all repeats must have begun; without it, there is no such limit. */
  patience?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  kind: 'answered';
  httpStatus: number;
  /** The parsed body; null when there is none, undefined when it can't be read. */
  body: unknown;
  /** The `Date` header in milliseconds since the epoch. */
  date: number | null;
  traceId: string | null;
  /** `Retry-After` in milliseconds. */
  retryAfter: number | null;
}

/** `not-connected`: nothing can have arrived. `lost`: it may have. `aborted`: the caller's signal. */
export interface NoAnswer {
  kind: 'not-connected' | 'lost' | 'aborted';
  /** Why, in a few words that hold nothing secret: an error code or which time limit. */
  reason: string;
}

/** More than any answer of the vendor needs (a page of 100 orders has some 100 KB). */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

const RETRIED_STATUS_CODES = [408, 429, 500, 502, 503, 504];
const LONGEST_RETRY_AFTER_MS = 30_000;

/**
 * One exchange with the vendor over got, which is loaded here, at its first use. Redirects are not followed. Never
 * throws for what the network or the other side does, and its result holds no header, option or error object of got's,
 * in which a token would travel on.
 */
export async function exchange(request: HttpRequest): Promise<HttpAnswer | NoAnswer> {
  const { got } = await import('./got.ts');
  const tooLarge = new AbortController();
  const signals = request.signal ? [request.signal, tooLarge.signal] : [tooLarge.signal];
  try {
    const pending = got(request.url, {
      method: request.method,
      headers: { accept: 'application/json', ...request.headers },
      ...(request.body !== undefined && { json: request.body }),
      ...(request.form && { form: request.form }),
      responseType: 'buffer',
      decompress: false,
      followRedirect: false,
      timeout: { request: request.timeout },
      retry: retryPolicy(request),
      signal: AbortSignal.any(signals),
    });
    void pending.on('downloadProgress', ({ transferred }) => {
      if (transferred > BODY_LIMIT_BYTES) tooLarge.abort();
    });
    return toAnswer(await pending);
  } catch (error) {
    if (tooLarge.signal.aborted)
      return { kind: 'lost', reason: `an answer of over ${BODY_LIMIT_BYTES} bytes` };
    if (request.signal?.aborted) return { kind: 'aborted', reason: 'interrupted' };
    return readError(error);
  }
}

/** got repeats PUT by default: only methods that the caller calls harmless are named, by giving them retries at all. */
function retryPolicy({ method, retries, patience = Number.POSITIVE_INFINITY }: HttpRequest) {
  const started = performance.now();
  return {
    limit: retries,
    methods: retries > 0 ? [method as Method] : [],
    statusCodes: RETRIED_STATUS_CODES,
    maxRetryAfter: LONGEST_RETRY_AFTER_MS,
    calculateDelay: ({ attemptCount, retryAfter, computedValue }: RetryState) => {
      const pause = Math.max(1, retryAfter ?? 250 * 2 ** (attemptCount - 1) + Math.random() * 100);
      const left = patience - (performance.now() - started);
      // 0 means “stop” to got.
      return computedValue === 0 || pause >= left ? 0 : pause;
    },
  };
}

interface RetryState {
  attemptCount: number;
  retryAfter?: number;
  computedValue: number;
}

interface RawAnswer {
  statusCode: number;
  rawBody?: Uint8Array;
  headers: Record<string, string | string[] | undefined>;
}

function toAnswer({ statusCode, rawBody, headers }: RawAnswer): HttpAnswer {
  return {
    kind: 'answered',
    httpStatus: statusCode,
    body: readJson(rawBody),
    date: toTime(headers.date),
    traceId: text(headers['x-trace-id']),
    retryAfter: toDelay(text(headers['retry-after'])),
  };
}

function readJson(bytes: Uint8Array | undefined): unknown {
  if (!bytes || bytes.length === 0) return null;
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function readError(error: unknown): HttpAnswer | NoAnswer {
  if (!isRequestError(error)) throw error;
  // An HTTPError carries the answer itself; a ReadError has one too, but not all of it.
  if (error.name === 'HTTPError' && error.response) return toAnswer(error.response);
  const reason = 'event' in error ? `no ${String(error.event)} in time` : error.code;
  return { kind: hadConnection(error) ? 'lost' : 'not-connected', reason };
}

/** Was there a connection on which something may have arrived? For https only once TLS is set up. */
function hadConnection({ timings, request, options }: RequestError): boolean {
  if (timings?.connect === undefined) return false;
  const isPlain = new URL(String(options.url)).protocol === 'http:';
  return isPlain || timings.secureConnect !== undefined || request?.reusedSocket === true;
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && 'options' in error && 'code' in error && typeof error.code === 'string';
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

function toTime(header: string | string[] | undefined): number | null {
  const milliseconds = Date.parse(text(header) ?? '');
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** `Retry-After` as the vendor sends it: whole seconds. */
function toDelay(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
