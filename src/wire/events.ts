import * as v from 'valibot';
import { type CardEvent, ORDER_EVENT } from '../domain/event.ts';
import { cardToken, optionalText, wiseKioskId } from './scalars.ts';

export { ORDER_EVENT, PRODUCTION_EVENT } from '../domain/event.ts';

/** The headers of a delivery, in lower case as in Node. */
export const SIGNATURE_HEADER = 'x-signature-sha256';
export const DELIVERY_HEADER = 'x-delivery-id';
export const TEST_HEADER = 'x-test-notification';

/** Makes the headers of a delivery; null for an id or a signature that is left out. */
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

/** True if the value of the header marks a test notification: Wise writes `true`; any value but `false` counts. */
export function isTestNotification(header: string | undefined): boolean {
  return header !== undefined && header.trim().toLowerCase() !== 'false';
}

/** An id as a number or as text; an order id may end with `L`. */
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
 * The body of a webhook of any type and schema version. Fields that can't be decoded are null, never an error.
 * Source: Wise's examples of schema 2.0.0 and 4.0.0.
 */
const eventBody = v.object({
  event_type: v.string(),
  schema_version: optionalText,
  sent_at: optionalText,
  data: v.object({
    resource: v.fallback(resource, NOTHING),
    order_id: looseId,
    kiosk_id: wiseKioskId,
    status: optionalText,
    order_status: optionalText,
    error_code: optionalText,
    description: optionalText,
    occurred_at: optionalText,
  }),
});

/** Schema versions with known fields, by their major: minor versions add fields (an assumption). */
const KNOWN_VERSION = /^[24](\.|$)/;

/**
 * Decodes a parsed webhook body. In an unknown major version of the schema, only ids, type and time are read, because
 * other fields may have another meaning there.
 * @returns null for a body that is not an event
 */
export function readEventBody(body: unknown): CardEvent | null {
  const read = v.safeParse(eventBody, body);
  if (!read.success) return null;
  const { event_type: eventType, schema_version: version, sent_at: sentAt, data } = read.output;
  const named = {
    eventType,
    profileId: data.resource.profile_id,
    cardToken: data.resource.card_token,
    orderId: data.order_id,
    sentAt,
  };
  if (version !== null && !KNOWN_VERSION.test(version))
    return { ...named, kioskId: null, status: null, errorCode: null, description: null, occurredAt: null };
  return {
    ...named,
    kioskId: data.kiosk_id,
    status: eventType === ORDER_EVENT ? data.order_status : data.status,
    errorCode: data.error_code,
    description: data.description,
    occurredAt: data.occurred_at,
  };
}
