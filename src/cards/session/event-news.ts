import type { CardFacts } from '../../domain/card.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT, productionOf } from '../../domain/event.ts';
import { orderRankOf, projectEvents } from '../../domain/event-order.ts';
import { type CardToken } from '../../domain/ids.ts';
import { isLater, type Production, rankOf } from '../../domain/production.ts';
import { compareVendorTimes, parseVendorTime } from '../../domain/times/vendor-time.ts';

/** Rank of CARD_DETAILS_CREATED, the last order status before the production. */
const LAST_BEFORE_PRODUCTION = 2;

/** A production that events prove without a read of the API. */
export interface ProvenProduction {
  production: Production;
  /** The event that proves the production. */
  event: KeptEvent;
}

/** An order status that events prove without a read of the API. */
export interface ProvenOrder {
  orderStatus: string;
  /** Token of the order's card; null before the order has one. */
  cardToken: CardToken | null;
  event: KeptEvent;
}

/**
 * Derives a card's production from verified events: READY, or the result of the attempt in progress. Only the latest
 * production event is used. It must be readable, must certainly be the latest, and must not belong to an earlier
 * attempt.
 * @param facts state of the card at the last read
 * @param events all events of the card in the journal
 * @returns the production and its event; null if the events are inconclusive, so that the API must be read
 */
export function productionByEvents(facts: CardFacts, events: readonly KeptEvent[]): ProvenProduction | null {
  const trusted = events.filter(isTrusted);
  const { latest, isCertain } = projectEvents(trusted).production;
  const production = latest && productionOf(latest);
  const event = trusted.find((one) => one === latest);
  if (!isCertain || !production || !event) return null;
  const isOfCard =
    event.cardToken === facts.cardToken && (event.profileId ?? facts.profileId) === facts.profileId;
  if (!isOfCard) return null;
  if (production.status === 'READY') return becameReady(facts, trusted) ? { production, event } : null;
  const result = resultOf(facts, production);
  return result && { production: result, event };
}

/**
 * Derives the status and the card of an order from verified events. All events must belong to the order, have a status
 * before the production, and name at most one card.
 * @param facts state at the last read, or in the response that created the order
 * @param events all events of the order in the journal
 * @returns the new status and card; null if the events are inconclusive or show nothing new
 */
export function orderByEvents(facts: CardFacts, events: readonly KeptEvent[]): ProvenOrder | null {
  const orders = events.filter((event) => isTrusted(event) && event.eventType === ORDER_EVENT);
  const { latest, isCertain } = projectEvents(orders).order;
  const event = orders.find((one) => one === latest);
  const orderStatus = event?.status ?? null;
  if (!isCertain || !event || orderStatus === null || event.orderId === null) return null;
  if (!orders.every((one) => isOfOrder(one, facts) && isBeforeProduction(one.status))) return null;
  // Events older than the order are from a sandbox before its reset.
  if ((compareVendorTimes(event.occurredAt, facts.orderedAt ?? null) ?? 0) < 0) return null;
  const tokens = new Set([facts.cardToken, ...orders.map(({ cardToken }) => cardToken)]);
  tokens.delete(null);
  const [cardToken = null, ...others] = tokens;
  if (others.length > 0 || (orderStatus === 'CARD_DETAILS_CREATED' && event.cardToken === null)) return null;
  const [before, now] = [orderRankOf(facts.orderStatus), orderRankOf(orderStatus)];
  if (before === undefined || now === undefined || now < before) return null;
  const isNew = now > before || (facts.cardToken === null && event.cardToken !== null);
  return isNew ? { orderStatus, cardToken, event } : null;
}

function isOfOrder({ profileId, orderId }: KeptEvent, facts: CardFacts): boolean {
  return (orderId ?? facts.orderId) === facts.orderId && (profileId ?? facts.profileId) === facts.profileId;
}

/** True for order statuses before the production. */
function isBeforeProduction(status: string | null): boolean {
  return (orderRankOf(status) ?? LAST_BEFORE_PRODUCTION + 1) <= LAST_BEFORE_PRODUCTION;
}

function isTrusted({ isVerified, isTest }: KeptEvent): boolean {
  return isVerified && !isTest;
}

/**
 * True if events prove that the card is now READY. Every card starts with READY, so this is possible only if no
 * production was read yet.
 */
