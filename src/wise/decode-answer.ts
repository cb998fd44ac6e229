import type { IncomingHttpHeaders } from 'node:http';
import { decodeJson } from '../domain/text/decode-json.ts';
import { redact, redactData } from '../domain/text/redaction.ts';
import { parseHttpDate, parseRetryAfter } from '../domain/times/vendor-time.ts';

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
  /** Set if Wise wants the user's own approval (strong customer authentication): `x-2fa-approval-result`. */
  approval?: string;
}

/**
 * The cause of a missing answer, where a user can fix it. `proxy…`: the proxy made no connection to the API. `no-tls`: it
 * answers without TLS. `old-tls`: it knows no TLS version that is still safe.
 * `server-certificate`: the certificate of the API is not trusted here. `client-certificate`: the API rejected ours;
 * `…-perhaps`: it closed the connection without a reason, as some servers do in this case.
 */
export type Fault =
  | 'proxy'
  | 'proxy-credentials'
  | 'no-tls'
  | 'old-tls'
  | 'server-certificate'
  | 'client-certificate'
  | 'client-certificate-perhaps';

/** A missing answer. `not-connected`: the request can't have arrived. `lost`: it may have. `aborted`: the signal ended it. */
export interface NoAnswer {
  kind: 'not-connected' | 'lost' | 'aborted';
  /** A few words without secrets: an error code, or the limit that was reached. */
  reason: string;
  fault?: Fault;
  /** Set if our own rate limiter did not send the request: milliseconds until it may. */
  heldBack?: number;
}

export interface RawAnswer {
  statusCode: number;
  rawBody: Uint8Array;
  headers: IncomingHttpHeaders;
  /** The headers with all values of repeated ones. */
  headersDistinct: NodeJS.Dict<string[]>;
}

/** The header of the one-time token that starts the approval by a user. It is a secret. */
export const ONE_TIME_TOKEN = 'x-2fa-approval';

/** Reads an answer of any status. Its one-time token is removed, wherever the answer repeats it. */
export function decodeAnswer({ statusCode, rawBody, headers, headersDistinct }: RawAnswer): HttpAnswer {
  const text = (header: string) => headersDistinct[header]?.join(', ') ?? null;
  const date = parseHttpDate(headers.date ?? '');
  const secrets = headersDistinct[ONE_TIME_TOKEN] ?? [];
  const traceId = text('x-trace-id');
  const approval = statusCode === 403 ? text('x-2fa-approval-result') : null;
  return {
    kind: 'answered',
    httpStatus: statusCode,
    body: rawBody.length === 0 ? null : redactData(decodeJson(rawBody), secrets),
    date,
    traceId: traceId && redact(traceId, secrets),
    retryAfter: parseRetryAfter(text('retry-after') ?? '', date ?? Date.now()),
    ...(approval !== null && { approval }),
  };
}
