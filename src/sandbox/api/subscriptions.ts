import * as v from 'valibot';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { subscriptionRequest } from '../../wire/subscriptions.ts';
import { testEvent } from '../state/event-bodies.ts';
import { insertEvent } from '../state/tables/deliveries.ts';
import {
  deleteSubscription,
  findSubscription,
  insertSubscription,
  listSubscriptions as readSubscriptions,
  type Subscription,
} from '../state/tables/subscriptions.ts';
import { drawUuid } from '../state/tables/tokens.ts';
import { type Answer, notFound } from './answers.ts';
import { type Call, fieldsOf, uuidParameter } from './input.ts';
import { clientOf } from './tokens.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Schema of a subscription request, including the mutual TLS setting. */
const request = v.object({
  ...subscriptionRequest.entries,
  delivery: v.pipe(
    v.object({
      ...subscriptionRequest.entries.delivery.entries,
      mtls_enabled: v.pipe(
        v.nullish(v.boolean()),
        v.transform((enabled) => enabled ?? undefined),
      ),
    }),
    v.forward(
      v.check(({ url }) => isReceiver(url), 'must be https at a domain name on port 443, without a query'),
      ['url'],
    ),
  ),
});

/** Validates a subscription request. @throws Refusal 422 */
export function readSubscription({ body }: Call): v.InferOutput<typeof request> {
  return fieldsOf(request, body);
}

/** `POST /v3/applications/{clientKey}/subscriptions` */
export function createSubscription(call: Call): Answer {
  const fields = readSubscription(call);
  const clientKey = clientKeyOf(call);
  const subscription: Subscription = {
    id: drawUuid(call.db),
    name: fields.name,
    trigger_on: fields.trigger_on,
    delivery: fields.delivery,
    scope: { domain: 'application', id: clientKey },
    // A token that this sandbox did not issue has no client id; use the client key.
    created_by: { type: 'application', id: clientOf(call) ?? clientKey },
    created_at: utcTime(call.at),
  };
  insertSubscription(call.db, clientKey, subscription);
  return { status: 200, body: subscription, effect: true };
}

/** `GET /v3/applications/{clientKey}/subscriptions`. Oldest first. */
export function listSubscriptions(call: Call): Answer {
  return { status: 200, body: readSubscriptions(call.db, clientKeyOf(call)) };
}

/** `GET …/subscriptions/{subscriptionId}` */
export function getSubscription(call: Call): Answer {
  return { status: 200, body: subscriptionOf(call) };
}

/** `DELETE …/subscriptions/{subscriptionId}`: 204 with an empty body. */
export function removeSubscription(call: Call): Answer {
  deleteSubscription(call.db, subscriptionOf(call).id);
  return { status: 204, effect: true };
}

/** `POST …/subscriptions/{subscriptionId}/test-notifications`: queues a test event and returns its delivery id. */
export function sendTestNotification(call: Call): Answer {
  const { db, at } = call;
  const subscription = subscriptionOf(call);
  const deliveryId = drawUuid(db);
  const body = testEvent(subscription, { cardToken: drawUuid(db), at });
  insertEvent(db, { at, body, test: { subscriptionId: subscription.id, deliveryId } });
  return { status: 200, body: [{ delivery_id: deliveryId, created_at: utcTime(at) }], effect: true };
}

/**
 * True if Wise would accept the URL of a receiver. Loopback URLs are accepted as well, because the sandbox can reach
 * them. Assumption: Wise validates the URL when the subscription is created.
 */
function isReceiver(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  if (LOOPBACK.test(url.hostname)) return url.protocol === 'http:' || url.protocol === 'https:';
  const isDomainName = /[a-z]/i.test(url.hostname) && !url.hostname.startsWith('[');
  return (
    url.protocol === 'https:' &&
    isDomainName &&
    url.port === '' &&
    url.search === '' &&
    url.username === '' &&
    url.password === ''
  );
}

function subscriptionOf(call: Call): Subscription {
  const id = uuidParameter(call, 'subscriptionId');
  const subscription = findSubscription(call.db, id);
  if (subscription?.scope.id !== clientKeyOf(call)) throw notFound('Subscription');
  return subscription;
}

function clientKeyOf({ parameters }: Call): string {
  return parameters.clientKey ?? '';
}
