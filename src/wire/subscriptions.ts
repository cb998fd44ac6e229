import * as v from 'valibot';
import { notA } from '../domain/errors/failure.ts';
import { isLoopback } from '../domain/text/words.ts';
import { optionalText, requiredText } from './scalars.ts';

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

/** Schema of a subscription in Wise's responses. */
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

/** Schema of a list of subscriptions. Invalid entries are dropped. */
export const subscriptionList = v.pipe(
  v.array(v.fallback(v.nullable(subscription), null)),
  v.transform((all) => all.filter((one) => one !== null)),
);

/** Schema of the response of `POST …/test-notifications`. */
export const testNotifications = v.array(v.object({ delivery_id: v.string(), created_at: optionalText }));

/** A subscription of an application to one event type. */
export interface Subscription {
  id: string;
  name: string | null;
  eventType: string;
  /** URL of the receiver. */
  url: string | null;
  version: string | null;
  /** True if Wise presents a client certificate to the receiver (mutual TLS). */
  mtls: boolean;
  createdAt: string | null;
}

/**
 * Checks the URL of a webhook receiver. Wise requires https, a domain name, port 443, a CA-signed certificate, and no
 * query. Source: Wise's webhook guide.
 * @param isLocal true for the embedded sandbox, which accepts http on this machine
 * @returns the unmet requirements, as clauses after “the URL must”
 */
export function receiverFaults(text: string, { isLocal }: { isLocal: boolean }): string[] {
  const url = URL.parse(text);
  if (!url) return ['be a whole URL, like https://hooks.bank.example/kiosk'];
  const isHere = isLocal && isLoopback(url.hostname) && /^https?:$/.test(url.protocol);
  return [
    ...(isHere || url.protocol === 'https:' ? [] : ['begin with https://']),
    ...(isHere || isDomainName(url.hostname) ? [] : ['name its host by a domain name']),
    ...(isHere || url.port === '' ? [] : ['use port 443']),
    ...(/[?]/.test(text) ? ['have no query'] : []),
    ...(url.hash === '' ? [] : ['have no fragment']),
    ...(url.username === '' && url.password === '' ? [] : ['have no user name and password in it']),
  ];
}

/** True if a host is a domain name that a CA can sign certificates for: not an IP address, and with a dot. */
function isDomainName(host: string): boolean {
  return /^[^.[\]]+(\.[^.[\]]+)*\.[^.[\]]*[a-z][^.[\]]*\.?$/i.test(host);
}

/** Parses a subscription id. @throws Failure `invalid-reference` if it is not a UUID */
export function parseSubscriptionId(text: string): string {
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return text.toLowerCase();
  throw notA(
    'the id of a subscription',
    text,
    'List the subscriptions: kioskctl webhooks list',
    'invalid-reference',
  );
}
