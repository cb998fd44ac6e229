import { type CardEvent, emptyEvent } from '../domain/event.ts';
import { decodeJson } from '../domain/text/decode-json.ts';
import { readEventBody } from '../wire/events.ts';

/**
 * Decodes the body of a verified webhook. Any such body is from Wise, so one of an unknown type or schema, or one that is
 * not JSON, counts as an event: it is stored, and changes nothing.
 */
export function decodeEvent(body: Uint8Array): CardEvent {
  return decodeIfEvent(body) ?? unknownEvent(decodeJson(body));
}

/** Decodes a body that is not verified. @returns null if it is not an event */
export function decodeIfEvent(body: Uint8Array): CardEvent | null {
  return readEventBody(decodeJson(body));
}

/** True for a body with the shape of an event of Wise, of any type and version. */
export function looksLikeEvent(body: Uint8Array): boolean {
  const parsed = decodeJson(body);
  return typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && 'data' in parsed;
}

function unknownEvent(parsed: unknown): CardEvent {
  const named = typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && parsed.event_type;
  return emptyEvent(typeof named === 'string' && named !== '' ? named : undefined);
}
