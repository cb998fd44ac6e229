import { type CardEvent, emptyEvent } from '../domain/event.ts';
import { decodeJson } from '../domain/text/decode-json.ts';
import { readEventBody } from '../wire/events.ts';

/**
 * Decodes the body of a verified webhook. A body with an unknown type or schema, or without valid JSON, is still an
 * event of Wise: it is stored, but has no effect.
 */
export function decodeEvent(body: Uint8Array): CardEvent {
  return decodeIfEvent(body) ?? unknownEvent(decodeJson(body));
}

/** Decodes an unverified body. @returns the event; null if the body is not an event */
export function decodeIfEvent(body: Uint8Array): CardEvent | null {
  return readEventBody(decodeJson(body));
}

/** True if a body has the structure of a Wise event, of any type and version. */
export function looksLikeEvent(body: Uint8Array): boolean {
  const parsed = decodeJson(body);
  return typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && 'data' in parsed;
}

function unknownEvent(parsed: unknown): CardEvent {
  const named = typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && parsed.event_type;
  return emptyEvent(typeof named === 'string' && named !== '' ? named : undefined);
}
