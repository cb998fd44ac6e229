import { type KeyObject, randomUUID, sign } from 'node:crypto';
import { parseHttpDate, parseRetryAfter } from '../domain/times/vendor-time.ts';
import { post } from '../http/post.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { deliveryHeaders } from '../wire/events.ts';
import type { CallbackCheck } from './api/exchange.ts';
import type { DeliveryAnswer } from './state/delivery-retries.ts';
import { bodyFor, NO_SUBSCRIPTION, testEvent } from './state/event-bodies.ts';
import type { State } from './state/state.ts';
import type { EventBody } from './state/tables/deliveries.ts';
import { signingKeyOf } from './state/tables/tokens.ts';

/** The maximum time that Wise waits for the answer of a receiver. */
const ANSWER_LIMIT_MS = 5_000;

interface Delivery {
  url: string;
  deliveryId: string;
  isTest: boolean;
  /** Cuts the request. */
  signal: AbortSignal;
}

/** Sends an event to a receiver, signed, once. Never rejects for a fault of the network or of the receiver. */
export async function notify({
  body,
  key,
  ...delivery
}: Delivery & { body: EventBody; key: KeyObject }): Promise<DeliveryAnswer> {
  const bytes = Buffer.from(JSON.stringify(body));
  return deliver({ ...delivery, bytes, signature: signatureOf(bytes, key) });
}

/** Returns the value of the signature header. */
export function signatureOf(bytes: Uint8Array, key: KeyObject): string {
  return sign('sha256', bytes, key).toString('base64');
}

/** Sends any bytes to a receiver, once. @param delivery with signature null, that header is left out */
export async function deliver({
  url,
  bytes,
  signal,
  ...delivery
}: Delivery & { bytes: Buffer; signature: string | null }): Promise<DeliveryAnswer> {
  const answer = await post({
    url: new URL(url),
    headers: deliveryHeaders(delivery),
    body: bytes,
    timeout: ANSWER_LIMIT_MS,
    signal,
  });
  if (answer.kind === 'unreachable') return { status: 0, retryAfter: null };
  const { date, 'retry-after': retryAfter } = answer.headers;
  // A date is compared with the clock of the receiver: that of the sandbox may be far ahead.
  const now = parseHttpDate(date ?? '') ?? Date.now();
  return { status: answer.httpStatus, retryAfter: parseRetryAfter(retryAfter ?? '', now) };
}

/**
 * Makes the check of a new subscription: its URL must answer a test notification. Source: observed by others; that the
 * notification is signed, and names no subscription yet, is an assumption.
 */
export function callbackCheck(state: State, signal: AbortSignal): CallbackCheck {
  return async ({ trigger_on, delivery }) => {
    const subscription = { id: NO_SUBSCRIPTION, trigger_on, delivery };
    const event = testEvent(subscription, { cardToken: randomUUID(), at: state.now() });
    const { status } = await notify({
      url: delivery.url,
      body: bodyFor(subscription, event),
      deliveryId: randomUUID(),
      isTest: true,
      key: signingKeyOf(state.db),
      signal,
    });
    return isSuccess(status);
  };
}
