import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../wire/events.ts';
import type { EventBody } from './tables/deliveries.ts';
import type { Order } from './tables/orders.ts';
import type { Production } from './tables/productions.ts';
import { CLIENT_ID } from './tables/profiles.ts';
import type { Subscription } from './tables/subscriptions.ts';

/** Schema version with the fields of 2.0.0, and times in milliseconds. */
export const SCHEMA_VERSION = '4.0.0';
const VERSION_WITH_SECONDS = '2.0.0';

/** Placeholder for the subscription id. Each delivery replaces it with the id of its subscription. */
export const NO_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000';

/** Creates the event of an order status change. @param at time of the change, in milliseconds */
export function orderEvent(order: Order, at: number): EventBody {
  return envelope(at, ORDER_EVENT, {
    resource: {
      ...resourceOf({ profileId: order.profileId, cardToken: order.cardToken }),
      card_program: order.request.program,
    },
    order_id: `${order.id}L`,
    order_status: order.status,
    delivery_vendor: null,
    occurred_at: utcTime(at),
  });
}

/**
 * Creates the event of a production status change.
 * @param event `at`: time of the change; `occurredAt`: time of the produce request
 */
export function productionEvent(
  card: { profileId: number; cardToken: string },
  { production, at }: { production: Production; at: number },
): EventBody {
  const { status, kioskId, errorCode, description, occurredAt } = toProductionStatus(production);
  return envelope(at, PRODUCTION_EVENT, {
    resource: resourceOf(card),
    status,
    kiosk_id: kioskId,
    error_code: errorCode,
    description,
    occurred_at: occurredAt,
  });
}

/** Creates the body of a test notification: a valid event about a card that does not exist. */
export function testEvent(
  subscription: { id: string; trigger_on: string },
  { cardToken, at }: { cardToken: string; at: number },
): EventBody {
  const resource = resourceOf({ profileId: 0, cardToken });
  const occurred = { occurred_at: utcTime(at) };
  const data = {
    [ORDER_EVENT]: {
      resource: { ...resource, card_program: 'TEST' },
      order_id: '0L',
      order_status: 'PRODUCED',
      delivery_vendor: null,
      ...occurred,
    },
    [PRODUCTION_EVENT]: {
      resource,
      status: 'PRODUCED',
      kiosk_id: 'WIS00000',
      error_code: null,
      description: 'Card produced',
      ...occurred,
    },
  }[subscription.trigger_on] ?? { resource, ...occurred };
  return { ...envelope(at, subscription.trigger_on, data), subscription_id: subscription.id };
}

/** Returns the event in the schema version of a subscription, with the subscription's id. */
export function bodyFor({ id, delivery }: Pick<Subscription, 'id' | 'delivery'>, body: EventBody): EventBody {
  if (delivery.version !== VERSION_WITH_SECONDS) return { ...body, subscription_id: id };
  const { occurred_at: occurredAt } = body.data;
  return {
    data: { ...body.data, ...(typeof occurredAt === 'string' && { occurred_at: inSeconds(occurredAt) }) },
    subscription_id: id,
    event_type: body.event_type,
    schema_version: VERSION_WITH_SECONDS,
    sent_at: inSeconds(body.sent_at),
  };
}

function inSeconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}

function resourceOf(card: { profileId: number; cardToken: string | null }): Record<string, unknown> {
  return {
    type: 'card',
    profile_id: String(card.profileId),
    client_id: CLIENT_ID,
    card_token: card.cardToken,
  };
}

function envelope(at: number, eventType: string, data: Record<string, unknown>): EventBody {
  return {
    data,
    subscription_id: NO_SUBSCRIPTION,
    event_type: eventType,
    schema_version: SCHEMA_VERSION,
    sent_at: utcTime(at),
  };
}

/** `ProductionStatus` of the Wise API: the production of a card, or the response to a rejected produce request. */
interface ProductionStatus {
  status: Production['status'] | 'REQUEST_ERROR';
  kioskId: string | null;
  occurredAt: string;
  errorCode: string | null;
  description: string | null;
}

const DESCRIPTIONS: Readonly<Record<'READY' | 'IN_PROGRESS' | 'PRODUCED', string>> = {
  READY: 'Card ready for production',
  IN_PROGRESS: 'Card in production',
  PRODUCED: 'Card produced',
};

export function toProductionStatus(production: Production): ProductionStatus {
  const { status, kioskId, occurredAt, errorCode } = production;
  return {
    status,
    kioskId,
    occurredAt: utcTime(occurredAt),
    errorCode,
    description:
      status === 'PRODUCTION_ERROR' ? lookUpError('production', errorCode).meaning : DESCRIPTIONS[status],
  };
}

export function requestError(refused: {
  errorCode: string;
  kioskId: string;
  occurredAt: number;
}): ProductionStatus {
  return {
    status: 'REQUEST_ERROR',
    kioskId: refused.kioskId,
    occurredAt: utcTime(refused.occurredAt),
    errorCode: refused.errorCode,
    description: lookUpError('request', refused.errorCode).meaning,
  };
}
