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

/** A subscription in the answers of Wise. */
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

/** Entries that are not subscriptions are dropped. */
export const subscriptionList = v.pipe(
  v.array(v.fallback(v.nullable(subscription), null)),
  v.transform((all) => all.filter((one) => one !== null)),
);

/** The answer of `POST …/test-notifications`. */
export const testNotifications = v.array(v.object({ delivery_id: v.string(), created_at: optionalText }));

/** The subscription of an application to one type of events. */
export interface Subscription {
  id: string;
  name: string | null;
  eventType: string;
  /** The receiver. */
  url: string | null;
  version: string | null;
  /** True if Wise presents a client certificate to the receiver. */
  mtls: boolean;
  createdAt: string | null;
}

/**
 * Validates the URL of a receiver of events. Wise requires https at a domain name, on port 443, with a CA-signed
 * certificate and without a query. Source: Wise's guide on webhooks.
 * @param isLocal true for the embedded sandbox, which also reaches this machine, and uses http there
 * @returns the requirements that the URL does not meet, in words that follow “the URL must”
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

/** False for IP addresses, and for names without a dot, for which no authority signs a certificate. */
function isDomainName(host: string): boolean {
  return /^[^.[\]]+(\.[^.[\]]+)*\.[^.[\]]*[a-z][^.[\]]*\.?$/i.test(host);
}

/** Parses the id of a subscription. @throws Failure `invalid-reference` for text that is not a UUID */
export function parseSubscriptionId(text: string): string {
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return text.toLowerCase();
  throw notA(
    'the id of a subscription',
    text,
    'List the subscriptions: kioskctl webhooks list',
    'invalid-reference',
  );
}
