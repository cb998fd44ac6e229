import { randomUUID } from 'node:crypto';
import { failure } from '../domain/errors/failure.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../wire/events.ts';
import type { OrderRequest } from '../wire/orders.ts';
import { PHYSICAL_PROGRAM } from './api/order-bodies.ts';
import { createOrder } from './api/orders.ts';
import { deliver, signatureOf } from './notify.ts';
import { Sandbox } from './sandbox.ts';
import { bodyFor, SCHEMA_VERSION } from './state/event-bodies.ts';
import { createDetails } from './state/order-flow.ts';
import { makeReady } from './state/production-flow.ts';
import type { Moment } from './state/tables/clock.ts';
import { type EventBody, listEvents } from './state/tables/deliveries.ts';
import { findOrder, findOrderByKey, type Order } from './state/tables/orders.ts';
import { listOrderRequirements } from './state/tables/profiles.ts';
import { type LoggedRequest, listRequests } from './state/tables/request-log.ts';
import { insertSubscription, listReceivers, type Subscription } from './state/tables/subscriptions.ts';
import { drawUuid, signingKeyOf } from './state/tables/tokens.ts';

/** Client of the subscriptions that `deliverTo` creates. */
const CLIENT = 'testing';

const ORDER: OrderRequest = {
  program: PHYSICAL_PROGRAM,
  cardHolderName: 'Ada Example',
  address: { firstLine: '56 Shoreditch High St', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  deliveryOption: 'KIOSK_COLLECTION',
};

/** Event body, or raw text. */
type Content = Readonly<Record<string, unknown>> | string;

interface Hostile {
  signature: 'valid' | 'wrong' | 'missing';
  /** Number of deliveries, sent one after another. */
  times: number;
  deliveryId: string;
  isTest: boolean;
  /** URL of the only receiver; null for all receivers of this event type. */
  url: string | null;
}

interface Receiver {
  url: string;
  /** The subscription of the URL; null if it has none. */
  subscription: Subscription | null;
}

/** The embedded sandbox with helpers for tests: ready cards, forged webhooks, recorded requests and events. */
export class TestableSandbox extends Sandbox {
  readonly #closing = new AbortController();

  override async close(): Promise<void> {
    this.#closing.abort();
    await super.close();
  }

  /** Orders a card and advances it to READY. @throws Refusal if the order is rejected, Failure `requirement-failed` */
  readyCard(profileId: number): { profileId: number; orderId: number; cardToken: string } {
    return this.state.change((moment) => {
      // Receivers sort events by time, so each step needs its own time.
      const before = (milliseconds: number) => ({ ...moment, at: moment.at - milliseconds });
      const { id } = order(before(2), profileId);
      createDetails(before(1), id);
      const cardToken = findOrder(moment.db, id)?.cardToken ?? '';
      makeReady(moment, cardToken);
      return { profileId, orderId: id, cardToken };
    });
  }

  /**
   * Subscribes a URL to all event types, unless it is already subscribed.
   * @throws Failure `usage` for an invalid URL
   */
  deliverTo(url: string): void {
    checkUrl(url);
    this.state.change(({ db, at }) => {
      const own = listReceivers(db, null).filter(({ scope }) => scope.id === CLIENT);
      if (own.some(({ delivery }) => delivery.url === url)) return;
      for (const type of [ORDER_EVENT, PRODUCTION_EVENT]) {
        insertSubscription(db, CLIENT, {
          id: drawUuid(db),
          name: CLIENT,
          trigger_on: type,
          delivery: { version: SCHEMA_VERSION, url },
          scope: { domain: 'application', id: CLIENT },
          created_by: { type: 'application', id: CLIENT },
          created_at: utcTime(at),
        });
      }
    });
  }

  /**
   * Delivers a webhook.
   * @returns the HTTP status of each response (0 without one)
   * @throws Failure `usage` without a receiver
   */
  async send(content: Content, { signature, times, deliveryId, isTest, url }: Hostile): Promise<number[]> {
    const { signal } = this.#closing;
    const statuses: number[] = [];
    for (const receiver of this.#receiversOf(content, url)) {
      const bytes = bytesFor(content, receiver);
      const signed = this.#sign(bytes, signature);
      const delivery = { url: receiver.url, bytes, signature: signed, deliveryId, isTest, signal };
      for (let sent = 0; sent < times; sent += 1) statuses.push((await deliver(delivery)).status);
    }
    return statuses;
  }

  /** Lists the published events, oldest first, without test notifications. */
  events(): EventBody[] {
    const entries = this.state.change(({ db }) => listEvents(db));
    return entries.flatMap(({ body, deliveryId }) => (deliveryId === null ? body : []));
  }

  /** Lists the logged requests, oldest first. */
  requests(): (LoggedRequest & { id: number })[] {
    return this.state.change(({ db }) => listRequests(db));
  }

  /** Returns each subscribed URL once, with its subscription to the event's type, if any. */
  #receiversOf(content: Content, url: string | null): Receiver[] {
    if (url !== null) {
      checkUrl(url);
      return [{ url, subscription: null }];
    }
    const type = typeof content === 'string' ? null : content.event_type;
    const byUrl = Map.groupBy(listReceivers(this.state.db, null), ({ delivery }) => delivery.url);
    const receivers = [...byUrl].map(([to, subscriptions]) => ({
      url: to,
      subscription: subscriptions.find((one) => one.trigger_on === type) ?? subscriptions[0] ?? null,
    }));
    if (receivers.length > 0) return receivers;
    throw failure('usage', 'No receiver is known.', 'Call deliverTo(url) first, or pass a url.');
  }

  #sign(bytes: Buffer<ArrayBuffer>, signature: Hostile['signature']): string | null {
    if (signature === 'missing') return null;
    // A signature of other bytes is well-formed but invalid.
    const signed = signature === 'wrong' ? Buffer.concat([bytes, Buffer.from(randomUUID())]) : bytes;
    return signatureOf(signed, signingKeyOf(this.state.db));
  }
}

