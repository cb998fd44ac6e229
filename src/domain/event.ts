import type { CardToken, KioskId } from './ids.ts';
import type { Production } from './production.ts';
import { utcTime } from './times/vendor-time.ts';

/** The two event types about a card at a kiosk. */
export const PRODUCTION_EVENT = 'cards#card-production-status-change';
export const ORDER_EVENT = 'cards#card-order-status-change';

interface FieldOptions {
  /** Place among the fields by which two events are the same. Stored keys are made in this order: it never changes. */
  identifies?: number;
  /** False for what documents leave out. */
  isShown?: boolean;
}

/** A field of an event, with its value in an empty one. */
interface Field<Value> extends FieldOptions {
  empty: Value;
}

function field<Value>(empty: Value, options: FieldOptions = {}): Field<Value> {
  return { empty, ...options };
}

const text = (options?: FieldOptions): Field<string | null> => field<string | null>(null, options);
const id = (options?: FieldOptions): Field<number | null> => field<number | null>(null, options);

/**
 * The fields of an event, as far as kioskctl understands it. The journal has a column for each, and documents show them
 * in this order. A field that the webhook does not have, or has unreadably, is null; words and times are the vendor's own.
 */
const EVENT_FIELDS = {
  /** `cards#card-production-status-change`, `cards#card-order-status-change`, or another type. */
  eventType: field<string>('unknown', { identifies: 1 }),
  profileId: id(),
  cardToken: field<CardToken | null>(null, { identifies: 2 }),
  orderId: id({ identifies: 3 }),
  kioskId: field<KioskId | null>(null, { identifies: 5 }),
  /** Of the production or of the order, depending on the type. */
  status: text({ identifies: 4 }),
  errorCode: text({ identifies: 7 }),
  description: text({ isShown: false }),
  occurredAt: text({ identifies: 6 }),
  sentAt: text(),
};

export type CardEvent = { [Name in keyof typeof EVENT_FIELDS]: (typeof EVENT_FIELDS)[Name]['empty'] };

type EventField = keyof CardEvent;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
export const EVENT_FIELD_NAMES = Object.keys(EVENT_FIELDS) as EventField[];

const SHOWN = EVENT_FIELD_NAMES.filter((name) => optionsOf(name).isShown !== false);

const IDENTIFYING = EVENT_FIELD_NAMES.filter((name) => optionsOf(name).identifies !== undefined).toSorted(
  (left, right) => (optionsOf(left).identifies ?? 0) - (optionsOf(right).identifies ?? 0),
);

function optionsOf(name: EventField): FieldOptions {
  return EVENT_FIELDS[name];
}

/** An event of a type of which nothing else is understood. */
export function emptyEvent(eventType: string = EVENT_FIELDS.eventType.empty): CardEvent {
  const fields = EVENT_FIELD_NAMES.map((name) => [name, EVENT_FIELDS[name].empty]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value for each field
  return { ...(Object.fromEntries(fields) as CardEvent), eventType };
}

/** The content by which two events are the same; the times of their sending and their subscriptions may differ. */
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
  const fields = Object.fromEntries(SHOWN.map((name) => [name, event[name]]));
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
