import type { CardToken, KioskId } from './ids.ts';
import type { Production } from './production.ts';
import { utcTime } from './times/vendor-time.ts';

/** The two types of events about cards at kiosks. */
export const PRODUCTION_EVENT = 'cards#card-production-status-change';
export const ORDER_EVENT = 'cards#card-order-status-change';

const value = <Value>(empty: Value): Value => empty;

/**
 * The fields of an event, with their values in an empty event. The journal has a column for each field, and JSON
 * documents show the fields in this order. A field is null if the webhook lacks it or its value is invalid. Statuses
 * and times are stored as Wise sends them.
 */
const EVENT_FIELDS = {
  /** `cards#card-production-status-change`, `cards#card-order-status-change`, or an unknown type. */
  eventType: value<string>('unknown'),
  profileId: value<number | null>(null),
  cardToken: value<CardToken | null>(null),
  orderId: value<number | null>(null),
  kioskId: value<KioskId | null>(null),
  /** The status of the production in a production event, of the order in an order event. */
  status: value<string | null>(null),
  errorCode: value<string | null>(null),
  /** Not part of JSON documents. */
  description: value<string | null>(null),
  occurredAt: value<string | null>(null),
  sentAt: value<string | null>(null),
};

export type CardEvent = typeof EVENT_FIELDS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
export const EVENT_FIELD_NAMES = Object.keys(EVENT_FIELDS) as (keyof CardEvent)[];

/** The fields that identify an event. Stored keys depend on this order: add new fields at the end. */
const IDENTIFYING = [
  'eventType',
  'cardToken',
  'orderId',
  'status',
  'kioskId',
  'occurredAt',
  'errorCode',
] as const satisfies (keyof CardEvent)[];

/** Returns an event with a type and no other data. */
export function emptyEvent(eventType: string = EVENT_FIELDS.eventType): CardEvent {
  return { ...EVENT_FIELDS, eventType };
}

/**
 * Returns the key of an event's content. Repeated deliveries of an event have the same key, even with another `sent_at`
 * or subscription.
 */
export function contentOf(event: CardEvent): string {
  return JSON.stringify(IDENTIFYING.map((name) => event[name]));
}

/** An event in the journal. */
export interface KeptEvent extends CardEvent {
  /** Journal id; ascending in order of arrival. */
  id: number;
  deliveryId: string | null;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** True for a test notification, whose card does not exist. */
  isTest: boolean;
  /** True if the signature of Wise was verified. Any other event only triggers a read of the API. */
  isVerified: boolean;
}

/** Converts an event to its JSON form. Times of the journal are in UTC; times of Wise are unchanged. */
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

/** Returns the production that an event reports; null if it is not a production event, or has no status. */
export function productionOf({ eventType, status, ...event }: CardEvent): Production | null {
  if (eventType !== PRODUCTION_EVENT || status === null) return null;
  const { kioskId, occurredAt, errorCode, description } = event;
  return { status, kioskId, occurredAt, errorCode, description };
}
