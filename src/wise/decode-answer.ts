import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { redact, redactData } from '../domain/text/redaction.ts';

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
 * The cause of a missing answer, where a user can fix it. `proxy…`: it made no connection to the API.
 * `server-certificate`: not trusted here. `client-certificate`: ours was rejected; `…-perhaps` where the other side
 * closed the connection without a reason, as some servers do then.
 */
export type Fault =
  | 'proxy'
  | 'proxy-credentials'
  | 'server-certificate'
  | 'client-certificate'
  | 'client-certificate-perhaps';

/** `not-connected`: nothing can have arrived. `lost`: it may have. `aborted`: the caller's signal. */
export interface NoAnswer {
  kind: 'not-connected' | 'lost' | 'aborted';
  /** A few words without secrets: an error code, or the limit that was reached. */
  reason: string;
  fault?: Fault;
  /** Set if our own limiter did not let it leave: milliseconds until it may. */
  heldBack?: number;
}

export interface RawAnswer {
  statusCode: number;
  rawBody: Uint8Array;
  headers: IncomingHttpHeaders;
}

/** The header of the one-time token with which a user's approval would be asked for: a secret, whatever it is. */
export const ONE_TIME_TOKEN = 'x-2fa-approval';

/** Reads an answer of any status. Its one-time token is removed, wherever the answer repeats it. */
export function decodeAnswer({ statusCode, rawBody, headers }: RawAnswer): HttpAnswer {
  const date = Date.parse(text(headers.date) ?? '');
  const secrets = [text(headers[ONE_TIME_TOKEN]) ?? ''];
  const traceId = text(headers['x-trace-id']);
  const approval = statusCode === 403 ? text(headers['x-2fa-approval-result']) : null;
  return {
    kind: 'answered',
    httpStatus: statusCode,
    body: redactData(readJson(rawBody), secrets),
    date: Number.isNaN(date) ? null : date,
    traceId: traceId && redact(traceId, secrets),
    retryAfter: toDelay(text(headers['retry-after'])),
    ...(approval !== null && { approval }),
  };
}

function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return null;
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

/** Reads `Retry-After` as Wise sends it: whole seconds. */
function toDelay(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
