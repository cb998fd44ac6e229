import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import { type Posted, post } from './post.ts';

/** What goes out to a receiver of webhooks. */
export interface Sendable {
  body: Uint8Array;
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
}

/** The vendor gives a receiver five seconds; one at the other end of a tunnel may take longer. */
const LONGEST_WAIT_MS = 15_000;

/** Sends a webhook as the vendor did: the same bytes, signature and delivery id. Once it is on its way it is not cut. */
export async function sendDelivery(
  url: URL,
  { body, signature, deliveryId, isTest }: Sendable,
): Promise<Posted> {
  const headers = {
    'content-type': 'application/json',
    ...(signature !== null && { [SIGNATURE_HEADER]: signature }),
    ...(deliveryId !== null && { [DELIVERY_HEADER]: deliveryId }),
    ...(isTest && { [TEST_HEADER]: 'true' }),
  };
  return post({ url, headers, body, timeout: LONGEST_WAIT_MS });
}
