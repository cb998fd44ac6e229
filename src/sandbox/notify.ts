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

/** Timeout of Wise for the response of a webhook receiver. */
const ANSWER_LIMIT_MS = 5_000;

interface Delivery {
  url: string;
  deliveryId: string;
  isTest: boolean;
  /** Aborts the request. */
  signal: AbortSignal;
}

/**
 * Delivers a signed event to a receiver, without retries. Network errors and error responses don't reject the promise.
 */
export async function notify({
  body,
  key,
  ...delivery
}: Delivery & { body: EventBody; key: KeyObject }): Promise<DeliveryAnswer> {
  const bytes = Buffer.from(JSON.stringify(body));
  return deliver({ ...delivery, bytes, signature: signatureOf(bytes, key) });
}

/** Signs the body of a webhook. @returns the value of the signature header */
export function signatureOf(bytes: Uint8Array, key: KeyObject): string {
  return sign('sha256', bytes, key).toString('base64');
}

/** Posts bytes to a receiver, without retries. @param delivery a null signature omits the signature header */
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
  // `Retry-After` may be a date of the receiver's clock. The virtual clock may be far ahead of it.
  const now = parseHttpDate(date ?? '') ?? Date.now();
  return { status: answer.httpStatus, retryAfter: parseRetryAfter(retryAfter ?? '', now) };
}

/**
 * Creates the check of new subscriptions: the URL must accept a test notification. Source: observations of users of
 * Wise. Assumptions: the notification is signed and has no subscription id.
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
