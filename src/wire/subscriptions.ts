import * as v from 'valibot';
import { requiredText } from './scalars.ts';

/** Body of `POST /v3/applications/{clientKey}/subscriptions`. */
export const subscriptionRequest = v.object({
  name: requiredText,
  trigger_on: requiredText,
  delivery: v.object({ version: requiredText, url: v.pipe(v.string(), v.url('must be a URL')) }),
});
export type SubscriptionRequest = v.InferOutput<typeof subscriptionRequest>;
