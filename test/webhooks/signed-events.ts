// Events of Wise, each of another card, signed with a key of the test.
import { randomUUID } from 'node:crypto';
import { Signer } from './signer.ts';

export interface SignedEvent {
  body: Buffer;
  signature: string;
  deliveryId: string;
  cardToken: string;
}

export class EventSigner extends Signer {
  /** Returns a production event of 600 bytes for a new card. */
  event(more: Record<string, unknown> = {}): SignedEvent {
    const cardToken = randomUUID();
    return { ...this.signed(cardBody({ cardToken, ...more })), cardToken };
  }

  signed(body: Buffer): Omit<SignedEvent, 'cardToken'> {
    return { body, signature: this.sign(body), deliveryId: randomUUID() };
  }
}

/** Returns the documented shape, filled up to 600 bytes. */
export function cardBody({
  cardToken,
  profileId = 1001,
  sentAt = '2026-03-01T12:00:01.000Z',
  ...data
}: { cardToken: string; profileId?: unknown; sentAt?: string } & Record<string, unknown>): Buffer {
  const event = (padding: string) => ({
    data: {
      resource: {
        type: 'card',
        profile_id: String(profileId),
        client_id: `your-bank${padding}`,
        card_token: cardToken,
      },
      status: 'PRODUCED',
      kiosk_id: 'WIS00001',
      error_code: null,
      description: 'Card produced',
      occurred_at: '2026-03-01T12:00:00.120Z',
      ...data,
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: 'cards#card-production-status-change',
    schema_version: '4.0.0',
    sent_at: sentAt,
  });
  const short = JSON.stringify(event('')).length;
  return Buffer.from(JSON.stringify(event('-'.repeat(Math.max(0, 600 - short)))));
}

export function headersOf({ signature, deliveryId }: Omit<SignedEvent, 'cardToken' | 'body'>) {
  return {
    'content-type': 'application/json',
    'x-signature-sha256': signature,
    'x-delivery-id': deliveryId,
  };
}

/** Delivers an event like Wise. @returns the status, or 0 for no answer */
export async function deliver(
  url: string,
  event: Omit<SignedEvent, 'cardToken'>,
  headers: Record<string, string> = {},
): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headersOf(event), ...headers },
      body: new Uint8Array(event.body),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
