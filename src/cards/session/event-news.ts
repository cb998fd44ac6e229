import type { CardFacts } from '../../domain/card.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT, productionOf } from '../../domain/event.ts';
import { orderRankOf, projectEvents } from '../../domain/event-order.ts';
import { type CardToken } from '../../domain/ids.ts';
import { isLater, type Production, rankOf } from '../../domain/production.ts';
import { compareVendorTimes, parseVendorTime } from '../../domain/times/vendor-time.ts';

/** The rank of CARD_DETAILS_CREATED. */
const LAST_ON_THE_WAY = 2;

/** The production of a card by its events, without any doubt. */
export interface Told {
  production: Production;
  /** The event that says so. */
  event: KeptEvent;
}

/** The order of a card by its events. */
export interface ToldOrder {
  orderStatus: string;
  /** null while the order has no card. */
  cardToken: CardToken | null;
  event: KeptEvent;
}

/**
 * Finds in signed events that a card became ready, or the result of its attempt in progress, so that the API need not be
 * read. Only the latest production event counts, and only if none can be later. Its time must be valid, and it must not
 * belong to an earlier attempt.
 * @param facts the state of the card at the last read
 * @param events all events of the card in the journal
 * @returns null if nothing is certain: then the API must be read
 */
export function whatEventsTell(facts: CardFacts, events: readonly KeptEvent[]): Told | null {
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
 * Finds in signed events the progress of an order, and its card. All events must belong to that order, name one card at
 * most, and have documented statuses before the end of the order; otherwise the API must be read.
 * @param facts the state at the last read; the answer to the order is enough
 * @param events all events of the order in the journal
 * @returns null if nothing is certain, or nothing is new
 */
export function whatEventsTellOfOrder(facts: CardFacts, events: readonly KeptEvent[]): ToldOrder | null {
  const orders = events.filter((event) => isTrusted(event) && event.eventType === ORDER_EVENT);
  const { latest, isCertain } = projectEvents(orders).order;
  const event = orders.find((one) => one === latest);
  const orderStatus = event?.status ?? null;
  if (!isCertain || !event || orderStatus === null || event.orderId === null) return null;
  if (!orders.every((one) => isOfOrder(one, facts) && isOnTheWay(one.status))) return null;
  // What is older than the order is of a sandbox that was made anew since.
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

/** True for the statuses of an order before its production. */
function isOnTheWay(status: string | null): boolean {
  return (orderRankOf(status) ?? LAST_ON_THE_WAY + 1) <= LAST_ON_THE_WAY;
}

function isTrusted({ isVerified, isTest }: KeptEvent): boolean {
  return isVerified && !isTest;
}

/** READY is the start of every card: it is news only where no production was read before. */
function becameReady({ production, attempt, orderStatus }: CardFacts, events: readonly KeptEvent[]): boolean {
  if (production !== null || attempt !== null || orderStatus !== 'CARD_DETAILS_CREATED') return false;
  const orders = events.filter(({ eventType }) => eventType === ORDER_EVENT);
  return orders.every(({ status }) => isOnTheWay(status));
}

/**
 * Returns the production if it is the result of the attempt in progress. It must be of the same kiosk, not older than
 * the request, and newer than the baseline. A time in whole seconds may hide an earlier attempt within the same second:
 * it counts only if the baseline is of an earlier second.
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
  // The same moment: the attempt's own time may be the finer one.
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
 * True if an event may show a change since the last read, so that the API should be read. Hints and invalid times are
 * news until the API shows the same.
 */
export function isNews(facts: CardFacts, event: KeptEvent): boolean {
  if (event.isTest) return false;
  const isOfCard = event.eventType === ORDER_EVENT || event.eventType === PRODUCTION_EVENT;
  // Of another schema: only the API can say what it says.
  if (isOfCard && event.status === null) return true;
  if (event.eventType === ORDER_EVENT) return isOrderNews(facts.orderStatus, event.status);
  return event.eventType === PRODUCTION_EVENT && isProductionNews(facts.production, productionOf(event));
}

function isOrderNews(known: string | null, status: string | null): boolean {
  if (status === null || status === known) return false;
  const [before, after] = [orderRankOf(known), orderRankOf(status)];
  return before === undefined || after === undefined || after > before;
}

function isProductionNews(known: Production | null, said: Production | null): boolean {
  if (!said) return false;
  if (!known) return true;
  const order = compareVendorTimes(said.occurredAt, known.occurredAt);
  const isSame =
    said.status === known.status && said.kioskId === known.kioskId && said.errorCode === known.errorCode;
  if (isSame && order === 0) return false;
  if (rankOf(said.status) === undefined || rankOf(known.status) === undefined) return true;
  // PRODUCED is the end, and READY the start, whatever their times say.
  if (known.status === 'PRODUCED' || said.status === 'READY') return false;
  if (order === undefined || (order === 0 && (isCoarse(said.occurredAt) || isCoarse(known.occurredAt))))
    return true;
  return isLater(said, known) !== false;
}

function isCoarse(time: string | null): boolean {
  return parseVendorTime(time)?.precision === 1_000;
}
