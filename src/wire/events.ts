import * as v from 'valibot';
import { type CardEvent, EVENT_FIELD_NAMES, emptyEvent, ORDER_EVENT } from '../domain/event.ts';
import { cardToken, optionalText, wiseKioskId } from './scalars.ts';

export { ORDER_EVENT, PRODUCTION_EVENT } from '../domain/event.ts';

/** Header with the signature of a webhook delivery. Names of headers are in lower case, as in Node. */
export const SIGNATURE_HEADER = 'x-signature-sha256';
/** Header with the id of a webhook delivery. */
export const DELIVERY_HEADER = 'x-delivery-id';
/** Header that marks a test notification. */
export const TEST_HEADER = 'x-test-notification';

/** Returns the headers of a webhook delivery. A null id or signature omits its header. */
export function deliveryHeaders({
  signature,
  deliveryId,
  isTest,
}: {
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
}): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(signature !== null && { [SIGNATURE_HEADER]: signature }),
    ...(deliveryId !== null && { [DELIVERY_HEADER]: deliveryId }),
    ...(isTest && { [TEST_HEADER]: 'true' }),
  };
}

/** True if the header's value marks a test notification. Wise sends `true`; any value except `false` counts. */
export function isTestNotification(header: string | undefined): boolean {
  return header !== undefined && header.trim().toLowerCase() !== 'false';
}

/** An id as a number or text. An order id may end with `L`. */
const looseId = v.fallback(
  v.nullish(
    v.pipe(
      v.union([v.number(), v.string()]),
      v.transform(String),
      v.regex(/^\d+L?$/),
      v.transform((id) => Number(id.replace('L', ''))),
      v.safeInteger(),
    ),
    null,
  ),
  null,
);

const resource = v.object({
  profile_id: looseId,
  card_token: v.fallback(v.nullish(cardToken, null), null),
});

const NOTHING = { profile_id: null, card_token: null };

/**
 * Schema of a webhook body of any type and version. Invalid fields become null. Source: Wise's examples of schemas
 * 2.0.0 and 4.0.0.
 */
const eventBody = v.object({
  event_type: v.string(),
  schema_version: optionalText,
  sent_at: optionalText,
  data: v.looseObject({
    resource: v.fallback(resource, NOTHING),
    order_id: looseId,
    kiosk_id: wiseKioskId,
    status: optionalText,
    order_status: optionalText,
  }),
});

/** Event fields whose values the schema above decodes. */
const DECODED = [
  'eventType',
  'profileId',
  'cardToken',
  'orderId',
  'kioskId',
  'status',
  'sentAt',
] as const satisfies (keyof CardEvent)[];

type TextField = Exclude<keyof CardEvent, (typeof DECODED)[number]>;

/** The other event fields: text, whose name in webhooks is the field name in snake case. */
const TEXT_FIELDS = EVENT_FIELD_NAMES.filter(
  (name): name is TextField => !DECODED.some((decoded) => decoded === name),
).map((name) => [name, name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] as const);

/** Major schema versions with known fields. Assumption: minor versions only add fields. */
const KNOWN_VERSION = /^[24](\.|$)/;

/**
 * Decodes a parsed webhook body. In an unknown major version, only ids, type and time are decoded, because other fields
 * may have changed their meaning.
 * @returns null if the body is not an event
 */
export function readEventBody(body: unknown): CardEvent | null {
  const read = v.safeParse(eventBody, body);
  if (!read.success) return null;
  const { event_type: eventType, schema_version: version, sent_at: sentAt, data } = read.output;
  const event: CardEvent = {
    ...emptyEvent(eventType),
    profileId: data.resource.profile_id,
    cardToken: data.resource.card_token,
    orderId: data.order_id,
    sentAt,
  };
  if (version !== null && !KNOWN_VERSION.test(version)) return event;
  event.kioskId = data.kiosk_id;
  event.status = eventType === ORDER_EVENT ? data.order_status : data.status;
  for (const [name, word] of TEXT_FIELDS) {
    const text = data[word];
    if (typeof text === 'string') event[name] = text;
  }
  return event;
}