function becameReady({ production, attempt, orderStatus }: CardFacts, events: readonly KeptEvent[]): boolean {
  if (production !== null || attempt !== null || orderStatus !== 'CARD_DETAILS_CREATED') return false;
  const orders = events.filter(({ eventType }) => eventType === ORDER_EVENT);
  return orders.every(({ status }) => isBeforeProduction(status));
}

/**
 * Returns the production if it is the result of the attempt in progress: same kiosk, not older than the request, newer
 * than the baseline. A time in whole seconds counts only if the baseline is from an earlier second. Otherwise, the
 * production may belong to an earlier attempt.
 */
function resultOf({ attempt }: CardFacts, production: Production): Production | null {
  if (production.status !== 'PRODUCED' && production.status !== 'PRODUCTION_ERROR') return null;
  const running = attempt?.production;
  if (attempt?.outcome !== 'accepted' || running?.status !== 'IN_PROGRESS') return null;
  const kiosks = new Set([production.kioskId, running.kioskId, attempt.kioskId]);
  if (production.kioskId === null || kiosks.size > 1) return null;
  const { occurredAt } = production;
  const order = compareVendorTimes(occurredAt, running.occurredAt);
  if (order === undefined || order < 0) return null;
  if (!isAfterBaseline(occurredAt, { running, baseline: attempt.baseline })) return null;
  // Both times are the same moment: use the more precise one.
  return order === 0 && isCoarse(occurredAt) ? { ...production, occurredAt: running.occurredAt } : production;
}

function isAfterBaseline(
  occurredAt: string | null,
  { running, baseline }: { running: Production; baseline: Production | null },
): boolean {
  if (baseline === null) return !isCoarse(occurredAt) && !isCoarse(running.occurredAt);
  if (baseline.status === 'READY') return true;
  const order = compareVendorTimes(occurredAt, baseline.occurredAt);
  return order !== undefined && order > 0;
}

/**
 * True if an event may show a change since the last read, so that the API should be read. An unverified event, or one
 * with an invalid time, counts as new until the API shows the same state.
 */
export function isNews(facts: CardFacts, event: KeptEvent): boolean {
  if (event.isTest) return false;
  const isOfCard = event.eventType === ORDER_EVENT || event.eventType === PRODUCTION_EVENT;
  // An event with an unknown schema: only the API shows the change.
  if (isOfCard && event.status === null) return true;
  if (event.eventType === ORDER_EVENT) return isOrderNews(facts.orderStatus, event.status);
  return event.eventType === PRODUCTION_EVENT && isProductionNews(facts.production, productionOf(event));
}

/** True if a verified event that arrived since a time has reported the state that the last read showed. */
export function isReported(
  { production, orderStatus }: CardFacts,
  { events, since }: { events: readonly KeptEvent[]; since: number },
): boolean {
  return events.some((event) => {
    if (!isTrusted(event) || event.receivedAt < since) return false;
    if (production === null) return event.eventType === ORDER_EVENT && event.status === orderStatus;
    return event.eventType === PRODUCTION_EVENT && isSameProduction(production, productionOf(event));
  });
}

function isSameProduction(known: Production, reported: Production | null): boolean {
  return (
    reported?.status === known.status &&
    reported.kioskId === known.kioskId &&
    reported.errorCode === known.errorCode &&
    compareVendorTimes(reported.occurredAt, known.occurredAt) === 0
  );
}

function isOrderNews(known: string | null, status: string | null): boolean {
  if (status === null || status === known) return false;
  const [before, after] = [orderRankOf(known), orderRankOf(status)];
  return before === undefined || after === undefined || after > before;
}

function isProductionNews(known: Production | null, reported: Production | null): boolean {
  if (!reported) return false;
  if (!known) return true;
  const order = compareVendorTimes(reported.occurredAt, known.occurredAt);
  if (isSameProduction(known, reported)) return false;
  if (rankOf(reported.status) === undefined || rankOf(known.status) === undefined) return true;
  // READY is always first and PRODUCED always last, whatever their times.
  if (known.status === 'PRODUCED' || reported.status === 'READY') return false;
  if (order === undefined || (order === 0 && (isCoarse(reported.occurredAt) || isCoarse(known.occurredAt))))
    return true;
  return isLater(reported, known) !== false;
}

function isCoarse(time: string | null): boolean {
  return parseVendorTime(time)?.precision === 1_000;
}
