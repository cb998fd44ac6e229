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

/** The body of a request for a subscription, with the setting for mutual TLS. */
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

/** Reads the body of a request for a subscription. @throws Refusal 422 */
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
    // For a token that was not issued here, the client key stands for the client id.
    created_by: { type: 'application', id: clientOf(call) ?? clientKey },
    created_at: utcTime(call.at),
  };
  insertSubscription(call.db, clientKey, subscription);
  return { status: 200, body: subscription, effect: true };
}

/** `GET /v3/applications/{clientKey}/subscriptions`, oldest first. */
export function listSubscriptions(call: Call): Answer {
  return { status: 200, body: readSubscriptions(call.db, clientKeyOf(call)) };
}

/** `GET …/subscriptions/{subscriptionId}` */
export function getSubscription(call: Call): Answer {
  return { status: 200, body: subscriptionOf(call) };
}

/** `DELETE …/subscriptions/{subscriptionId}`: 204. */
export function removeSubscription(call: Call): Answer {
  deleteSubscription(call.db, subscriptionOf(call).id);
  return { status: 204, effect: true };
}

/** `POST …/subscriptions/{subscriptionId}/test-notifications`: queues one test event, and answers with its delivery id. */
export function sendTestNotification(call: Call): Answer {
  const { db, at } = call;
  const subscription = subscriptionOf(call);
  const deliveryId = drawUuid(db);
  const body = testEvent(subscription, { cardToken: drawUuid(db), at });
  insertEvent(db, { at, body, test: { subscriptionId: subscription.id, deliveryId } });
  return { status: 200, body: [{ delivery_id: deliveryId, created_at: utcTime(at) }], effect: true };
}

/**
 * True for a URL that meets the requirements of Wise, which does not document when it checks them. A receiver on this
 * machine is valid, too, because the sandbox can reach it.
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
