import type { CardToken, KioskId } from './ids.ts';
import type { Production } from './production.ts';

/** The two event types about a card at a kiosk. */
export const PRODUCTION_EVENT = 'cards#card-production-status-change';
export const ORDER_EVENT = 'cards#card-order-status-change';

/**
 * What a webhook says, as far as kioskctl understands it. What it doesn't say, or says unreadably, is null; words and
 * times are the vendor's own.
 */
export interface CardEvent {
  /** `cards#card-production-status-change`, `cards#card-order-status-change`, or another type. */
  eventType: string;
  profileId: number | null;
  cardToken: CardToken | null;
  orderId: number | null;
  kioskId: KioskId | null;
  /** Of the production or of the order, after the event's type. */
  status: string | null;
  errorCode: string | null;
  description: string | null;
  occurredAt: string | null;
  sentAt: string | null;
}

/** Two events are the same when this is; the times of their sending and their subscriptions may differ. */
export function contentOf(event: CardEvent): string {
  const { eventType, cardToken, orderId, status, kioskId, occurredAt, errorCode } = event;
  return JSON.stringify([eventType, cardToken, orderId, status, kioskId, occurredAt, errorCode]);
}

/** An event that the journal keeps. */
export interface KeptEvent extends CardEvent {
  /** The journal's own number, in order of arrival. */
  id: number;
  deliveryId: string | null;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** A test notification, which says nothing about any card. */
  isTest: boolean;
  /** Was it signed by the vendor? Others are hints, after which the API is asked. */
  isVerified: boolean;
}

/** An event as JSON documents and streams show it; times are UTC, the vendor's as it writes them. */
export interface EventDocument extends Omit<CardEvent, 'description'> {
  type: 'event';
  id: number;
  receivedAt: string;
  test: boolean;
}

export function toEventDocument(event: KeptEvent): EventDocument {
  return {
    type: 'event',
    id: event.id,
    eventType: event.eventType,
    profileId: event.profileId,
    cardToken: event.cardToken,
    orderId: event.orderId,
    kioskId: event.kioskId,
    status: event.status,
    errorCode: event.errorCode,
    occurredAt: event.occurredAt,
    sentAt: event.sentAt,
    receivedAt: new Date(event.receivedAt).toISOString(),
    test: event.isTest,
  };
}

/** Converts a production event to the form of the API; null for other events, and without a status. */
export function productionOf({ eventType, status, ...said }: CardEvent): Production | null {
  if (eventType !== PRODUCTION_EVENT || status === null) return null;
  const { kioskId, occurredAt, errorCode, description } = said;
  return { status, kioskId, occurredAt, errorCode, description };
}
