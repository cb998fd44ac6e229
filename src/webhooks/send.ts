import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';

/** What goes out to a receiver of webhooks. */
export interface Sendable {
  body: Uint8Array;
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
}

export type Sent = { kind: 'answered'; httpStatus: number } | { kind: 'unreachable'; reason: string };

/** The vendor gives a receiver five seconds; one at the other end of a tunnel may take longer. */
const LONGEST_WAIT_MS = 15_000;

/**
 * Sends a webhook as the vendor did: the same bytes, signature and delivery id. Redirects are not followed, nothing is
 * repeated, and the body of the answer is not read. Once it is on its way it is not cut.
 */
export async function sendDelivery(
  to: URL,
  { body, signature, deliveryId, isTest }: Sendable,
): Promise<Sent> {
  try {
    const answer = await fetch(to, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signature !== null && { [SIGNATURE_HEADER]: signature }),
        ...(deliveryId !== null && { [DELIVERY_HEADER]: deliveryId }),
        ...(isTest && { [TEST_HEADER]: 'true' }),
      },
      body: Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    });
    await answer.body?.cancel();
    return { kind: 'answered', httpStatus: answer.status };
  } catch (error) {
    return { kind: 'unreachable', reason: reasonOf(error) };
  }
}

/** In a few words that hold nothing secret. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `no answer within ${LONGEST_WAIT_MS / 1_000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return 'no answer';
  return 'code' in cause ? String(cause.code) : cause.message;
}
