import { isUtf8 } from 'node:buffer';
import { type CardEvent, emptyEvent } from '../domain/event.ts';
import { withoutByteOrderMark } from '../domain/text/words.ts';
import { readEventBody } from '../wire/events.ts';

/**
 * Decodes the body of a verified webhook. It comes from Wise in any case, so a body of an unknown type or schema, or one
 * that is not JSON, is an event, too: it is stored, and changes nothing.
 */
export function decodeEvent(body: Uint8Array): CardEvent {
  return decodeIfEvent(body) ?? unknownEvent(parseBody(body));
}

/** The same for a body that is not verified. @returns null if it is not an event */
export function decodeIfEvent(body: Uint8Array): CardEvent | null {
  return readEventBody(parseBody(body));
}

/** True for a body with the shape of an event of Wise, of any type and version. */
export function looksLikeEvent(body: Uint8Array): boolean {
  const parsed = parseBody(body);
  return typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && 'data' in parsed;
}

/** Parses a body without its byte order mark, which is signed but not JSON. @returns undefined for no JSON in UTF-8 */
function parseBody(body: Uint8Array): unknown {
  if (!isUtf8(body)) return undefined;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch {
    return undefined;
  }
}

function unknownEvent(parsed: unknown): CardEvent {
  const named = typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && parsed.event_type;
  return emptyEvent(typeof named === 'string' && named !== '' ? named : undefined);
}
