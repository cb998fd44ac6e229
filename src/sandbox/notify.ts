import { type KeyObject, randomUUID, sign } from 'node:crypto';
import { parseHttpDate, parseRetryAfter } from '../domain/times/http-times.ts';
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
export async function notify({
  url,
  body,
  deliveryId,
  isTest,
  key,
  signal,
}: Notification): Promise<DeliveryAnswer> {
  try {
    const bytes = Buffer.from(JSON.stringify(body));
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        // A receiver may close a kept connection in the moment in which it is used again.
        connection: 'close',
        'content-type': 'application/json',
        [SIGNATURE_HEADER]: sign('sha256', bytes, key).toString('base64'),
        [DELIVERY_HEADER]: deliveryId,
        ...(isTest && { [TEST_HEADER]: 'true' }),
      },
      body: bytes,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
    });
    await answer.body?.cancel();
    return { status: answer.status, retryAfter: retryAfterOf(answer.headers) };
  } catch {
    return { status: 0, retryAfter: null };
  }
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

/** A date is compared with the clock of the receiver: that of the sandbox may be far ahead. */
function retryAfterOf(headers: Headers): number | null {
  const date = parseHttpDate(headers.get('date') ?? '');
  return parseRetryAfter(headers.get('retry-after') ?? '', date ?? Date.now());
}
