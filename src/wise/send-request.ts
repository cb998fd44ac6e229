import { isUtf8 } from 'node:buffer';
import type { ClientRequest } from 'node:http';
import type { Agent } from 'node:https';
import type { RequestError } from 'got';
import { type Fault, faultOf, isProxyError } from './network-errors.ts';
import { describeAnswer, describeRequest } from './trace.ts';

export interface SingleRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form, instead of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds, from its leaving on. */
  timeout: number;
  /** Makes the connections for https; plain ones are to this machine only. */
  agent?: Agent | undefined;
  signal?: AbortSignal | undefined;
  /** Told of headers and bodies, without what must not be shown. */
  onDebug?: ((lines: string[]) => void) | undefined;
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
  fault?: Fault;
  /** Set where we held it back ourselves, to keep the rate limits: for how many milliseconds more. */
  heldBack?: number;
}

/** What came of one try, and whether another one may do better. */
export interface Try {
  outcome: HttpAnswer | NoAnswer;
  passes: boolean;
}

/** More than any answer of the vendor needs (a page of 100 orders has some 100 KB). */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** Codes of network faults that pass by themselves. */
const PASSING_FAULTS = new Set([
  'EADDRINUSE',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROXY_UNREACHABLE',
]);
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

/** Loads what takes a while to load: a request whose turn has come goes out at once. */
export async function prepare(): Promise<void> {
  await import('./got.ts');
}

/**
 * One request to the vendor over got, which is loaded here, at its first use: sent once, redirects not followed. Never
 * throws for what the network or the other side does, and its result holds no header, option or error object of got's,
 * in which a token would travel on.
 */
export async function requestOnce(request: SingleRequest): Promise<Try> {
  const { got } = await import('./got.ts');
  const tooLarge = new AbortController();
  const connection = new Connection();
  request.onDebug?.(describeRequest(request));
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
      throwHttpErrors: false,
      timeout: { request: request.timeout },
      retry: { limit: 0 },
      ...(request.agent && { agent: { https: request.agent } }),
      signal: AbortSignal.any(signals),
    });
    void pending.on('request', (sent) => connection.watch(sent));
    void pending.on('downloadProgress', ({ transferred }) => {
      if (transferred > BODY_LIMIT_BYTES) tooLarge.abort();
    });
    const raw = await pending;
    const outcome = toAnswer(raw);
    request.onDebug?.(describeAnswer(raw, { body: outcome.body, request }));
    return { outcome, passes: PASSING_STATUSES.has(outcome.httpStatus) };
  } catch (error) {
    if (tooLarge.signal.aborted) return ended('lost', `an answer of over ${BODY_LIMIT_BYTES} bytes`);
    if (request.signal?.aborted) return ended('aborted', 'interrupted');
    return readError(error, { connection, hasCertificate: request.agent?.options.cert !== undefined });
  }
}

function ended(kind: NoAnswer['kind'], reason: string): Try {
  return { outcome: { kind, reason }, passes: false };
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

function readError(
  error: unknown,
  { connection, hasCertificate }: { connection: Connection; hasCertificate: boolean },
): Try {
  if (!isRequestError(error)) throw error;
  const proxyError = isProxyError(error.cause) ? error.cause : null;
  const code = proxyError?.code ?? error.code;
  const reason = 'event' in error ? `no ${String(error.event)} in time` : (proxyError?.message ?? code);
  const fault = faultOf(code, { hasCertificate });
  const isLost = connection.isMade && fault !== 'client-certificate';
  return {
    outcome: { kind: isLost ? 'lost' : 'not-connected', reason, ...(fault && { fault }) },
    passes: PASSING_FAULTS.has(code),
  };
}

/**
 * Was there a connection to the API on which something may have arrived? For https only once TLS is agreed on with the
 * API itself: a connection to a proxy is none.
 */
class Connection {
  isMade = false;

  watch(request: ClientRequest): void {
    const made = () => void (this.isMade = true);
    request.once('socket', (socket) => {
      if (request.reusedSocket) made();
      else if ('encrypted' in socket) socket.once('secureConnect', made);
      else if (socket.connecting) socket.once('connect', made);
      else made();
    });
  }
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
