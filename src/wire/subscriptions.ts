import * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
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

/** Somebody whom the vendor tells of events: an application's subscription to one type of them. */
export interface Subscription {
  id: string;
  name: string | null;
  eventType: string;
  /** Where the events go. */
  url: string | null;
  version: string | null;
  /** Does the vendor show a certificate of its own there? */
  mtls: boolean;
  createdAt: string | null;
}

/**
 * What is wrong with a URL as a receiver of events. The vendor asks for https at a domain name, on port 443, with a
 * CA-signed certificate and without a query. Source: the vendor's guide on webhooks.
 * @param isLocal whether the embedded sandbox sends them, which reaches this machine, and by http as well
 * @returns what it would have to be, in words that follow “the URL must”; empty for a good one
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

/** Addresses are none, and neither are names without a dot, for which nobody signs a certificate. */
function isDomainName(host: string): boolean {
  return /^[^.[\]]+(\.[^.[\]]+)*\.[^.[\]]*[a-z][^.[\]]*\.?$/i.test(host);
}

/** @throws Failure `invalid-reference` for what is no UUID */
export function parseSubscriptionId(text: string): string {
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new Failure('invalid-reference', `“${printable(text)}” is not the id of a subscription.`, {
    hint: 'Give one of those that kioskctl webhooks list shows.',
  });
}
