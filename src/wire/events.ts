import * as v from 'valibot';
import { optionalText } from './scalars.ts';

/** The two event types that tell about a card at a kiosk. */
export const PRODUCTION_EVENT = 'cards#card-production-status-change';
export const ORDER_EVENT = 'cards#card-order-status-change';

/** A profile id is a number in one documented example and text in another. */
const profileId = v.pipe(v.union([v.number(), v.string()]), v.transform(String));

/**
 * The body of a webhook as far as it names a card. Everything else that the vendor sends is kept out of the way.
 * Source: the vendor's documented examples of schema 2.0.0 and 4.0.0.
 */
export const cardEvent = v.object({
  event_type: v.string(),
  data: v.object({
    resource: v.object({ profile_id: profileId, card_token: optionalText }),
    order_id: v.fallback(
      v.nullish(v.pipe(v.union([v.number(), v.string()]), v.transform(String)), null),
      null,
    ),
  }),
});
export type CardEvent = v.InferOutput<typeof cardEvent>;
