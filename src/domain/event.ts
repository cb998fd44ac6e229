import type { CardToken, KioskId } from './ids.ts';
import type { Production } from './production.ts';
import { utcTime } from './times/vendor-time.ts';

/** The two event types about a card at a kiosk. */
export const PRODUCTION_EVENT = 'cards#card-production-status-change';
export const ORDER_EVENT = 'cards#card-order-status-change';

const value = <Value>(empty: Value): Value => empty;

/**
 * The fields of an event that kioskctl understands, with their values in an empty event. The journal has a column for each
 * field, and documents show them in this order. A field that the webhook does not have, or that can't be read, is null.
 * Words and times are those of Wise.
 */
const EVENT_FIELDS = {
  /** `cards#card-production-status-change`, `cards#card-order-status-change`, or another type. */
  eventType: value<string>('unknown'),
  profileId: value<number | null>(null),
  cardToken: value<CardToken | null>(null),
  orderId: value<number | null>(null),
  kioskId: value<KioskId | null>(null),
  /** The status of the production or of the order, depending on the type. */
  status: value<string | null>(null),
  errorCode: value<string | null>(null),
  /** Not shown in documents. */
  description: value<string | null>(null),
  occurredAt: value<string | null>(null),
  sentAt: value<string | null>(null),
};

export type CardEvent = typeof EVENT_FIELDS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
export const EVENT_FIELD_NAMES = Object.keys(EVENT_FIELDS) as (keyof CardEvent)[];

/** The fields by which two events are the same. Stored keys have this order: new fields are added at the end. */
const IDENTIFYING = [
  'eventType',
  'cardToken',
  'orderId',
  'status',
  'kioskId',
  'occurredAt',
  'errorCode',
] as const satisfies (keyof CardEvent)[];

/** Returns an event of which only the type is known. */
export function emptyEvent(eventType: string = EVENT_FIELDS.eventType): CardEvent {
  return { ...EVENT_FIELDS, eventType };
}

/** Returns the content by which two events are the same, though their times of sending and subscriptions differ. */
export function contentOf(event: CardEvent): string {
  return JSON.stringify(IDENTIFYING.map((name) => event[name]));
}

/** An event in the journal. */
export interface KeptEvent extends CardEvent {
  /** The journal's own number, in order of arrival. */
  id: number;
  deliveryId: string | null;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** True for a test notification, which says nothing about any card. */
  isTest: boolean;
  /** True if the vendor signed it. Others are hints: the API is read after them. */
  isVerified: boolean;
}

/** Converts an event for JSON documents and streams; times of the journal are UTC, those of the vendor as it writes them. */
export function toEventDocument(event: KeptEvent) {
  const fields = Object.fromEntries(
    EVENT_FIELD_NAMES.filter((name) => name !== 'description').map((name) => [name, event[name]]),
  );
  return {
    type: 'event' as const,
    id: event.id,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all fields that are shown
    ...(fields as Omit<CardEvent, 'description'>),
    receivedAt: utcTime(event.receivedAt),
    test: event.isTest,
  };
}

export type EventDocument = ReturnType<typeof toEventDocument>;

/** Converts a production event to the form of the API; null for other events, and without a status. */
export function productionOf({ eventType, status, ...event }: CardEvent): Production | null {
  if (eventType !== PRODUCTION_EVENT || status === null) return null;
  const { kioskId, occurredAt, errorCode, description } = event;
  return { status, kioskId, occurredAt, errorCode, description };
}
