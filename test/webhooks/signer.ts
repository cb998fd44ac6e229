// A key pair, and event bodies in the documented shapes, signed with it.

import { generateKeyPairSync, sign } from 'node:crypto';
import { parseCardToken } from '../../src/domain/ids.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';

export const TOKEN = parseCardToken('35050a4a-9521-426e-8109-1396e3687a3e');
export const OTHER_TOKEN = 'ca0c8154-1e14-4464-a1ce-dcea7dc3de52';

export class Signer {
  #keys: { publicKey: string; privateKey: string } | null = null;

  /** In PEM. Made at its first use, because making one takes a while. */
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
