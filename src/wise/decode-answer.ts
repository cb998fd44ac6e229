import type { IncomingHttpHeaders } from 'node:http';
import { decodeJson } from '../domain/text/decode-json.ts';
import { redact, redactData } from '../domain/text/redaction.ts';
import { parseHttpDate, parseRetryAfter } from '../domain/times/vendor-time.ts';

export interface HttpAnswer {
  kind: 'answered';
  httpStatus: number;
  /** Parsed body; null if empty, undefined if unreadable. */
  body: unknown;
  /** `Date` header, in milliseconds since the epoch; null without one. */
  date: number | null;
  traceId: string | null;
  /** `Retry-After` in milliseconds; null without one. */
  retryAfter: number | null;
  /** Value of `x-2fa-approval-result`, if Wise requires strong customer authentication. */
  approval?: string;
}

/**
 * The cause of a missing response, if users can fix it. `proxy…`: the proxy did not connect to the API. `no-tls`: the
 * server does not use TLS. `old-tls`: it supports only insecure TLS versions. `server-certificate`: this machine does
 * not trust the API's certificate. `client-certificate`: the API rejected our certificate; `…-perhaps`: it closed the
 * connection without a reason, which may mean the same.
 */
export type Fault =
  | 'proxy'
  | 'proxy-credentials'
  | 'no-tls'
  | 'old-tls'
  | 'server-certificate'
  | 'client-certificate'
  | 'client-certificate-perhaps';

/**
 * No response. `not-connected`: the request was certainly not received. `lost`: it may have been received. `aborted`:
 * the signal ended it.
 */
export interface NoAnswer {
  kind: 'not-connected' | 'lost' | 'aborted';
  /** Short reason without secrets: an error code, or the timeout. */
  reason: string;
  fault?: Fault;
  /** Milliseconds until a retry is allowed, if our own rate limiter did not send the request; otherwise not set. */
  heldBack?: number;
}

export interface RawAnswer {
  statusCode: number;
  rawBody: Uint8Array;
  headers: IncomingHttpHeaders;
  /** Headers, with all values of repeated headers. */
  headersDistinct: NodeJS.Dict<string[]>;
}

/** Header with the one-time token for strong customer authentication. Its value is a secret. */
export const ONE_TIME_TOKEN = 'x-2fa-approval';

/** Decodes a response of any status. Redacts the one-time token everywhere in it. */
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
