import * as v from 'valibot';
import { optionalText, requiredText } from './scalars.ts';
import type { Subscription } from './subscription.ts';

/** Body of `POST /v3/applications/{clientKey}/subscriptions`. */
export const subscriptionRequest = v.object({
  name: requiredText,
  trigger_on: requiredText,
  delivery: v.object({ version: requiredText, url: v.pipe(v.string(), v.url('must be a URL')) }),
});
export type SubscriptionRequest = v.InferOutput<typeof subscriptionRequest>;

const delivery = v.object({
  version: optionalText,
  url: optionalText,
  mtls_enabled: v.fallback(v.nullish(v.boolean(), false), false),
});

/** A subscription, as the vendor answers it. */
export const subscription = v.pipe(
  v.object({
    id: requiredText,
    name: optionalText,
    trigger_on: v.string(),
    delivery: v.fallback(delivery, { version: null, url: null, mtls_enabled: false }),
    created_at: optionalText,
  }),
  v.transform(
    (body): Subscription => ({
      id: body.id,
      name: body.name,
      eventType: body.trigger_on,
      url: body.delivery.url,
      version: body.delivery.version,
      mtls: body.delivery.mtls_enabled,
      createdAt: body.created_at,
    }),
  ),
);

/** An entry that is no subscription is kept out of the way. */
export const subscriptionList = v.pipe(
  v.array(v.fallback(v.nullable(subscription), null)),
  v.transform((all) => all.filter((one) => one !== null)),
);

/** The answer of `POST …/test-notifications`. */
export const testNotifications = v.array(v.object({ delivery_id: v.string(), created_at: optionalText }));