/** Creates an order without an HTTP request. @throws Refusal, Failure `requirement-failed` */
function order(moment: Moment, profileId: number): Order {
  const key = drawUuid(moment.db);
  createOrder({
    ...moment,
    parameters: { profileId: String(profileId) },
    query: new URLSearchParams(),
    headers: { 'x-idempotence-uuid': key },
    body: ORDER,
    isFaulted: false,
  });
  const placed = findOrderByKey(moment.db, profileId, key);
  if (placed?.status === 'REQUIREMENTS_FULFILLED') return placed;
  const open = listOrderRequirements(moment.db, placed?.id ?? 0).filter(
    ({ status }) => status !== 'COMPLETED',
  );
  throw failure(
    'requirement-failed',
    `Profile ${profileId} has open requirements: ${open.map(({ type, status }) => `${type} ${status}`).join(', ')}.`,
    'Meet them through the API first, or use profile 1001.',
  );
}

function bytesFor(content: Content, { subscription }: Receiver): Buffer<ArrayBuffer> {
  if (typeof content === 'string') return Buffer.from(content);
  const body = subscription && isEvent(content) ? bodyFor(subscription, content) : content;
  return Buffer.from(JSON.stringify(body));
}

function isEvent(content: Readonly<Record<string, unknown>>): content is EventBody & Record<string, unknown> {
  const { data, ...texts } = content;
  const names = ['subscription_id', 'event_type', 'schema_version', 'sent_at'];
  return typeof data === 'object' && data !== null && names.every((name) => typeof texts[name] === 'string');
}

function checkUrl(url: string): void {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return;
  throw failure('usage', `“${url}” is not an http or https URL.`, 'Pass the whole URL of the receiver.');
}
