import {
  type Subscription,
  type SubscriptionRequest,
  subscription,
  subscriptionList,
} from '../wire/subscriptions.ts';
import type { Client, ReadOptions, Sent } from './client.ts';

interface SubscriptionName {
  /**
   * Client key in request paths. Assumption: it equals the client id, because no public page describes a difference.
   */
  clientKey: string;
  id: string;
}

const subscriptionsOf = (clientKey: string) =>
  `/v3/applications/${encodeURIComponent(clientKey)}/subscriptions`;

const pathOf = ({ clientKey, id }: SubscriptionName) =>
  `${subscriptionsOf(clientKey)}/${encodeURIComponent(id)}`;

export async function listSubscriptions(
  client: Client,
  clientKey: string,
  options?: ReadOptions,
): Promise<Subscription[]> {
  const path = subscriptionsOf(clientKey);
  return client.read({ path, profileId: 'application', schema: subscriptionList }, options);
}

export async function getSubscription(
  client: Client,
  name: SubscriptionName,
  options?: ReadOptions,
): Promise<Subscription> {
  const path = pathOf(name);
  return client.read({ path, profileId: 'application', schema: subscription }, options);
}

/** Creates a subscription, without retries. Wise creates another subscription if the request is repeated. */
export async function createSubscription(
  client: Client,
  { clientKey, request }: { clientKey: string; request: SubscriptionRequest },
): Promise<Sent> {
  return client.send({
    method: 'POST',
    path: subscriptionsOf(clientKey),
    profileId: 'application',
    body: request,
  });
}

export async function deleteSubscription(client: Client, name: SubscriptionName): Promise<Sent> {
  return client.send({ method: 'DELETE', path: pathOf(name), profileId: 'application' });
}

/** Requests a test notification. The response contains its delivery id. */
export async function sendTestNotification(client: Client, name: SubscriptionName): Promise<Sent> {
  return client.send({
    method: 'POST',
    path: `${pathOf(name)}/test-notifications`,
    profileId: 'application',
  });
}
