// Events as the journal keeps them.

import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { TOKEN } from './facts.ts';

let latest = 0;

/** A signed event of a production, in progress at 11:00:00.120 unless told otherwise. */
export function productionEvent(status: string, more: Partial<KeptEvent> = {}): KeptEvent {
  latest += 1;
  return {
    id: latest,
    deliveryId: null,
    receivedAt: 0,
    isTest: false,
    isVerified: true,
    eventType: PRODUCTION_EVENT,
    profileId: 1001,
    cardToken: TOKEN,
    orderId: null,
    kioskId: status === 'READY' ? null : parseKioskId('WIS00001'),
    status,
    errorCode: status === 'PRODUCTION_ERROR' ? 'PRD_HOPPER_DOOR' : null,
    description: null,
    occurredAt: '2026-03-01T11:00:00.120Z',
    sentAt: '2026-03-01T11:00:01.000Z',
    ...more,
  };
}

export function orderEvent(status: string, more: Partial<KeptEvent> = {}): KeptEvent {
  return productionEvent(status, {
    eventType: ORDER_EVENT,
    orderId: 501,
    kioskId: null,
    errorCode: null,
    ...more,
  });
}
