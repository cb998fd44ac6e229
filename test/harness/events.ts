// A key pair, and event bodies in the documented formats, signed with it.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { TOKEN } from './records.ts';

export class Signer {
  #keys: { publicKey: string; privateKey: string } | null = null;

  /** Public key in PEM. Created on demand, because that takes a while. */
  get publicKey(): string {
    return this.#pair.publicKey;
  }

  /** Returns the value of `X-Signature-SHA256`. */
  sign(body: string | Uint8Array): string {
    return sign('sha256', Buffer.from(body), this.#pair.privateKey).toString('base64');
  }

  get #pair() {
    this.#keys ??= generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return this.#keys;
  }
}

export function productionBody(status: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    data: {
      resource: { type: 'card', profile_id: '1001', client_id: 'your-bank', card_token: TOKEN },
      status,
      kiosk_id: 'WIS00001',
      error_code: null,
      description: 'Said by the machine',
      occurred_at: '2026-03-01T11:00:00.120Z',
      ...more,
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: PRODUCTION_EVENT,
    schema_version: '4.0.0',
    sent_at: '2026-03-01T11:00:01.000Z',
  });
}

export function orderBody(status: string, orderId = 501): string {
  return JSON.stringify({
    data: {
      resource: { type: 'card', profile_id: 1001, client_id: 'your-bank', card_token: null },
      order_id: `${orderId}L`,
      order_status: status,
      occurred_at: '2026-03-01T10:00:00Z',
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: ORDER_EVENT,
    schema_version: '2.0.0',
    sent_at: '2026-03-01T10:00:01Z',
  });
}

// Events of different cards, signed with a key of the test.
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

/** Returns an event in the documented format, padded to 600 bytes. */
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

/** Delivers an event like Wise. @returns the HTTP status; 0 without a response */
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
