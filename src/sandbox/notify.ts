import { type KeyObject, randomUUID, sign } from 'node:crypto';
import { parseHttpDate, parseRetryAfter } from '../domain/times/http-times.ts';
import { post } from '../http/post.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import type { CallbackCheck } from './api/exchange.ts';
import type { DeliveryAnswer } from './state/delivery-retries.ts';
import { bodyFor, NO_SUBSCRIPTION, testEvent } from './state/event-bodies.ts';
import type { State } from './state/state.ts';
import type { EventBody } from './state/tables/deliveries.ts';
import { signingKeyOf } from './state/tables/tokens.ts';

/** The limit of Wise for an answer. */
const ANSWER_LIMIT_MS = 5_000;

interface Notification {
  url: string;
  body: EventBody;
  deliveryId: string;
  isTest: boolean;
  /** Signs the body. */
  key: KeyObject;
  /** Cuts the request. */
  signal: AbortSignal;
}

/** Sends an event to a receiver, once. Never rejects for a fault of the network or of the receiver. */
export async function notify(notification: Notification): Promise<DeliveryAnswer> {
  const { deliveryId, isTest, key, signal } = notification;
  const body = Buffer.from(JSON.stringify(notification.body));
  const answer = await post({
    url: new URL(notification.url),
    headers: {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: sign('sha256', body, key).toString('base64'),
      [DELIVERY_HEADER]: deliveryId,
      ...(isTest && { [TEST_HEADER]: 'true' }),
    },
    body,
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
