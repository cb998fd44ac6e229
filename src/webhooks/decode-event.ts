import { isUtf8 } from 'node:buffer';
import { type CardEvent, emptyEvent } from '../domain/event.ts';
import { readEventBody } from '../wire/events.ts';

/**
 * Decodes the body of a verified webhook. It comes from Wise in any case, so a body of an unknown type or schema, or one
 * that is not JSON, is an event, too: it is stored, and changes nothing.
 */
export function decodeEvent(body: Uint8Array): CardEvent {
  const parsed = parseJson(body);
  return readEventBody(parsed) ?? unknownEvent(parsed);
}

function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

function unknownEvent(parsed: unknown): CardEvent {
  const named = typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && parsed.event_type;
  return emptyEvent(typeof named === 'string' && named !== '' ? named : undefined);
}
