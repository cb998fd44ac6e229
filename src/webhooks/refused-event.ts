import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { decodeEvent } from './decode-event.ts';

/** A request that looks like an event of Wise, and that was refused: its path or its signature is wrong. */
export interface RefusedEvent {
  cause: 'path' | 'signature';
  /** The path as the sender wrote it, without the query. */
  path: string;
  body: Buffer;
  /** null if it is missing. */
  signature: string | null;
}

/**
 * Returns the path of a request target. The absolute form, repeated slashes and a trailing slash, as gateways write
 * them, are the same path.
 */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('?');
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

const SHORTEST_PAUSE_S = 10 * 60;
/** The longest pause of Wise. */
const LONGEST_PAUSE_S = 24 * 60 * 60;

/**
 * Returns the value of `Retry-After` for a refused event: its age, in seconds. Wise waits for exactly this time, at most
 * 25 times, so that its attempts last for about two weeks, like without the header.
 * @param now milliseconds since the epoch
 */
export function retryAfter(body: Uint8Array, now: number): string {
  const { occurredAt, sentAt } = decodeEvent(body);
  const since = (parseVendorTime(occurredAt) ?? parseVendorTime(sentAt))?.milliseconds ?? now;
  const age = Math.floor((now - since) / 1_000);
  return String(Math.min(Math.max(age, SHORTEST_PAUSE_S), LONGEST_PAUSE_S));
}
