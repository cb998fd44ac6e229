import { isUtf8 } from 'node:buffer';
import type { CardEvent } from '../domain/event.ts';
import { readEventBody } from '../wire/events.ts';

/** The type of an event whose body does not name one. */
const UNKNOWN_TYPE = 'unknown';

/**
 * Reads the body of a verified webhook. It is the vendor's whatever it says, so what can't be understood (another type,
 * another schema, no JSON at all) is an event, too: its body is kept, and nothing follows from it.
 */
export function understand(body: Uint8Array): CardEvent {
  const parsed = parseJson(body);
  return readEventBody(parsed) ?? notUnderstood(parsed);
}

function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

function notUnderstood(parsed: unknown): CardEvent {
  const named = typeof parsed === 'object' && parsed !== null && 'event_type' in parsed && parsed.event_type;
  return {
    eventType: typeof named === 'string' && named !== '' ? named : UNKNOWN_TYPE,
    profileId: null,
    cardToken: null,
    orderId: null,
    kioskId: null,
    status: null,
    errorCode: null,
    description: null,
    occurredAt: null,
    sentAt: null,
  };
}
