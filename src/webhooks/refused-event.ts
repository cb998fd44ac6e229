import type { IncomingMessage } from 'node:http';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { SIGNATURE_HEADER } from '../wire/events.ts';
import { decodeEvent } from './decode-event.ts';
import { signatureOf } from './signature.ts';

/** A rejected request that looks like an event of Wise, but has a wrong path or signature. */
export interface RefusedEvent {
  cause: 'path' | 'signature';
  /** Path as sent, without the query string. */
  path: string;
  body: Buffer;
  /** Value of the signature header; null if it is missing. */
  signature: string | null;
}

/** Normalizes the path of a request target. Gateways may send an absolute URL, repeated slashes or a trailing slash. */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('?');
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

const SHORTEST_PAUSE_S = 10 * 60;
/** Maximum pause of Wise between two attempts, in seconds: a day. */
const LONGEST_PAUSE_S = 24 * 60 * 60;

/**
 * Returns `Retry-After` for a rejected event, in seconds: the age of the event, but at least 10 minutes and at most a
 * day. Each pause doubles the age of the event, so that Wise's 25 attempts last about two weeks, as without the header.
 * @param now milliseconds since the epoch
 */
export function retryAfter(body: Uint8Array, now: number): string {
  const { occurredAt, sentAt } = decodeEvent(body);
  const since = (parseVendorTime(occurredAt) ?? parseVendorTime(sentAt))?.milliseconds ?? now;
  const age = Math.floor((now - since) / 1_000);
  return String(Math.min(Math.max(age, SHORTEST_PAUSE_S), LONGEST_PAUSE_S));
}

export function toRefusedEvent(
  request: IncomingMessage,
  { body, cause }: Pick<RefusedEvent, 'body' | 'cause'>,
): RefusedEvent {
  const signature = signatureOf(headerOf(request, SIGNATURE_HEADER));
  return { cause, path: request.url?.split('?')[0] ?? '', body, signature };
}

/** Returns a header; undefined if it is missing. The values of a repeated header are joined by commas. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
